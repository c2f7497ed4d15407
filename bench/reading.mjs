import { auditFile } from './support/audit-lines.mjs';
import { hasTool, timed } from './support/command.mjs';
import { interleaved, median } from './support/stats.mjs';
import { perSecond, result, skipped } from './support/table.mjs';

const LINES = 1_000_000;
/** jq takes most of a minute for all of them; its speed does not depend on how many there are. */
const JQ_LINES = 100_000;
const ROUNDS = 3;

/** The journal's reader against the least that Node can do, and against jq. */
export async function bench({ programs }) {
  const file = auditFile(LINES);
  const few = auditFile(JQ_LINES);
  const read = (how, path) => JSON.parse(timed(process.execPath, [programs.read, how, path]).stdout);
  const withJq = hasTool('jq');
  const samples = await interleaved(ROUNDS, {
    bare: () => read('bare', file.path),
    reader: () => read('reader', file.path),
    strict: () => read('strict', file.path),
    fewLines: () => read('reader', few.path),
    ...(withJq ? { jq: () => timed('jq', ['-r', '.actor', few.path], { stdout: 'ignore' }) } : {}),
  });
  const speed = (name, lines = LINES) => lines / median(samples[name].map((run) => run.seconds));
  const peak = (name) => Math.max(...samples[name].map((run) => run.peakMb));
  const mbPerSecond = (name) => `${((speed(name) / LINES) * (file.bytes / 1e6)).toFixed(0)} MB/s`;
  const against = (name) => `${mbPerSecond(name)} : ${mbPerSecond('bare')}`;

  const rows = [
    result('reader : bare JSON.parse loop', speed('reader') / speed('bare'), {
      atLeast: 0.85,
      medians: against('reader'),
    }),
    result('reader with strict JSON : bare loop', speed('strict') / speed('bare'), { medians: against('strict') }),
  ];
  if (withJq) {
    const jq = speed('jq', JQ_LINES);
    const medians = `${perSecond(speed('reader'))} : ${perSecond(jq)}`;
    rows.push(result('reader : jq -r .actor', speed('reader') / jq, { atLeast: 4, medians }));
  } else rows.push(skipped('reader : jq -r .actor', 'jq is not installed'));
  return [
    ...rows,
    result('memory, reading 1,000,000 lines', Math.max(peak('reader'), peak('strict')), {
      ...{ atMost: 80, unit: 'MB', digits: 1 },
      medians: `at 100,000 lines ${peak('fewLines').toFixed(1)} MB; the bare loop ${peak('bare').toFixed(1)} MB`,
    }),
  ];
}
