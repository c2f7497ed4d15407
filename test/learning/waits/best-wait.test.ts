import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bestWait, costOfWait } from '../../../src/learning/waits/best-wait.js';
import { kaplanMeier } from '../../../src/learning/waits/kaplan-meier.js';

describe('the best wait', () => {
  test('a remedy that works at once or never: wait for the ones, not for the others', () => {
    const curve = kaplanMeier([
      ...Array.from({ length: 7 }, () => ({ seconds: 10, healthy: true })),
      ...Array.from({ length: 3 }, () => ({ seconds: 60, healthy: false })),
    ]);
    expect(bestWait(curve, 100).wait_s).toBe(10);
    expect(bestWait(curve, 100).cost_s).toBeCloseTo(10 + 0.3 * 100, 9);
    // A next step that is quicker than the remedy: do not wait.
    expect(bestWait(curve, 5)).toEqual({ wait_s: 0, cost_s: 5 });
  });

  const samples = fc.array(fc.record({ seconds: fc.integer({ min: 1, max: 40 }), healthy: fc.boolean() }), {
    maxLength: 40,
  });

  test('no wait on a fine grid is better', () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 0, max: 200 }), (sample, next_step_s) => {
        const curve = kaplanMeier(sample);
        const best = bestWait(curve, next_step_s);
        expect(costOfWait(curve, best.wait_s, next_step_s)).toBeCloseTo(best.cost_s, 9);
        for (let wait = 0; wait <= 42; wait += 0.25) {
          expect(costOfWait(curve, wait, next_step_s)).toBeGreaterThanOrEqual(best.cost_s - 1e-9);
        }
      }),
    );
  });

  test('the cost is what the sample would have cost, where nothing was given up', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        fc.double({ min: 0, max: 50, noNaN: true }),
        (times, wait) => {
          const curve = kaplanMeier(times.map((seconds) => ({ seconds, healthy: true })));
          const cost = times.reduce((sum, t) => sum + (t <= wait ? t : wait + 33), 0) / times.length;
          expect(costOfWait(curve, wait, 33)).toBeCloseTo(cost, 6);
        },
      ),
    );
  });

  test('the dearer the next step, the longer the wait', () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 0, max: 99 }), fc.integer({ min: 0, max: 99 }), (sample, a, b) => {
        const curve = kaplanMeier(sample);
        const [cheap, dear] = [Math.min(a, b), Math.max(a, b)];
        expect(bestWait(curve, dear).wait_s).toBeGreaterThanOrEqual(bestWait(curve, cheap).wait_s);
      }),
    );
  });
});
