import fc from 'fast-check';
import { mean, standardDeviation } from 'simple-statistics';
import { describe, expect, test } from 'vitest';
import { streamOf } from '../../../bench/programs/learning-effect-worlds.js';
import { differenceOf, type EProcess, NO_BETS, placeBets } from '../../../src/learning/effect/e-process.js';
import { estimateOf, meanDifference, repeated } from '../../../src/learning/effect/estimate.js';

const differences = fc.array(fc.tuple(fc.boolean(), fc.double({ min: -1, max: 1, noNaN: true })), {
  minLength: 2,
  maxLength: 60,
});
const bets = (some: readonly (readonly [boolean, number])[], share: number): EProcess =>
  some.reduce((e, [holdout, centred]) => placeBets(e, differenceOf(holdout, share, centred), share), NO_BETS);

describe('the estimate of the effect', () => {
  test('mean and standard error as another implementation has them, where the share stays the same', () => {
    fc.assert(
      fc.property(differences, (some) => {
        const phis = some.map(([holdout, centred]) => differenceOf(holdout, 0.2, centred));
        const kept = meanDifference(bets(some, 0.2));
        expect(kept?.mean).toBeCloseTo(mean(phis), 6);
        expect(kept?.standard_error).toBeCloseTo(standardDeviation(phis) / Math.sqrt(phis.length), 5);
      }),
    );
  });

  test('nothing compared: no estimate; else a ratio inside its bounds, which are those of the scale at most', () => {
    expect(estimateOf(NO_BETS)).toBeUndefined();
    fc.assert(
      fc.property(differences, fc.double({ min: 0.02, max: 0.98, noNaN: true }), (some, share) => {
        const { ratio, low, high } = estimateOf(bets(some, share)) ?? { ratio: 0, low: 0, high: 0 };
        expect(low).toBeLessThanOrEqual(ratio);
        expect(ratio).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual((1 / 480) * (1 - 1e-8));
        expect(high).toBeLessThanOrEqual(480 * (1 + 1e-8));
      }),
    );
  });

  test('more of the same makes it narrower', () => {
    fc.assert(
      fc.property(differences, (some) => {
        const e = bets(some, 0.2);
        expect(meanDifference(repeated(e, 4))?.within).toBeLessThan(meanDifference(e)?.within ?? 0);
        expect(meanDifference(repeated(e, 4))?.mean).toBeCloseTo(meanDifference(e)?.mean ?? 0, 9);
      }),
    );
  });

  test('holds the truth at every look from the hundredth on, in 95 of 100 series, with shares that change', () => {
    const [series, truth] = [200, 0.1];
    let missed = 0;
    for (let seed = 0; seed < series; seed++) {
      const stream = streamOf(seed);
      let e = NO_BETS;
      let ever = false;
      for (let i = 0; i < 600; i++) {
        const share = i < 300 ? 0.2 : 0.05 + 0.1 * stream();
        const holdout = stream() < share;
        // Two values far apart: as skewed as an outcome can be.
        const outcome = stream() < (holdout ? 0.2 + truth : 0.2) ? 1 : 0;
        e = placeBets(e, differenceOf(holdout, share, outcome - 0.22), share);
        const known = meanDifference(e);
        ever ||= i >= 100 && known !== undefined && Math.abs(known.mean - truth) > known.within;
      }
      missed += ever ? 1 : 0;
    }
    expect(missed).toBeLessThanOrEqual(0.05 * series);
  });
});
