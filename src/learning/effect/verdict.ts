import type { EffectState } from './effect.js';
import { type EffectEstimate, estimateOf, meanDifference } from './estimate.js';
import { remainingIncidents } from './remaining.js';
import { DECISIVE, FEWEST_HOLDOUT, FEWEST_LEARNED } from './thresholds.js';

export type EffectReason =
  | 'faster'
  | 'slower'
  | 'guard_breached'
  | 'not_reproducible'
  | 'few_learned'
  | 'few_holdout'
  | 'not_shown'
  | 'worse_outcomes';

export interface EffectVerdict {
  readonly verdict: 'PASS' | 'INCONCLUSIVE' | 'FAIL';
  /** Everything that stands in the way, or the one thing that shows it. */
  readonly reasons: readonly EffectReason[];
  /** E-values: for faster, for slower, for relapsing or escalating more often. Decisive from 20. */
  readonly e_faster: number;
  readonly e_slower: number;
  readonly e_worse: number;
  /** Only from the least numbers of a verdict on; before them the interval would say too much. */
  readonly estimate?: EffectEstimate;
  /** About how many more incidents would decide; absent when decided, or when no end is in sight. */
  readonly more_incidents?: number;
}

/** Found by others: whether the replay of the log gave another state, or the audit log is broken. */
export interface EffectSurroundings {
  readonly reproducible: boolean;
}

/** What may be said today of whether learning helps. */
export function effectVerdict(state: EffectState, { reproducible }: EffectSurroundings): EffectVerdict {
  const { time, bad, learned, holdout } = state;
  const figures = { e_faster: time.above, e_slower: time.below, e_worse: bad.below };
  const few: EffectReason[] = [];
  if (learned.n < FEWEST_LEARNED) few.push('few_learned');
  if (holdout.n < FEWEST_HOLDOUT) few.push('few_holdout');
  const estimate = few.length === 0 ? estimateOf(time) : undefined;
  const known = { ...figures, ...(estimate !== undefined && { estimate }) };

  const failed: EffectReason[] = [];
  if (!reproducible) failed.push('not_reproducible');
  if (guardBreached(state)) failed.push('guard_breached');
  if (time.below >= DECISIVE) failed.push('slower');
  if (failed.length > 0) return { verdict: 'FAIL', reasons: failed, ...known };

  const open = [...few];
  // The e-value decides; a PASS beside an interval with 1 in it would contradict itself.
  if (time.above < DECISIVE || (estimate !== undefined && estimate.high >= 1)) open.push('not_shown');
  if (worseOutcomes(state)) open.push('worse_outcomes');
  if (open.length === 0) return { verdict: 'PASS', reasons: ['faster'], ...known };
  const more = remainingIncidents(state);
  return { verdict: 'INCONCLUSIVE', reasons: open, ...known, ...(more !== undefined && { more_incidents: more }) };
}

/** Whether the learned order relapses or escalates more often beyond doubt: then it is rolled back at once, whatever the numbers. */
export function guardBreached({ bad }: EffectState): boolean {
  return bad.below >= DECISIVE;
}

/**
 * So many standard errors more relapses and escalations than the baseline are too many to call it no worse: a one-sided test
 * of 5 %. Stricter than the guard, which must be beyond doubt after any number of looks, and it only withholds a PASS.
 */
const MOST_WORSE = 1.645;

function worseOutcomes({ bad }: EffectState): boolean {
  const difference = meanDifference(bad);
  return difference !== undefined && -difference.mean > MOST_WORSE * difference.standard_error;
}
