import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrationClaim, calibrationRows } from '../../src/evidence/learning-calibration.js';
import type { CalibrationBin } from '../../src/evidence/learning-facts.js';

/** One tenth that holds all predictions. */
const bins = (n: number, chance: number, worked: number): CalibrationBin[] =>
  Array.from({ length: 10 }, (_, i) =>
    i === Math.floor(chance * 10) ? { n, predicted: n * chance, worked } : { n: 0, predicted: 0, worked: 0 },
  );
const verdictOf = (n: number, chance: number, worked: number) => calibrationClaim(bins(n, chance, worked), n).verdict;

describe('the verdict', () => {
  it('is INCONCLUSIVE below 30 predictions, however good they are', () => {
    expect(calibrationClaim(bins(29, 0.55, 16), 40)).toMatchObject({
      id: 'learning_calibration',
      verdict: 'INCONCLUSIVE',
      headline: 'learning calibration: 29 predictions to judge by',
      n: 29,
      excluded: [{ id: 'unpredicted', n: 11 }],
      reasons: ['a verdict needs 30: 1 more'],
    });
    expect(calibrationClaim(bins(0, 0.5, 0), 0).numbers).toMatchObject({
      predicted_rate: null,
      calibration_error: null,
    });
  });

  it('is PASS where as many work as was predicted', () => {
    expect(calibrationClaim(bins(100, 0.65, 62), 100)).toMatchObject({
      verdict: 'PASS',
      headline: 'learning calibration: predicted 65 %, observed 62 %',
      n: 100,
      excluded: [],
    });
    const { numbers } = calibrationClaim(bins(100, 0.65, 62), 100);
    expect(numbers.predicted_rate).toBeCloseTo(0.65, 12);
    expect(numbers.calibration_error).toBeCloseTo(0.03, 12);
  });

  it('is PARTIAL outside of the interval, above and below', () => {
    // 2.5758·√(100·0.5·0.5) + 0.5 = 13.4 of 100.
    expect([36, 37, 63, 64].map((worked) => verdictOf(100, 0.5, worked))).toEqual([
      'PARTIAL',
      'PASS',
      'PASS',
      'PARTIAL',
    ]);
  });

  it('holds of predictions that are right in at least 98.5 of 100 worlds, and of wrong ones hardly ever', () => {
    const passes = (chance: number, truth: number) => {
      let seed = 7;
      const draw = () => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
        return seed / 0x80000000;
      };
      const verdicts = Array.from({ length: 1000 }, () => {
        const worked = Array.from({ length: 80 }, draw).filter((u) => u < truth).length;
        return verdictOf(80, chance, worked);
      });
      return verdicts.filter((verdict) => verdict === 'PASS').length;
    };
    expect(passes(0.65, 0.65)).toBeGreaterThan(985);
    expect(passes(0.75, 0.45)).toBeLessThan(50);
  });
});

it('is total, and its numbers are shares', () => {
  const bin = fc.record({
    n: fc.integer({ min: 0, max: 500 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    right: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(bin, { minLength: 10, maxLength: 10 }), (drawn) => {
      const some = drawn.map(({ n, share, right }, i) => ({
        ...{ n, worked: Math.round(n * right) },
        predicted: n * ((i + share) / 10),
      }));
      const { numbers, n } = calibrationClaim(some, 10_000);
      for (const name of ['predicted_rate', 'observed_rate', 'observed_least', 'observed_most', 'calibration_error']) {
        const value = numbers[name];
        if (n === 0) expect(value).toBeNull();
        else expect(value).toSatisfy((x: number) => x >= 0 && x <= 1 + 1e-9);
      }
    }),
  );
});

it('has a row for each tenth', () => {
  const rows = calibrationRows(bins(4, 0.75, 3));
  expect(rows).toHaveLength(10);
  expect(rows[7]).toEqual({ from: 0.7, to: 0.8, n: 4, predicted: 0.75, observed: 0.75 });
  expect(rows[0]).toEqual({ from: 0, to: 0.1, n: 0, predicted: null, observed: null });
});
