import { appendFileSync, copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { auditFile, moreLines } from './support/audit-lines.mjs';
import { timed, timedWithPeak } from './support/command.mjs';
import { interleaved, median } from './support/stats.mjs';
import { ms, result } from './support/table.mjs';
import { freshDirectory, GRACE } from './support/workspace.mjs';

const LINES = 1_000_000;
const ROUNDS = 5;
const APPENDS = 400;
const NEW_LINES = 1000;

/** What the seal costs: an acknowledged append, a verification, a proof. */
export async function bench({ dir, programs }) {
  return [...appended(dir, programs), ...(await verified(dir, programs))];
}

function appended(dir, programs) {
  const logs = freshDirectory(dir, 'sealed-append');
  const run = timed(process.execPath, [programs['sealed-append'], logs, String(APPENDS)]);
  const samples = JSON.parse(run.stdout);
  const [sealed, bare] = [0, 1].map((i) => median(samples.map((sample) => sample[i])));
  return [
    result('sealed, acknowledged append : bare write + fdatasync', sealed / bare, {
      atMost: 3.5,
      medians: `${ms(sealed)} : ${ms(bare)}, one writer, of ${APPENDS}`,
    }),
  ];
}

async function verified(dir, programs) {
  const logs = freshDirectory(dir, 'sealed-many');
  const log = join(logs, 'immutable_audit.jsonl');
  copyFileSync(auditFile(LINES).path, log);
  const grace = (...args) => timed(process.execPath, [GRACE, ...args, '--logs', logs], { stdout: 'ignore' }).seconds;
  grace('trigger', 'incident');
  const [line] = timed('tail', ['-n', '5', log]).stdout.split('\n');
  const { entry_id: entry } = JSON.parse(line);
  const samples = await interleaved(ROUNDS, {
    raw: () => JSON.parse(timed(process.execPath, [programs['raw-sha256'], log]).stdout).seconds,
    audit: () => grace('evidence', 'audit'),
    version: () => timed(process.execPath, [GRACE, '--version']).seconds,
    prove: () => grace('evidence', 'prove', entry),
    quick: () => grace('evidence', 'audit', '--quick'),
    more: () => {
      appendFileSync(log, moreLines(LINES, NEW_LINES));
      grace('registry', 'sync');
      return grace('evidence', 'audit', '--quick');
    },
  });
  const m = Object.fromEntries(Object.entries(samples).map(([name, sample]) => [name, median(sample)]));
  const peak = timedWithPeak(dir, GRACE, ['evidence', 'audit', '--logs', logs]).peakMb;
  rmSync(logs, { recursive: true });
  return [
    result('verification of 1,000,000 lines : raw SHA-256', m.audit / m.raw, {
      atMost: 7,
      medians: `${ms(m.audit)} : ${ms(m.raw)}; whole commands, the start of node among them; aim 4×`,
    }),
    result('memory, verification of 1,000,000 lines', peak, { unit: 'MB', digits: 1, atMost: 150 }),
    result(`verification of ${NEW_LINES.toLocaleString('en')} new lines : of none`, m.more / m.quick, {
      medians: `${ms(m.more)} : ${ms(m.quick)}; of all ${ms(m.audit)}`,
    }),
    result('prove at 1,000,000 lines : --version', m.prove / m.version, {
      atMost: 2,
      medians: `${ms(m.prove)} : ${ms(m.version)}`,
    }),
  ];
}
