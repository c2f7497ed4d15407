import { join } from 'node:path';
import type { Drill, Stage, StageOptions } from './drill.js';
import { makeDatabase } from './drill-database.js';
import { drillPlaybook } from './drill-playbook.js';
import { endRemains } from './drill-remains.js';
import { homeOf, startService } from './service-process.js';

/** A job has begun to write and does not come to an end: nobody else can write. */
export const databaseLockedDrill: Drill = {
  id: 'database-locked',
  failure_mode: 'database_locked',
  summary: 'a job of its own takes the write lock of a SQLite database of its own and does not let go of it',
  stage,
};

async function stage(options: StageOptions): Promise<Stage> {
  const home = await homeOf(options);
  const path = join(home.directory, 'orders.db');
  await makeDatabase(path);
  const pidfile = join(home.directory, 'job.pid');
  const steps = [{ signal: { pidfile, signal: 'TERM' } }];
  return {
    where: `keeps its rows in ${path}`,
    about: 'database-locked',
    pace_s: 0.02,
    config: {
      checks: {
        'database-locked': {
          sqlite: { path, integrity: 'none', lock_within: '100ms' },
          failure_mode: 'database_locked',
          heal: ['end-job'],
        },
      },
      playbooks: { 'end-job': drillPlaybook('End the job that holds the database', steps) },
    },
    async causeFault() {
      const job = await startService(home, { name: 'job', kind: 'job', words: { database: path } });
      return `process ${job.pid}, a job, has locked ${path}`;
    },
    async end() {
      await endRemains(home.directory);
    },
  };
}
