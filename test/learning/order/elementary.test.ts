import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exp, ln, power } from '../../../src/learning/order/elementary.js';

describe('logarithm and exponential of our own', () => {
  it('agree with those of the machine', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
        expect(Math.abs(ln(x) - Math.log(x))).toBeLessThanOrEqual(2e-15 * Math.max(1, Math.abs(Math.log(x))));
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThanOrEqual(2e-15 * Math.max(1, Math.abs(x)));
      }),
    );
  });

  it('end where the machine’s end', () => {
    for (const x of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1]) {
      expect(ln(x)).toBe(Math.log(x));
    }
    expect(ln(5e-324)).toBeCloseTo(Math.log(5e-324), 12);
    for (const x of [0, -1000, 1000, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(exp(x)).toBe(Math.exp(x));
    }
  });

  it('raises to whole powers', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 1, noNaN: true }), fc.nat(400), (base, exponent) => {
        expect(power(base, exponent)).toBeCloseTo(base ** exponent, 12);
      }),
    );
  });
});
