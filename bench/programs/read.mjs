// read HOW FILE: reads a file of audit lines once, and says how many there were and how long it took.
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { readLines } from '../../src/core/journal/line-reader.ts';
import { readAuditEntry } from '../../src/core/records/audit-entry.ts';
import { decode, parseStrict } from '../../src/core/records/strict-json.ts';

/** The least that can be done: find the LF, make a text of the bytes, parse it. */
function bare(fd) {
  const chunk = Buffer.allocUnsafe(1 << 18);
  let buffer = chunk;
  let held = Buffer.alloc(0);
  let lines = 0;
  for (;;) {
    const read = readSync(fd, chunk, 0, chunk.length, null);
    if (read === 0) return lines;
    buffer = Buffer.concat([held, chunk.subarray(0, read)]);
    let start = 0;
    for (let end = buffer.indexOf(10); end !== -1; end = buffer.indexOf(10, start)) {
      JSON.parse(buffer.toString('utf8', start, end));
      lines++;
      start = end + 1;
    }
    held = buffer.subarray(start);
  }
}

function journal(fd, size, read) {
  let lines = 0;
  const tooLong = () => {
    throw new Error('no line of the file is too long');
  };
  readLines(fd, 0, size, {
    line(bytes) {
      if (!read(bytes)) throw new Error(`refused: ${bytes}`);
      lines++;
    },
    tooLong,
  });
  return lines;
}

const HOW = {
  bare,
  /** The journal's reader, and the check of a record's shape. */
  reader: (fd, size) => journal(fd, size, (bytes) => readAuditEntry(JSON.parse(decode(bytes) ?? '')).ok),
  /** The same with what the registry asks besides: no key twice, no __proto__, bounded depth. */
  strict: (fd, size) =>
    journal(fd, size, (bytes) => {
      const parsed = parseStrict(bytes);
      return parsed.ok && readAuditEntry(parsed.value).ok;
    }),
};

const [how = '', path = ''] = process.argv.slice(2);
const fd = openSync(path, 'r');
const begun = process.hrtime.bigint();
const lines = HOW[how](fd, statSync(path).size);
const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
closeSync(fd);
const peak = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]) * 1.024;
console.log(JSON.stringify({ lines, seconds, peakMb: peak / 1000 }));
