import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPercent, formatSeconds, formatUtc, parseSince } from '../../../src/cli/output/time.js';

describe('formatSeconds', () => {
  it.each([
    [null, '–'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
    [-5, '0 ms'],
    [0, '0 ms'],
    [1e-9, '< 0.01 ms'],
    [0.0004, '0.4 ms'],
    [0.00123, '1.2 ms'],
    [0.00996, '10 ms'],
    [0.078, '78 ms'],
    [0.123, '123 ms'],
    [0.9994, '999 ms'],
    [0.9997, '1 s'],
    [1.234, '1.23 s'],
    [5, '5 s'],
    [12.34, '12.3 s'],
    [59.94, '59.9 s'],
    [59.97, '1 min'],
    [75, '1 min 15 s'],
    [119.6, '2 min'],
    [3599.4, '59 min 59 s'],
    [3599.6, '1 h'],
    [3700, '1 h 2 min'],
    [86_399, '1 d'],
    [90_000, '1 d 1 h'],
    [8_640_000, '100 d'],
  ])('%s: %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  it('is never negative, never an exponent, never 60 of anything', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9 }), (seconds) => {
        const text = formatSeconds(seconds);
        expect(text).not.toMatch(/-|e|NaN|\b60 (s|min)\b|\b24 h\b|\b1000 ms\b/);
        if (seconds > 0) expect(text).not.toBe('0 ms');
      }),
    );
  });
});

describe('formatUtc', () => {
  it.each([
    [null, '–'],
    ['2026-11-23T00:18:47.999Z', '2026-11-23 00:18:47Z'],
    ['2026-11-23T00:18:47', '2026-11-23 00:18:47Z'],
    ['2026-11-23T00:18:47.123456', '2026-11-23 00:18:47Z'],
    ['2026-11-23T01:18:47+02:00', '2026-11-22 23:18:47Z'],
    ['1969-12-31T23:59:59.5Z', '1969-12-31 23:59:59Z'],
    ['some\nday', 'some\\nday'],
    ['2026-02-31T00:00:00Z', '2026-02-31T00:00:00Z'],
  ])('%s: %s', (text, shown) => {
    expect(formatUtc(text)).toBe(shown);
  });
});

describe('formatPercent', () => {
  it.each([
    [2, 7, '28.6 % (2 of 7)'],
    [0, 7, '0.0 % (0 of 7)'],
    [7, 7, '100.0 % (7 of 7)'],
    [0, 0, '– (0 of 0)'],
    [1, 100_000, '< 0.1 % (1 of 100000)'],
    [99_999, 100_000, '> 99.9 % (99999 of 100000)'],
  ])('%i of %i: %s', (n, d, text) => {
    expect(formatPercent(n, d)).toBe(text);
  });
});

describe('parseSince', () => {
  const now = Date.parse('2026-11-23T12:34:56.789Z');
  const iso = (text: string) => {
    const ms = parseSince(text, now);
    return ms === undefined ? undefined : new Date(ms).toISOString();
  };

  it.each([
    ['30s', '2026-11-23T12:34:26.789Z'],
    ['15m', '2026-11-23T12:19:56.789Z'],
    ['6h', '2026-11-23T06:34:56.789Z'],
    ['7d', '2026-11-16T12:34:56.789Z'],
    ['2w', '2026-11-09T12:34:56.789Z'],
    ['0s', '2026-11-23T12:34:56.789Z'],
    ['today', '2026-11-23T00:00:00.000Z'],
    ['yesterday', '2026-11-22T00:00:00.000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2026-11-20T10:20:30', '2026-11-20T10:20:30.000Z'],
    ['2026-11-20 10:20:30', '2026-11-20T10:20:30.000Z'],
    ['2026-11-20T10:20', '2026-11-20T10:20:00.000Z'],
    ['2026-11-20T10:20Z', '2026-11-20T10:20:00.000Z'],
    ['2026-11-20T10:20-05:30', '2026-11-20T15:50:00.000Z'],
    ['2026-11-20T10:20:30.5Z', '2026-11-20T10:20:30.500Z'],
    ['2026-11-20T10:20:30+02:00', '2026-11-20T08:20:30.000Z'],
    ['2026-11-20T10:20:30+0200', '2026-11-20T08:20:30.000Z'],
  ])('%s means %s', (text, instant) => {
    expect(iso(text)).toBe(instant);
  });

  it.each([
    '',
    ' ',
    '7',
    'd',
    '-7d',
    '+7d',
    '7 d',
    '1.5h',
    '7y',
    '7D',
    '7d6h',
    'tomorrow',
    'TODAY',
    'now',
    'constructor',
    '__proto__',
    '2026-02-31',
    '2026-13-01',
    '2026-1-1',
    '20261120',
    '2026-11-20T',
    '2026-11-20T25:00',
    '2026-11-20T24:00:00',
    '2026-11-20T10',
    '2026-11-20T10:60',
    '2026-11-20T10:20:30+25:00',
    '2026-11-20T10:20:30+01:75',
    '2026-11-20T10:20:30 CET',
    '999999999999999w',
    '99999999999999999999d',
    '999999w',
    '٣d',
    '7d\n',
    '1e3s',
    'Infinityd',
  ])('%j means nothing', (text) => {
    expect(parseSince(text, now)).toBeUndefined();
  });

  it('never throws, and gives an instant that can be written down', () => {
    const pieces = fc.constantFrom(
      '7',
      '99',
      'd',
      'w',
      'T',
      ':',
      '-',
      '+',
      '.',
      'Z',
      ' ',
      '2026-11-20',
      '10:20',
      '0000',
      '9999',
    );
    const almost = fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join(''));
    const when = fc.oneof(fc.integer({ min: 0, max: 4e12 }), fc.double());
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), almost), when, (text, nowMs) => {
        const ms = parseSince(text, nowMs);
        if (ms !== undefined) expect(new Date(ms).toISOString()).toMatch(/^\d{4}-/);
      }),
      { numRuns: 3000 },
    );
  });
});
