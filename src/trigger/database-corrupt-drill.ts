import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Drill, Stage, StageOptions } from './drill.js';
import { makeDatabase } from './drill-database.js';
import { drillPlaybook } from './drill-playbook.js';
import { endRemains } from './drill-remains.js';
import { overwrite } from './overwrite.js';

const PAGE_BYTES = 4096;

/** A database is damaged on the disk. */
export const databaseCorruptDrill: Drill = {
  id: 'database-corrupt',
  failure_mode: 'database_corrupt',
  summary: 'pages of a SQLite database of its own are overwritten on the disk',
  stage,
};

async function stage({ dir }: StageOptions): Promise<Stage> {
  const directory = await dir();
  const path = join(directory, 'orders.db');
  const from = join(directory, 'orders.db.backup');
  await makeDatabase(from);
  copyFileSync(from, path);
  return {
    where: `keeps its rows in ${path}`,
    about: 'database-corrupt',
    pace_s: 0.02,
    config: {
      checks: {
        'database-corrupt': { sqlite: { path }, failure_mode: 'database_corrupt', heal: ['restore-database'] },
      },
      playbooks: {
        'restore-database': drillPlaybook('Restore the database from its backup', [{ restore_sqlite: { path, from } }]),
      },
    },
    async causeFault() {
      // Not the first, which names the file's kind: what is damaged looks like a database still.
      overwrite(path, PAGE_BYTES, 8 * PAGE_BYTES);
      return `8 pages of ${path} were overwritten`;
    },
    async end() {
      await endRemains(directory);
    },
  };
}
