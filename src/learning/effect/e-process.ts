import { kept } from '../order/kept.js';

/** A bet never risks more than this share of what is there. */
const MOST_AT_STAKE = 0.9;

/** The largest number that is kept; what is beyond it is beyond all doubt. */
const MOST = 1e300;

/**
 * What is known of a series of differences φ, each between an outcome in one arm and none in the other, and the wealth of
 * two gamblers: one bets that their mean is above 0, one that it is below. Plain JSON of a fixed size.
 *
 * φ of an incident drawn with another probability has another variance, 1/(h(1−h)) times that of the outcome; sums are
 * therefore weighted by w = h(1−h), which is nothing but a factor where h stays the same.
 */
export interface EProcess {
  readonly n: number;
  /** E-values: both at most 1 in expectation at any time, if arms make no difference. */
  readonly above: number;
  readonly below: number;
  /** Σ w, Σ wφ, Σ wφ². */
  readonly w: number;
  readonly w_phi: number;
  readonly w_phi2: number;
  /** Σ w², Σ w²φ, Σ w²φ²: for the width of the interval. */
  readonly w2: number;
  readonly w2_phi: number;
  readonly w2_phi2: number;
}

export const NO_BETS: EProcess = {
  ...{ n: 0, above: 1, below: 1 },
  ...{ w: 0, w_phi: 0, w_phi2: 0 },
  ...{ w2: 0, w2_phi: 0, w2_phi2: 0 },
};

/**
 * The inverse-propensity difference of one incident: its mean over the draw of the arm is the outcome under the baseline
 * less the outcome under the learned order, whatever `centre` is, as long as it was known before.
 *
 * @param holdout_share The probability with which the incident was to be handled by the baseline; above 0 and below 1.
 * @param centred The outcome less what was expected of it; within −1 and 1.
 */
export function differenceOf(holdout: boolean, holdout_share: number, centred: number): number {
  return holdout ? centred / holdout_share : -centred / (1 - holdout_share);
}

/**
 * Multiplies both wealths with 1 + λφ (and 1 − λφ); λ rests on earlier incidents only and is so small that wealth stays
 * positive: with it the wealth is a nonnegative supermartingale under "no better", and may be looked at at any time (Ville).
 */
export function placeBets(before: EProcess, phi: number, holdout_share: number): EProcess {
  const weight = holdout_share * (1 - holdout_share);
  const most = mostAtStake(holdout_share);
  const stake = stakeOf(before, weight);
  const up = Math.min(most, Math.max(0, stake));
  const down = Math.min(most, Math.max(0, -stake));
  const w_phi = weight * phi;
  return {
    n: before.n + 1,
    above: kept(Math.min(MOST, before.above * (1 + up * phi))),
    below: kept(Math.min(MOST, before.below * (1 - down * phi))),
    w: kept(before.w + weight),
    w_phi: kept(before.w_phi + w_phi),
    w_phi2: kept(before.w_phi2 + w_phi * phi),
    w2: kept(before.w2 + weight * weight),
    w2_phi: kept(before.w2_phi + weight * w_phi),
    w2_phi2: kept(before.w2_phi2 + w_phi * w_phi),
  };
}

/** λ before it is cut: mean φ ÷ mean φ², for an incident of this weight. 0 before there is anything to go by. */
export function stakeOf({ n, w, w_phi, w_phi2 }: EProcess, weight: number): number {
  return w_phi2 > 0 ? ((w_phi / w) * weight * n) / w_phi2 : 0;
}

/** 0.9/B, where |φ| ≤ B = max(1/h, 1/(1−h)). */
export function mostAtStake(holdout_share: number): number {
  return MOST_AT_STAKE * Math.min(holdout_share, 1 - holdout_share);
}
