import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditFile } from './support/audit-lines.mjs';
import { timed } from './support/command.mjs';
import { interleaved, median } from './support/stats.mjs';
import { ms, result } from './support/table.mjs';
import { freshDirectory, GRACE } from './support/workspace.mjs';

const ROUNDS = 15;

/** Reports over many synced lines against the same over few; whole commands. */
export async function bench({ dir }) {
  const many = synced(dir, 'evidence-many', 1_000_000);
  const few = synced(dir, 'evidence-few', 1000);
  const rows = [];
  for (const report of ['self-healing', 'all']) {
    const command = (logs) => () =>
      timed(process.execPath, [GRACE, 'evidence', report, '--logs', logs], { exits: [0, 1, 2, 3], stdout: 'ignore' })
        .seconds;
    const samples = await interleaved(ROUNDS, { many: command(many), few: command(few) });
    const [slow, fast] = [median(samples.many), median(samples.few)];
    rows.push(
      result(`evidence ${report} over 1,000,000 : 1,000 lines`, slow / fast, {
        atMost: 2.5,
        medians: `${ms(slow)} : ${ms(fast)}`,
      }),
    );
  }
  return rows;
}

/** Logs with a drill's incident and so many audit lines before it, synced. */
function synced(dir, name, lines) {
  const logs = freshDirectory(dir, name);
  copyFileSync(auditFile(lines).path, join(logs, 'immutable_audit.jsonl'));
  timed(process.execPath, [GRACE, 'trigger', 'incident', '--logs', logs]);
  timed(process.execPath, [GRACE, 'registry', 'sync', '--logs', logs]);
  return logs;
}
