import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differenceOf, type EProcess, NO_BETS, placeBets } from '../../../src/learning/effect/e-process.js';

const shares = fc.double({ min: 0.02, max: 0.98, noNaN: true });
const centred = fc.double({ min: -1, max: 1, noNaN: true });
const past = fc.array(fc.record({ holdout: fc.boolean(), share: shares, centred }), { maxLength: 60 });

const foldedBets = (incidents: readonly { holdout: boolean; share: number; centred: number }[]): EProcess =>
  incidents.reduce((e, i) => placeBets(e, differenceOf(i.holdout, i.share, i.centred), i.share), NO_BETS);

/** The mean over the draw of the arm, with what would have come out in each. */
const expected = (before: EProcess, share: number, ofBaseline: number, ofLearned: number, side: 'above' | 'below') =>
  share * placeBets(before, differenceOf(true, share, ofBaseline), share)[side] +
  (1 - share) * placeBets(before, differenceOf(false, share, ofLearned), share)[side];

/** Nine digits are kept. */
const ROUNDING = 1 + 1e-8;

describe('the e-process', () => {
  test('the difference is without bias for any probability of the draw and any centre', () => {
    fc.assert(
      fc.property(shares, centred, centred, (share, ofBaseline, ofLearned) => {
        const mean =
          share * differenceOf(true, share, ofBaseline) + (1 - share) * differenceOf(false, share, ofLearned);
        expect(mean).toBeCloseTo(ofBaseline - ofLearned, 9);
      }),
    );
  });

  test('a nonnegative supermartingale after any past whatever, if the arm makes no difference', () => {
    fc.assert(
      fc.property(past, shares, centred, (incidents, share, outcome) => {
        const before = foldedBets(incidents);
        for (const side of ['above', 'below'] as const) {
          expect(before[side]).toBeGreaterThan(0);
          expect(expected(before, share, outcome, outcome, side)).toBeLessThanOrEqual(before[side] * ROUNDING);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('nobody grows rich on being wrong: a slower learned order never feeds the bet that it is faster', () => {
    fc.assert(
      fc.property(past, shares, centred, centred, (incidents, share, a, b) => {
        const [fast, slow] = [Math.min(a, b), Math.max(a, b)];
        const before = foldedBets(incidents);
        expect(expected(before, share, fast, slow, 'above')).toBeLessThanOrEqual(before.above * ROUNDING);
        expect(expected(before, share, slow, fast, 'below')).toBeLessThanOrEqual(before.below * ROUNDING);
      }),
    );
  });

  test('the worse the baseline did, or the better the learned order, the more it is worth', () => {
    fc.assert(
      fc.property(past, fc.boolean(), shares, centred, centred, (incidents, holdout, share, a, b) => {
        const before = foldedBets(incidents);
        const [good, poor] = holdout ? [Math.max(a, b), Math.min(a, b)] : [Math.min(a, b), Math.max(a, b)];
        const one = placeBets(before, differenceOf(holdout, share, poor), share);
        const other = placeBets(before, differenceOf(holdout, share, good), share);
        expect(other.above).toBeGreaterThanOrEqual(one.above);
        expect(other.below).toBeLessThanOrEqual(one.below);
      }),
    );
  });

  test('with the arms exchanged the two gamblers change places', () => {
    fc.assert(
      fc.property(past, (incidents) => {
        const [one, other] = [
          foldedBets(incidents),
          foldedBets(
            incidents.map(({ holdout, share, centred }) => ({ holdout: !holdout, share: 1 - share, centred })),
          ),
        ];
        expect(Math.abs(Math.log(one.above / other.below))).toBeLessThan(1e-6);
        expect(Math.abs(Math.log(one.below / other.above))).toBeLessThan(1e-6);
      }),
    );
  });

  test('as the design has it, where the share stays the same', () => {
    fc.assert(
      fc.property(shares, fc.array(fc.tuple(fc.boolean(), centred), { maxLength: 50 }), (share, incidents) => {
        const bound = Math.max(1 / share, 1 / (1 - share));
        let [e, sum, squares, n] = [1, 0, 0, 0];
        for (const [holdout, y] of incidents) {
          const phi = (holdout ? 1 / share : -1 / (1 - share)) * y;
          const mean = n === 0 ? 0 : sum / n;
          const stake = squares === 0 ? 0 : Math.min(0.9 / bound, Math.max(0, mean / (squares / n)));
          e *= 1 + stake * phi;
          [sum, squares, n] = [sum + phi, squares + phi * phi, n + 1];
        }
        const kept = foldedBets(incidents.map(([holdout, y]) => ({ holdout, share, centred: y }))).above;
        expect(Math.abs(Math.log(kept / e))).toBeLessThan(1e-5);
      }),
    );
  });
});
