// sealed-append DIR LINES: appends and acknowledges so many lines, one after the other, sealed; beside each the bare
// write and fdatasync of the same line into a file of its own. Prints the seconds that each of the two took.
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/core/host/clock.ts';
import { Ledger } from '../../src/core/ledger.ts';

const [dir = '', lines = '100'] = process.argv.slice(2);
const ledger = new Ledger({
  dir,
  clock: systemClock,
  jitter: Math.random,
  unique: `${process.pid}`,
  invocation: 'bench',
  keys: { directory: `${dir}-keys` },
});
const fd = openSync(join(dir, 'bare'), 'a');
const samples = [];
for (let n = -20; n < Number(lines); n++) {
  const begun = process.hrtime.bigint();
  const { entries } = await ledger.transact(() => ({
    entries: [{ actor: 'bench', action: 'appended', resource: 'x'.repeat(400), decision: {}, metadata: { n } }],
    value: undefined,
  }));
  const acknowledged = process.hrtime.bigint();
  const line = Buffer.from(`${JSON.stringify(entries[0])}\n`);
  const bareBegun = process.hrtime.bigint();
  writeSync(fd, line);
  fdatasyncSync(fd);
  const bareDone = process.hrtime.bigint();
  if (n >= 0) samples.push([Number(acknowledged - begun) / 1e9, Number(bareDone - bareBegun) / 1e9]);
}
closeSync(fd);
ledger.close();
console.log(JSON.stringify(samples));
