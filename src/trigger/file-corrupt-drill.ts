import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Drill, Stage, StageOptions } from './drill.js';
import { drillPlaybook } from './drill-playbook.js';
import { endRemains } from './drill-remains.js';
import { overwrite } from './overwrite.js';

const LINES = 4096;

/** A file is as long as it was, and does not hold what it did. */
export const fileCorruptDrill: Drill = {
  id: 'file-corrupt',
  failure_mode: 'file_corrupt',
  summary: 'bytes in the middle of a file of its own are overwritten; its length stays',
  stage,
};

async function stage({ dir, nonce }: StageOptions): Promise<Stage> {
  const directory = await dir();
  const path = join(directory, 'data');
  const from = join(directory, 'data.good');
  const { createHash } = await import('node:crypto');
  const good = Array.from({ length: LINES }, (_, i) => `${nonce} ${i}\n`).join('');
  writeFileSync(from, good);
  copyFileSync(from, path);
  const sha256 = createHash('sha256').update(good).digest('hex');
  return {
    where: `keeps ${path}`,
    about: 'file-corrupt',
    pace_s: 0.02,
    config: {
      checks: { 'file-corrupt': { file: { path, sha256 }, failure_mode: 'file_corrupt', heal: ['restore-file'] } },
      playbooks: { 'restore-file': drillPlaybook('Restore the file', [{ restore_file: { path, from } }]) },
    },
    async causeFault() {
      overwrite(path, Math.floor(good.length / 2), 64);
      return `64 bytes in the middle of ${path} were overwritten`;
    },
    async end() {
      await endRemains(directory);
    },
  };
}
