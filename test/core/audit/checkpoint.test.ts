import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCheckpoint, parseCheckpoint } from '../../../src/core/audit/checkpoint.js';

const ROOT = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';
const TEXT = `example.com/behind-the-sofa\n20852163\n${ROOT}\n`;

describe('checkpoints', () => {
  it('reads and writes the example of the specification', () => {
    const checkpoint = {
      origin: 'example.com/behind-the-sofa',
      size: 20_852_163,
      root: Buffer.from(ROOT, 'base64'),
    };
    expect(parseCheckpoint(TEXT)).toEqual({ ok: true, checkpoint });
    expect(formatCheckpoint(checkpoint)).toBe(TEXT);
  });

  it('reads back whatever it writes', () => {
    const checkpoints = fc.record({
      origin: fc.string({ unit: 'grapheme', minLength: 1 }).filter((origin) => !/[\x00-\x1f]/.test(origin)),
      size: fc.maxSafeNat(),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual({ ok: true, checkpoint });
      }),
    );
  });

  it.each([
    ['', 'fewer than three lines'],
    [TEXT.slice(0, -1), 'the last line has no end'],
    ['\n', 'fewer than three lines'],
    [`origin\n${ROOT}\n`, 'fewer than three lines'],
    [`${TEXT}extension\n`, 'lines after the root are not accepted'],
    [`${TEXT}\n`, 'lines after the root are not accepted'],
    [`\n1\n${ROOT}\n`, 'no valid origin'],
    [`a\x00\n1\n${ROOT}\n`, 'no valid origin'],
    [`a\r\n1\r\n${ROOT}\r\n`, 'no valid origin'],
    ['o\n\nx\n', 'no valid size'],
    ...['01', '00', '+1', '-1', '-0', '1.0', '1e3', '0x10', ' 1', '1 ', '１', '9007199254740992', '1'.repeat(400)].map(
      (size): [string, string] => [`o\n${size}\n${ROOT}\n`, 'no valid size'],
    ),
    ...[
      '',
      'AAAA',
      ROOT.slice(0, -1),
      `${ROOT}=`,
      ` ${ROOT}`,
      ROOT.replace('q2I=', 'q2J='),
      ROOT.replace('/', '_'),
      `${'A'.repeat(43)}AAAA=`,
      `${'A'.repeat(40)}AA==`,
    ].map((root): [string, string] => [`o\n1\n${root}\n`, 'no valid root']),
  ])('%j is refused', (text, reason) => {
    expect(parseCheckpoint(text)).toEqual({ ok: false, reason });
  });

  it('takes sizes to 2^53 − 1', () => {
    expect(parseCheckpoint(`o\n0\n${ROOT}\n`)).toMatchObject({ ok: true, checkpoint: { size: 0 } });
    expect(parseCheckpoint(`o\n9007199254740991\n${ROOT}\n`)).toMatchObject({ ok: true });
  });

  it.each([
    { origin: '' },
    { origin: 'a\nb' },
    { size: -1 },
    { size: 0.5 },
    { size: 2 ** 53 },
    { size: 1e21 },
    { root: Buffer.alloc(31) },
  ])('does not write %o', (change) => {
    const checkpoint = { origin: 'o', size: 1, root: Buffer.alloc(32) };
    expect(() => formatCheckpoint({ ...checkpoint, ...change })).toThrow(RangeError);
  });
});
