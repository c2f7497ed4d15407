import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLines } from '../../../src/core/journal/line-reader.js';
import { MAX_LINE_BYTES } from '../../../src/core/journal/log-files.js';
import { program } from '../../support/child.js';
import { tempDir, withTempDir } from '../../support/temp-dir.js';

interface Seen {
  lines: [offset: number, hexOrLength: string | number][];
  end: number;
}

function read(path: string, from: number, to: number): Seen {
  const fd = openSync(path, 'r');
  const lines: Seen['lines'] = [];
  try {
    const end = readLines(fd, from, to, {
      line: (bytes, offset) => lines.push([offset, bytes.toString('hex')]),
      tooLong: (offset, length) => lines.push([offset, length]),
    });
    return { lines, end };
  } finally {
    closeSync(fd);
  }
}

/** What it is, said in the plainest way. */
function naive(bytes: Buffer): Seen {
  const lines: Seen['lines'] = [];
  let offset = 0;
  for (;;) {
    const end = bytes.indexOf(0x0a, offset);
    if (end === -1) return { lines, end: offset };
    const line = bytes.subarray(offset, end);
    lines.push([offset, line.length > MAX_LINE_BYTES ? line.length : line.toString('hex')]);
    offset = end + 1;
  }
}

describe('readLines', () => {
  it('splits any bytes at their LFs, wherever a reading begins and ends', () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.array(fc.constantFrom(0x0a, 0x0d, 0x00, 0x61, 0xff), { maxLength: 40 }).map((list) => Uint8Array.from(list)),
    );
    withTempDir((dir) => {
      const path = join(dir, 'log');
      fc.assert(
        fc.property(anyBytes, fc.array(fc.nat(80), { maxLength: 5 }), (bytes, cuts) => {
          const all = Buffer.from(bytes);
          writeFileSync(path, all);
          const want = naive(all);
          expect(read(path, 0, all.length)).toEqual(want);
          // In several calls, each going on where the one before it got to.
          const got: Seen = { lines: [], end: 0 };
          for (const to of [...cuts.filter((cut) => cut < all.length).sort((a, b) => a - b), all.length]) {
            const part = read(path, got.end, to);
            got.lines.push(...part.lines);
            got.end = part.end;
          }
          expect(got).toEqual(want);
        }),
        { numRuns: 600 },
      );
    });
  });

  it('does so across its chunks and its bound on a line', () => {
    const length = fc.oneof(
      fc.constantFrom(0, 1, 2),
      fc.integer({ min: (1 << 18) - 3, max: (1 << 18) + 3 }),
      fc.integer({ min: MAX_LINE_BYTES - 2, max: MAX_LINE_BYTES + 2 }),
      fc.integer({ min: MAX_LINE_BYTES + (1 << 18) - 2, max: MAX_LINE_BYTES + (1 << 18) + 2 }),
      fc.constant(3_000_000),
      fc.nat(2000),
    );
    withTempDir((dir) => {
      const path = join(dir, 'log');
      fc.assert(
        fc.property(fc.array(length, { maxLength: 5 }), fc.boolean(), (lengths, terminated) => {
          const text = lengths.map((n, i) => String.fromCharCode(97 + i).repeat(n)).join('\n');
          const all = Buffer.from(terminated ? `${text}\n` : text);
          writeFileSync(path, all);
          const got = read(path, 0, all.length);
          const want = naive(all);
          expect(got.end).toBe(want.end);
          // Compared one by one: a difference in megabytes of hex is not for reading.
          expect(got.lines.length).toBe(want.lines.length);
          for (const [i, [offset, seen]] of want.lines.entries()) {
            expect(got.lines[i]?.[0]).toBe(offset);
            expect(got.lines[i]?.[1] === seen).toBe(true);
          }
        }),
        { numRuns: 40 },
      );
    });
  });

  it('passes over a line of 3 MB and reads what follows', () => {
    const path = join(tempDir(), 'log');
    writeFileSync(path, `a\n${'x'.repeat(3_000_000)}\nb\n`);
    expect(read(path, 0, 3_000_005)).toEqual({
      lines: [
        [0, '61'],
        [2, 3_000_000],
        [3_000_003, '62'],
      ],
      end: 3_000_005,
    });
  });

  it('leaves a tail without LF for the next time', () => {
    const path = join(tempDir(), 'log');
    writeFileSync(path, 'a\nbc');
    expect(read(path, 0, 4)).toEqual({ lines: [[0, '61']], end: 2 });
    writeFileSync(path, 'a\nbcd\n');
    expect(read(path, 2, 6)).toEqual({ lines: [[2, '626364']], end: 6 });
  });

  it('reads no byte past the end it was given, and stops where the file ends', () => {
    const path = join(tempDir(), 'log');
    writeFileSync(path, 'a\nb\n');
    expect(read(path, 0, 3)).toEqual({ lines: [[0, '61']], end: 2 });
    expect(read(path, 0, 100).end).toBe(4);
  });

  it('holds 600 MB in one line in little memory', async () => {
    const path = join(tempDir(), 'log');
    const size = 600 << 20;
    const fd = openSync(path, 'w');
    writeSync(fd, 'a\n');
    ftruncateSync(fd, size); // a hole: NULs that take no disk
    writeSync(fd, '\nb\n', size);
    closeSync(fd);
    const start = await program(`
      import { openSync } from 'node:fs';
      import { readLines } from 'grace:core/journal/line-reader';
      const seen = [];
      const before = process.memoryUsage().rss;
      let most = 0;
      readLines(openSync(process.argv[2], 'r'), 0, ${size + 3}, {
        line: (bytes, offset) => seen.push([offset, bytes.toString()]),
        tooLong: (offset, length) => seen.push([offset, length]),
        chunk: () => { most = Math.max(most, process.memoryUsage.rss()); },
      });
      console.log(JSON.stringify({ seen, grown: most - before }));
    `);
    const { seen, grown } = JSON.parse(await start([path]).nextLine()) as { seen: unknown; grown: number };
    expect(seen).toEqual([
      [0, 'a'],
      [2, size - 2],
      [size + 1, 'b'],
    ]);
    expect(grown).toBeLessThan(32 << 20);
  });
});
