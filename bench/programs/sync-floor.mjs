// sync-floor FILE SYNCS: the floor under a drill: writes a line and waits for the disk, so many times one after the other.
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';

const [path = '', syncs = '10'] = process.argv.slice(2);
const fd = openSync(path, 'a');
const line = Buffer.from(`${'x'.repeat(600)}\n`);
const begun = process.hrtime.bigint();
for (let n = 0; n < Number(syncs); n++) {
  writeSync(fd, line);
  fdatasyncSync(fd);
}
const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
closeSync(fd);
console.log(JSON.stringify({ seconds }));
