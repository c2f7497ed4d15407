import { join } from 'node:path';
import { timed } from './support/command.mjs';
import { logsOfPast } from './support/past-incidents.mjs';
import { interleaved, median, quantile } from './support/stats.mjs';
import { ms, result } from './support/table.mjs';
import { freshDirectory } from './support/workspace.mjs';

const MANY = 1_000_000;
const FEW = 10;
const TIMES = 500;
const ROUNDS = 3;
const STEPS = 200;

/** What a decision costs with a long past, and what it costs to start a step. */
export async function bench({ dir, programs }) {
  const node = (program, ...args) => JSON.parse(timed(process.execPath, [programs[program], ...args]).stdout);
  const logs = (name, incidents) => {
    const path = join(freshDirectory(dir, name), 'logs');
    logsOfPast(path, incidents);
    return path;
  };
  const [few, many] = [logs('past-few', FEW), logs('past-many', MANY)];
  const samples = await interleaved(ROUNDS, {
    few: () => median(node('decide', few, String(TIMES))),
    many: () => median(node('decide', many, String(TIMES))),
  });
  const [little, much] = [median(samples.few), median(samples.many)];
  const started = node('start-step', String(STEPS));
  return [
    result('a decision with 1,000,000 past incidents : with 10', much / little, {
      medians: `${ms(much)} : ${ms(little)}`,
      atMost: 1.5,
    }),
    result('a step that does nothing, started and ended, p50', median(started) * 1000, {
      ...{ atMost: 4, unit: 'ms', medians: `p95 ${ms(quantile(started, 0.95))}` },
    }),
  ];
}
