import { ln } from '../order/elementary.js';
import { type EProcess, mostAtStake, stakeOf } from './e-process.js';
import type { EffectState } from './effect.js';
import { meanDifference, repeated } from './estimate.js';
import { DECISIVE, FEWEST_HOLDOUT, FEWEST_LEARNED } from './thresholds.js';

/** Beyond so many a forecast is no help to anybody. */
const MOST_FORESEEN = 10_000;

/** With fewer compared there is no telling how large the effect is. */
const FEWEST_COMPARED = 20;

/**
 * About how many more incidents, compared or not, would decide, if they are like those so far: until the wealth of the
 * gambler who is ahead and, for a PASS, the interval and the least numbers of each arm are decisive. Undefined where no end
 * is in sight.
 */
export function remainingIncidents({ incidents, learned, holdout, time }: EffectState): number | undefined {
  const compared = learned.n + holdout.n;
  if (compared < FEWEST_COMPARED || learned.n === 0 || holdout.n === 0) return undefined;
  const faster = time.w_phi > 0;
  const needed = faster
    ? [
        (untilWealth(time, time.above) * incidents) / compared,
        (untilInterval(time) * incidents) / compared,
        ((FEWEST_LEARNED - learned.n) * incidents) / learned.n,
        ((FEWEST_HOLDOUT - holdout.n) * incidents) / holdout.n,
      ]
    : [(untilWealth(time, time.below) * incidents) / compared];
  const more = Math.ceil(Math.max(0, ...needed));
  return more <= MOST_FORESEEN ? more : undefined;
}

/** Comparisons until this wealth is decisive, if it grows at the mean logarithmic rate, taken to second order. */
function untilWealth(time: EProcess, wealth: number): number {
  if (wealth >= DECISIVE) return 0;
  const weight = time.w / time.n;
  const mean = Math.abs(time.w_phi / time.w);
  const square = time.w_phi2 / time.w;
  // The share of holdout that has the mean weight.
  const share = (1 - Math.sqrt(Math.max(0, 1 - 4 * weight))) / 2;
  const stake = Math.min(mostAtStake(share), Math.abs(stakeOf(time, weight)));
  const growth = stake * mean - (stake * stake * square) / 2;
  return growth > 0 ? ln(DECISIVE / wealth) / growth : Number.POSITIVE_INFINITY;
}

/** Comparisons until the interval is narrower than the difference: by bisection, as its width falls with every repetition. */
function untilInterval(time: EProcess): number {
  const excludes = (times: number) => {
    const difference = meanDifference(repeated(time, times));
    return difference !== undefined && Math.abs(difference.mean) > difference.within;
  };
  let [low, high] = [0, MOST_FORESEEN];
  if (!excludes(1 + high / time.n)) return Number.POSITIVE_INFINITY;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (excludes(1 + middle / time.n)) high = middle;
    else low = middle;
  }
  return excludes(1) ? 0 : high;
}
