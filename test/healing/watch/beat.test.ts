import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { slotsOf } from '../../../src/healing/watch/beat.js';

describe('the beat of a watch', () => {
  test.each([
    ['a hundred checks every five seconds', 5, 20, 7],
    ['a thousand', 5, 200, 63],
    ['ten', 5, 2, 5],
    ['one every five minutes', 300, 1 / 300, 300],
    ['one four times a second', 0.25, 4, 5],
  ])('%s', (_, every_s, rate, slots) => {
    expect(slotsOf(every_s, rate)).toBe(slots);
  });

  test('no more than a handful at once, a second apart at most, and never all of them together', () => {
    const seconds = fc.double({ min: 0.05, max: 86_400, noNaN: true });
    fc.assert(
      fc.property(seconds, fc.integer({ min: 1, max: 5000 }), (every_s, checks) => {
        const slots = slotsOf(every_s, checks / every_s);
        expect(Number.isInteger(slots)).toBe(true);
        expect(slots).toBeGreaterThanOrEqual(5);
        expect(every_s / slots).toBeLessThanOrEqual(1);
        expect(checks / slots).toBeLessThanOrEqual(16 + 1e-9);
      }),
    );
  });
});
