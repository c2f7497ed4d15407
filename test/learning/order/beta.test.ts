// @ts-expect-error It has no types.
import { jStat } from 'jstat';
import { describe, expect, it } from 'vitest';
import { drawBeta } from '../../../src/learning/order/beta.js';
import { seededRandom } from '../../../src/learning/order/random.js';

const N = 20_000;
/** Kolmogorov–Smirnov: a correct sampler goes beyond it once in 10,000 times. The seeds are fixed. */
const FURTHEST = 2.23 / Math.sqrt(N);

describe('Beta draws', () => {
  it.each([
    [1, 1],
    [2, 5],
    [0.4, 0.7],
    [20, 1],
    [0.05, 3],
    [13.7, 8.2],
    [300, 500],
  ])('follow Beta(%d, %d) as jStat has it', (a, b) => {
    const random = seededRandom(`beta ${a} ${b}`);
    const sample = Array.from({ length: N }, () => drawBeta(a, b, random)).sort((x, y) => x - y);
    const furthest = sample.reduce((most, x, i) => {
      const cdf: number = jStat.beta.cdf(x, a, b);
      return Math.max(most, Math.abs(cdf - i / N), Math.abs(cdf - (i + 1) / N));
    }, 0);
    expect(furthest).toBeLessThan(FURTHEST);
    for (const q of [0.05, 0.5, 0.95]) {
      const here = sample[Math.floor(q * N)] ?? Number.NaN;
      expect(Math.abs(here - jStat.beta.inv(q, a, b))).toBeLessThan(0.02);
    }
    const mean = sample.reduce((sum, x) => sum + x, 0) / N;
    const sd = Math.sqrt(jStat.beta.variance(a, b));
    expect(Math.abs(mean - jStat.beta.mean(a, b))).toBeLessThan((4 * sd) / Math.sqrt(N));
    const variance = sample.reduce((sum, x) => sum + (x - mean) ** 2, 0) / N;
    expect(variance / jStat.beta.variance(a, b)).toBeCloseTo(1, 1);
  });

  it('are the same for the same seed, to the bit, and others for another', () => {
    const draws = (seed: string) => {
      const random = seededRandom(seed);
      return Array.from({ length: 5 }, () => drawBeta(3.5, 1.5, random));
    };
    expect(draws('a')).toEqual(draws('a'));
    expect(draws('a')).not.toEqual(draws('b'));
    expect(draws('pinned')).toMatchInlineSnapshot(`
      [
        0.40517754969393643,
        0.670415475857532,
        0.2510051229512846,
        0.6674226235000122,
        0.7355955851086972,
      ]
    `);
  });

  it('stay within 0 and 1 where both shapes vanish', () => {
    const random = seededRandom('ends');
    const draws = Array.from({ length: 500 }, () => drawBeta(1e-6, 1e-6, random));
    expect(draws.every((x) => x >= 0 && x <= 1)).toBe(true);
    expect(draws.filter((x) => x > 0.5).length).toBeGreaterThan(150);
    expect(draws.filter((x) => x < 0.5).length).toBeGreaterThan(150);
  });
});
