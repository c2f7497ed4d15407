import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ForeignLine, readForeignLines } from '../../src/trigger/ndjson-lines.js';

async function* chunks(...pieces: (string | Buffer)[]) {
  yield* pieces;
}

async function read(...pieces: (string | Buffer)[]): Promise<ForeignLine[]> {
  const lines: ForeignLine[] = [];
  for await (const line of readForeignLines(chunks(...pieces))) lines.push(line);
  return lines;
}

const ok = (line: number, value: unknown) => ({ line, ok: true, value });
const bad = (line: number, problem: string) => ({ line, ok: false, problem });
const NOT_JSON = 'it is not JSON';
const MIB = 1 << 20;

describe('readForeignLines', () => {
  test('numbers the lines as an editor does; blank ones are passed over', async () => {
    expect(await read('{"a":1}\n\n \t\r\n{"b":2}\r\nx\n{"c":3}')).toEqual([
      ok(1, { a: 1 }),
      ok(4, { b: 2 }),
      bad(5, NOT_JSON),
      ok(6, { c: 3 }),
    ]);
  });

  test.each([[''], ['\n'], ['\n\n\n'], ['\r\n']])('%j holds nothing', async (text) => {
    expect(await read(text)).toEqual([]);
  });

  test('null, and whatever else is false, is a line like any other', async () => {
    expect(await read('null\n0\nfalse\n""\n{}\n')).toEqual([
      bad(1, 'it is not a JSON object'),
      ok(2, 0),
      ok(3, false),
      ok(4, ''),
      ok(5, {}),
    ]);
  });

  test('a hundred wrong lines in a row hide nothing', async () => {
    const lines = await read(`${'{\n'.repeat(100)}{"a":1}\n`);
    expect(lines).toHaveLength(101);
    expect(lines[100]).toEqual(ok(101, { a: 1 }));
  });

  test('bytes that are no UTF-8 are not read as something else', async () => {
    expect(await read(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x0a]), '{}\n')).toEqual([
      bad(1, 'it is not UTF-8'),
      ok(2, {}),
    ]);
  });

  test('a line may have 1 MiB and not a byte more, wherever the pieces end', async () => {
    const fits = `"${'x'.repeat(MIB - 2)}"`;
    const tooLong = `"${'x'.repeat(MIB - 1)}"`;
    const text = Buffer.from(`${fits}\n${tooLong}\n{}\n${tooLong}`);
    for (const size of [1000, 65_536, text.length]) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        text.subarray(i * size, (i + 1) * size),
      );
      const lines = await read(...pieces);
      expect(lines.map((line) => [line.line, line.ok])).toEqual([
        [1, true],
        [2, false],
        [3, true],
        [4, false],
      ]);
      expect(lines[1]).toEqual(bad(2, 'it is longer than 1048576 bytes'));
    }
  });

  test('wherever the pieces are cut, the lines are the same', async () => {
    const value = fc.oneof(fc.object({ maxDepth: 1 }), fc.constant('nonsense{'), fc.constant(''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { maxLength: 8 }),
        fc.array(fc.nat(400)),
        fc.boolean(),
        async (values, cuts, crlf) => {
          const eol = crlf ? '\r\n' : '\n';
          const text = Buffer.from(
            values.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)) + eol).join(''),
          );
          const at = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
          const pieces = at.slice(1).map((end, i) => text.subarray(at[i], end));
          expect(await read(...pieces)).toEqual(await read(text));
        },
      ),
      { numRuns: 50 },
    );
  });
});
