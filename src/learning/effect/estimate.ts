import { exp, ln } from '../order/elementary.js';
import { kept } from '../order/kept.js';
import type { EProcess } from './e-process.js';
import { LOG_SPAN } from './score.js';

/** 1 − the confidence of the interval, which holds at all times at once. */
const ALPHA = 0.05;

/**
 * Where the interval is tightest, in units of Σ w²(φ − mean)²: at some hundred incidents with a holdout of 10 to 20 %. Any
 * number is right, but it must not be chosen after a look at the data.
 */
const TIGHTEST_AT = 0.25;

/** What the interval rests on. */
type Sums = Pick<EProcess, 'w' | 'w_phi' | 'w2' | 'w2_phi' | 'w2_phi2'>;

/** Time to recover with the learned order as a multiple of the baseline's; below 1 is faster. */
export interface EffectEstimate {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** A mean difference and its bounds. */
export interface MeanDifference {
  readonly mean: number;
  /** Half the width of the 95 % confidence sequence. */
  readonly within: number;
  readonly standard_error: number;
}

/**
 * The weighted mean of φ (inverse-propensity weighted; each incident weighs h(1−h), the precision its draw leaves it) with an
 * asymptotic confidence sequence: the normal mixture of Robbins with the running variance in place of the true one
 * (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences",
 * 2021). It may be looked at after every incident, effects may change over time (it then bounds the mean effect so far),
 * and it is a limit theorem: with few incidents it says too much, so it is not to be shown before the least numbers of
 * a verdict are there. Absent before the first comparison.
 */
export function meanDifference({ w, w_phi, w2, w2_phi, w2_phi2 }: Sums): MeanDifference | undefined {
  if (w === 0) return undefined;
  const mean = w_phi / w;
  const variance = Math.max(0, w2_phi2 - 2 * mean * w2_phi + mean * mean * w2);
  const mixed = variance + TIGHTEST_AT;
  const within = Math.sqrt(mixed * ln(mixed / (TIGHTEST_AT * ALPHA * ALPHA))) / w;
  return { mean, within, standard_error: Math.sqrt(variance) / w };
}

/** The ratio of the geometric means of (clamped) time to recover, over incidents in which the two orders differed. */
export function estimateOf(time: EProcess): EffectEstimate | undefined {
  const difference = meanDifference(time);
  if (difference === undefined) return undefined;
  const { mean, within } = difference;
  const ratioOf = (faster: number) => kept(exp(-Math.min(1, Math.max(-1, faster)) * LOG_SPAN));
  return { ratio: ratioOf(mean), low: ratioOf(mean + within), high: ratioOf(mean - within) };
}

/** The sums after so many times as many incidents of the same kind. */
export function repeated({ w, w_phi, w2, w2_phi, w2_phi2 }: EProcess, times: number): Sums {
  return { w: w * times, w_phi: w_phi * times, w2: w2 * times, w2_phi: w2_phi * times, w2_phi2: w2_phi2 * times };
}
