import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ageOf, clockOf, type Moment, type Now, readClock } from '../../../src/core/records/moment.js';

const DAY_S = 86_400;
const AT = '2026-11-23T12:00:00.000Z';
const MS = Date.parse(AT);

const now = (boot_id: string, elapsed_s: number, ms = MS): Now => ({ boot_id, elapsed_s, ms });
const moment = (boot_id: string | null, elapsed_s: number | null, at = AT): Moment => ({ boot_id, elapsed_s, at });

describe('the age of a moment', () => {
  test.each([
    ['within a boot', moment('a', 10), now('a', 70), 60],
    ['within a boot, the date set back a day', moment('a', 10), now('a', 70, MS - DAY_S * 1000), 60],
    ['within a boot, the date set ahead', moment('a', 10), now('a', 70, MS + DAY_S * 1000), 60],
    ['across boots the dates tell', moment('a', 5000), now('b', 1, MS + 90_500), 90.5],
    ['across boots, the date set back meanwhile', moment('a', 10), now('b', 70, MS - DAY_S * 1000), 0],
    ['no boot is known', moment(null, 10), now('a', 70, MS + 1000), 1],
    ['no elapsed time is known', moment('a', null), now('a', 70, MS + 1000), 1],
    ['of this very moment', moment('a', 70), now('a', 70), 0],
    ['of what is to come', moment('a', 80), now('a', 70), 0],
    ['a date without a zone is UTC', moment(null, null, '2026-11-23T11:59:00'), now('a', 70), 60],
    ['a date that is none', moment(null, null, 'yesterday'), now('a', 70), 0],
  ])('%s', (_what, then, present, age) => {
    expect(ageOf(then, present)).toBe(age);
  });

  const seconds = fc.double({ min: 0, max: 1e7, noNaN: true });
  const ms = fc.integer({ min: 0, max: 4e12 });
  const moments = fc.record({
    boot_id: fc.constantFrom('a', 'b', null),
    elapsed_s: fc.option(seconds),
    at: fc.oneof(
      ms.map((one) => new Date(one).toISOString()),
      fc.string(),
    ),
  });
  const nows = fc.record({ boot_id: fc.constantFrom('a', 'b'), elapsed_s: seconds, ms });

  test('is never negative and always a number', () => {
    fc.assert(
      fc.property(moments, nows, (then, present) => {
        const age = ageOf(then, present);
        expect(age).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(age)).toBe(true);
      }),
    );
  });

  test('within a boot no date has a say', () => {
    fc.assert(
      fc.property(seconds, nows, ms, (elapsed_s, present, other) => {
        const then = moment(present.boot_id, elapsed_s);
        expect(ageOf(then, { ...present, ms: other })).toBe(ageOf(then, present));
      }),
    );
  });

  test('grows with the time that passes', () => {
    fc.assert(
      fc.property(moments, nows, seconds, (then, present, more) => {
        const later = { ...present, elapsed_s: present.elapsed_s + more, ms: present.ms + more * 1000 };
        expect(ageOf(then, later)).toBeGreaterThanOrEqual(ageOf(then, present));
      }),
    );
  });
});

describe('the clock in the metadata of an entry', () => {
  test('is read back, to the microsecond', () => {
    expect(readClock(clockOf(now('a', 12.345_678_9)))).toEqual({ boot_id: 'a', elapsed_s: 12.345_679 });
    expect(readClock(JSON.parse(JSON.stringify({ other: 1, ...clockOf(now('a', 0)) })))).toEqual({
      boot_id: 'a',
      elapsed_s: 0,
    });
  });

  test.each([
    {},
    { clock: null },
    { clock: 'a' },
    { clock: ['a', 1] },
    { clock: { boot_id: 1, elapsed_s: '1' } },
    { clock: { elapsed_s: -1 } },
    { clock: { boot_id: null, elapsed_s: null } },
  ])('%j tells nothing', (metadata) => {
    expect(readClock(metadata)).toEqual({ boot_id: null, elapsed_s: null });
  });
});
