import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalInstant, compactInstant, formatInstant, parseInstant } from '../../../src/core/records/time.js';

describe('parseInstant', () => {
  it.each([
    ['2025-11-17T16:43:28.024197', Date.UTC(2025, 10, 17, 16, 43, 28) + 24.197],
    ['2025-11-17T16:43:28', Date.UTC(2025, 10, 17, 16, 43, 28)],
    ['2025-11-17 16:43:28.5', Date.UTC(2025, 10, 17, 16, 43, 28, 500)],
    ['2026-11-23T00:18:47.123Z', Date.UTC(2026, 10, 23, 0, 18, 47, 123)],
    ['2026-11-23T02:18:47+02:00', Date.UTC(2026, 10, 23, 0, 18, 47)],
    ['2026-11-22T18:48:47-0530', Date.UTC(2026, 10, 23, 0, 18, 47)],
    ['2026-11-22T23:48:47-00:30', Date.UTC(2026, 10, 23, 0, 18, 47)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['1969-12-31T23:59:59.5Z', -500],
    ['0099-01-01T00:00:00Z', Date.parse('0099-01-01T00:00:00Z')],
  ])('%s', (text, ms) => {
    expect(parseInstant(text)).toBeCloseTo(ms, 3);
  });

  it('takes a text without a zone as UTC wherever it runs', () => {
    expect(parseInstant('2025-07-01T12:00:00')).toBe(parseInstant('2025-07-01T12:00:00Z'));
  });

  it.each([
    '2025-02-29T00:00:00Z',
    '2025-02-31T00:00:00Z',
    '2025-04-31T00:00:00',
    '2025-13-01T00:00:00Z',
    '2025-00-10T00:00:00Z',
    '2025-01-00T00:00:00Z',
    '2025-01-01T24:00:00Z',
    '2025-01-01T23:60:00Z',
    '2025-01-01T23:59:60Z',
    '2025-01-01T00:00:00+24:00',
    '2025-01-01T00:00:00+02:60',
    '2025-01-01T00:00:00+2',
    '2025-01-01T00:00:00z',
    '2025-01-01T00:00:00.Z',
    '2025-01-01T00:00:00.0123456789Z',
    '2025-01-01',
    '2025-1-1T00:00:00Z',
    '12025-01-01T00:00:00Z',
    '0000-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    ' 2025-01-01T00:00:00Z',
    '2025-01-01T00:00:00Z\n',
    '1763397808',
    'now',
    '',
  ])('%j is no instant', (text) => {
    expect(parseInstant(text)).toBeUndefined();
    expect(canonicalInstant(text)).toBeUndefined();
  });
});

describe('canonicalInstant', () => {
  it.each([
    ['2025-11-17T16:43:28.024197', '2025-11-17T16:43:28.024197Z'],
    ['2025-11-17T16:43:28.101982', '2025-11-17T16:43:28.101982Z'],
    ['2025-11-17 17:43:28.1+01:00', '2025-11-17T16:43:28.100000Z'],
    ['2026-11-23T00:18:47.123Z', '2026-11-23T00:18:47.123000Z'],
    ['2026-11-23T00:18:47.9999999Z', '2026-11-23T00:18:48.000000Z'],
    ['1969-12-31T23:59:59.25Z', '1969-12-31T23:59:59.250000Z'],
  ])('%s becomes %s', (text, canonical) => {
    expect(canonicalInstant(text)).toBe(canonical);
  });

  const micros = fc.record({
    ms: fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(2105, 11, 31) }),
    us: fc.integer({ min: 0, max: 999 }),
    zone: fc.constantFrom('', 'Z', '+00:00', '+05:30', '-0800', '+14:00', '-12:00'),
    separator: fc.constantFrom('T', ' '),
  });
  /** The instant, and one of its many spellings. */
  const spelled = micros.map(({ ms, us, zone, separator }) => {
    const sign = zone.startsWith('-') ? -1 : 1;
    const digits = zone.replace(/[^0-9]/g, '').padEnd(4, '0');
    const shift = sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000;
    const local = new Date(ms + shift).toISOString().slice(0, -1).replace('T', separator);
    return { micros: BigInt(ms) * 1000n + BigInt(us), text: `${local}${String(us).padStart(3, '0')}${zone}` };
  });

  it('keeps every microsecond, whatever the spelling', () => {
    fc.assert(
      fc.property(spelled, ({ micros: want, text }) => {
        const canonical = canonicalInstant(text) ?? '';
        expect(canonical).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
        const whole = BigInt(Date.parse(`${canonical.slice(0, 19)}Z`)) * 1000n;
        expect(whole + BigInt(canonical.slice(20, 26))).toBe(want);
        expect(canonicalInstant(canonical)).toBe(canonical);
      }),
      { numRuns: 2000 },
    );
  });

  it('sorts as text like the instant', () => {
    fc.assert(
      fc.property(spelled, spelled, (a, b) => {
        const [ca = '', cb = ''] = [canonicalInstant(a.text), canonicalInstant(b.text)];
        expect(ca < cb ? -1 : ca > cb ? 1 : 0).toBe(a.micros < b.micros ? -1 : a.micros > b.micros ? 1 : 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('always has the one form, or the text is refused', () => {
    const two = (max: number) => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, '0'));
    const year = fc.oneof(
      fc.constantFrom('0000', '0001', '9999', '2024'),
      fc.integer({ min: 0, max: 9999 }).map((n) => String(n).padStart(4, '0')),
    );
    const zone = fc.oneof(
      fc.constantFrom('', 'Z'),
      fc.tuple(fc.constantFrom('+', '-'), two(99), two(99)).map(([s, h, m]) => `${s}${h}:${m}`),
    );
    fc.assert(
      fc.property(year, two(13), two(32), two(24), two(60), two(60), zone, (y, mo, d, h, mi, s, z) => {
        const text = `${y}-${mo}-${d}T${h}:${mi}:${s}${z}`;
        const canonical = canonicalInstant(text);
        expect(canonical ?? '0001-01-01T00:00:00.000000Z').toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
        expect(canonical === undefined).toBe(parseInstant(text) === undefined);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('what grace writes', () => {
  it('is UTC with Z and milliseconds', () => {
    expect(formatInstant(Date.UTC(2026, 10, 23, 0, 18, 47, 5))).toBe('2026-11-23T00:18:47.005Z');
  });

  it('is twenty digits in an entry id, the last three 0', () => {
    expect(compactInstant(Date.UTC(2026, 10, 23, 0, 18, 47, 5))).toBe('20261123001847005000');
  });
});
