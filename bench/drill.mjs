import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasTool, timed } from './support/command.mjs';
import { interleaved, median, quantile } from './support/stats.mjs';
import { ms, result, skipped } from './support/table.mjs';
import { freshDirectory, GRACE } from './support/workspace.mjs';

const RUNS = 30;
/** What a prototype of the drill needed. */
const FLOOR_SYNCS = 10;

/** From the first failing probe to verified, all records durable, against as many bare syncs as a prototype had. */
export async function bench({ dir, programs }) {
  const home = freshDirectory(dir, 'drill');
  const logs = join(home, 'logs');
  const args = [GRACE, 'trigger', 'incident', '--json', '--logs', logs];
  const samples = await interleaved(RUNS, {
    drill: () => JSON.parse(timed(process.execPath, args).stdout),
    floor: () =>
      JSON.parse(timed(process.execPath, [programs['sync-floor'], join(home, 'floor'), String(FLOOR_SYNCS)]).stdout)
        .seconds,
  });
  const incidents = samples.drill.map((answer) => answer.incident ?? answer);
  const mttr = incidents.map((incident) => incident.mttr_seconds);
  const parts = ['confirm_s', 'decide_s', 'act_s', 'verify_s']
    .map((name) => `${name.slice(0, -2)} ${ms(median(incidents.map((incident) => incident.timings[name])))}`)
    .join(', ');
  const floor = median(samples.floor);
  const p50 = quantile(mttr, 0.5);
  return [
    result('drill, first failing probe to verified, p50', p50 * 1000, {
      ...{ atMost: 40, unit: 'ms', digits: 1 },
      medians: `p95 ${ms(quantile(mttr, 0.95))}; ${parts}`,
    }),
    result(`drill : ${FLOOR_SYNCS} bare writes with fdatasync`, p50 / floor, { medians: `${ms(p50)} : ${ms(floor)}` }),
    syncsOfOneDrill(home, args),
  ];
}

function syncsOfOneDrill(home, args) {
  const measure = 'syncs of one whole drill';
  if (!hasTool('strace')) return skipped(measure, 'strace is not installed');
  const trace = join(home, 'trace');
  timed('strace', ['-f', '-qq', '-o', trace, '-e', 'trace=fdatasync,fsync', process.execPath, ...args]);
  const lines = readFileSync(trace, 'utf8').split('\n');
  const count = (name) => lines.filter((line) => line.includes(`${name}(`)).length;
  return result(measure, count('fdatasync') + count(' fsync'), { unit: 'syncs', digits: 0 });
}
