import { join } from 'node:path';
import { timed } from './support/command.mjs';
import { interleaved, median } from './support/stats.mjs';
import { ms, result, skipped } from './support/table.mjs';
import { freshDirectory, GRACE } from './support/workspace.mjs';

const ROUNDS = 21;
const COMMANDS = [
  { name: 'grace --version', args: ['--version'], atMost: 1.2 },
  // After nothing but a drill its answer is 3, INCONCLUSIVE.
  { name: 'grace evidence self-healing', args: ['evidence', 'self-healing'], atMost: 1.7, exits: [0, 3] },
  { name: 'grace registry list', args: ['registry', 'list'], atMost: 1.7 },
];

/** Whole commands on small logs, against Node doing nothing. */
export async function bench({ dir }) {
  const logs = join(freshDirectory(dir, 'start-up'), 'logs');
  timed(process.execPath, [GRACE, 'trigger', 'incident', '--logs', logs]);
  const options = { env: { ...process.env, GRACE_LOGS: logs }, stdout: 'ignore' };
  const rows = [];
  const things = { node: () => timed(process.execPath, ['-e', '0'], options).seconds };
  for (const { name, args, exits } of COMMANDS) {
    const run = () => timed(process.execPath, [GRACE, ...args], { ...options, exits }).seconds;
    try {
      run();
      things[name] = run;
    } catch (error) {
      rows.push(skipped(`${name} : node -e 0`, String(error.message).trim().split('\n')[0]));
    }
  }
  const samples = await interleaved(ROUNDS, things);
  const floor = median(samples.node);
  for (const { name, atMost } of COMMANDS) {
    if (!samples[name]) continue;
    const took = median(samples[name]);
    rows.push(result(`${name} : node -e 0`, took / floor, { atMost, medians: `${ms(took)} : ${ms(floor)}` }));
  }
  return rows;
}
