import fc from 'fast-check';
// @ts-expect-error It has no types.
import { jStat } from 'jstat';
import { binomialDistribution } from 'simple-statistics';
import { describe, expect, it } from 'vitest';
import { betaQuantile } from '../../../src/learning/order/beta-quantile.js';

const shapes = fc.double({ min: 1, max: 400, noNaN: true });
const probabilities = fc.double({ min: 0.001, max: 0.999, noNaN: true });

describe('quantiles of the Beta distribution', () => {
  it('are those that are known in closed form, to 12 digits', () => {
    for (const p of [0.001, 0.05, 0.3, 0.5, 0.95, 0.999]) {
      for (const shape of [0.07, 0.5, 1, 2, 7.3, 40]) {
        expect(betaQuantile(p, shape, 1)).toBeCloseTo(p ** (1 / shape), 12);
        expect(betaQuantile(p, 1, shape)).toBeCloseTo(1 - (1 - p) ** (1 / shape), 12);
      }
      expect(betaQuantile(p, 0.5, 0.5)).toBeCloseTo(Math.sin((Math.PI * p) / 2) ** 2, 12);
    }
  });

  it('leave as much below them as jStat says, which is exact to about 1e-6', () => {
    fc.assert(
      fc.property(probabilities, shapes, shapes, (p, a, b) => {
        expect(Math.abs(jStat.beta.cdf(betaQuantile(p, a, b), a, b) - p)).toBeLessThan(1e-6);
      }),
      { numRuns: 500 },
    );
  });

  it('leave as much below them as the binomial distribution of simple-statistics says', () => {
    for (const [a, n] of [
      [1, 1],
      [3, 5],
      [18, 21],
      [40, 90],
    ] as const) {
      for (const p of [0.05, 0.5, 0.95]) {
        const x = betaQuantile(p, a, n - a + 1);
        // P(X ≤ x) = P(at least a of n succeed with the chance x). It stops at 0.9999 of its mass.
        const atLeast = (binomialDistribution(n, x) ?? []).reduce((sum, one, k) => sum + (k >= a ? one : 0), 0);
        expect(Math.abs(atLeast - p)).toBeLessThan(2e-4);
      }
    }
  });

  it('leave as much below them as the sum of binomial chances says, to 12 digits', () => {
    for (const n of [2, 7, 20, 39]) {
      for (let a = 1; a < n; a++) {
        for (const p of [0.05, 0.5, 0.95]) {
          const x = betaQuantile(p, a, n - a);
          let [ways, sum] = [1, 0];
          for (let k = 0; k < n; k++) {
            if (k >= a) sum += ways * x ** k * (1 - x) ** (n - 1 - k);
            ways = (ways * (n - 1 - k)) / (k + 1);
          }
          expect(Math.abs(sum - p)).toBeLessThan(1e-12);
        }
      }
    }
  });

  it('mirror each other, and rise with the probability', () => {
    fc.assert(
      fc.property(probabilities, probabilities, shapes, shapes, (p, q, a, b) => {
        expect(Math.abs(betaQuantile(p, a, b) - (1 - betaQuantile(1 - p, b, a)))).toBeLessThan(1e-10);
        expect(betaQuantile(Math.min(p, q), a, b)).toBeLessThanOrEqual(betaQuantile(Math.max(p, q), a, b));
      }),
    );
  });

  it('stay within 0 and 1 at the ends, and for shapes near 0 and very large ones', () => {
    expect(betaQuantile(0, 2, 3)).toBe(0);
    expect(betaQuantile(1, 2, 3)).toBe(1);
    expect(betaQuantile(0.5, 0.001, 2)).toBeLessThan(1e-6);
    expect(betaQuantile(0.5, 1e6, 1e6)).toBeCloseTo(0.5, 9);
    // The normal approximation: 1.6449 standard deviations of 1 / √(8e6).
    expect(betaQuantile(0.95, 1e6, 1e6)).toBeCloseTo(0.5 + 1.644853627 / Math.sqrt(8e6), 7);
    for (const [p, a, b] of [
      [Number.NaN, 1, 1],
      [0.5, 0, 1],
      [0.5, 1, -1],
    ] as const) {
      expect(betaQuantile(p, a, b)).toBeNaN();
    }
  });

  it('are the same to the bit on every machine', () => {
    expect(betaQuantile(0.05, 4.75, 2.25)).toBe(0.3784196172100618);
    expect(betaQuantile(0.95, 1.3, 17.8)).toBe(0.17968208727379614);
  });
});
