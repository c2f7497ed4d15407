import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kaplanMeier, type WaitObservation } from '../../../src/learning/waits/kaplan-meier.js';

const healthy = (...seconds: number[]): WaitObservation[] => seconds.map((s) => ({ seconds: s, healthy: true }));
const givenUp = (...seconds: number[]): WaitObservation[] => seconds.map((s) => ({ seconds: s, healthy: false }));

/**
 * Efron's redistribution to the right: every observation has mass 1/n; who gave up hands its mass in equal parts to all that
 * lasted longer. What is left beyond t is the curve at t.
 */
function redistributed(observations: readonly WaitObservation[]): (t: number) => number {
  const rank = ({ seconds, healthy }: WaitObservation) => [seconds, healthy ? 0 : 1] as const;
  const sorted = [...observations].sort((a, b) => rank(a)[0] - rank(b)[0] || rank(a)[1] - rank(b)[1]);
  const mass = sorted.map(() => 1 / sorted.length);
  sorted.forEach((observation, i) => {
    const later = sorted.length - i - 1;
    if (observation.healthy || later === 0) return;
    for (let j = i + 1; j < sorted.length; j++) mass[j] = (mass[j] ?? 0) + (mass[i] ?? 0) / later;
    mass[i] = 0;
  });
  return (t) => sorted.reduce((sum, o, i) => (o.seconds <= t && o.healthy ? sum - (mass[i] ?? 0) : sum), 1);
}

const observations = fc.array(fc.record({ seconds: fc.integer({ min: 0, max: 12 }), healthy: fc.boolean() }), {
  maxLength: 60,
});

describe('the Kaplan–Meier estimate', () => {
  test('the remission times that Freireich and others published (1963)', () => {
    const curve = kaplanMeier([
      ...healthy(6, 6, 6, 7, 10, 13, 16, 22, 23),
      ...givenUp(6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35),
    ]);
    expect(curve.map(({ at_s, survival, at_risk }) => [at_s, Number(survival.toFixed(4)), at_risk])).toEqual([
      [6, 0.8571, 21],
      [7, 0.8067, 17],
      [10, 0.7529, 15],
      [13, 0.6902, 12],
      [16, 0.6275, 11],
      [22, 0.5378, 7],
      [23, 0.4482, 6],
    ]);
  });

  test('agrees with redistribution to the right, ties and all', () => {
    fc.assert(
      fc.property(observations, (sample) => {
        const other = redistributed(sample);
        for (const { at_s, survival } of kaplanMeier(sample)) expect(survival).toBeCloseTo(other(at_s), 9);
      }),
      { numRuns: 500 },
    );
  });

  test('without give-ups it is the share that lasted longer', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1 }), (times) => {
        for (const { at_s, survival } of kaplanMeier(healthy(...times))) {
          expect(survival).toBeCloseTo(times.filter((t) => t > at_s).length / times.length, 9);
        }
      }),
    );
  });

  test('nothing but give-ups: no step', () => {
    expect(kaplanMeier(givenUp(3, 3, 8))).toEqual([]);
    expect(kaplanMeier([])).toEqual([]);
  });

  test('falls, and does not mind the order of what it is given', () => {
    fc.assert(
      fc.property(observations, (sample) => {
        const curve = kaplanMeier(sample);
        curve.forEach((step, i) => {
          expect(step.survival).toBeLessThan(curve[i - 1]?.survival ?? 1);
          expect(step.survival).toBeGreaterThanOrEqual(0);
        });
        expect(kaplanMeier([...sample].reverse())).toEqual(curve);
      }),
    );
  });
});
