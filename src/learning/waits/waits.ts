import { kept } from '../order/kept.js';
import { bestWait } from './best-wait.js';
import { kaplanMeier, type WaitObservation } from './kaplan-meier.js';

/** So many waits are remembered: what a service did long ago says little of what it does today. */
export const WAITS_KEPT = 80;

/** Below so many a curve is an anecdote, and the wait stays as it is. */
export const FEWEST_WAITS = 10;

/** What is set is longer than the best wait by this: too short costs a whole step, too long only seconds. */
const MARGIN = 1.25;

/** A step changes the wait by a quarter at most, so that one odd week cannot. */
const MOST_UP = 1.25;
const MOST_DOWN = 0.75;

/** Less is not worth a version. */
const LEAST_CHANGE = 0.05;

/** So many of the newest waits are held against those before them, and this is how unlikely chance must be. */
const NEWEST = 8;
const CHANCE = 0.01;

/** Plain JSON; the oldest first. One per playbook of a failure mode. */
export interface WaitsState {
  readonly observations: readonly WaitObservation[];
}

export interface WaitBounds {
  /** The wait of today, seconds. */
  readonly wait_s: number;
  /** The author's bounds, seconds. */
  readonly min_s: number;
  readonly max_s: number;
  /** What giving up costs: expected seconds of all that is tried after it. */
  readonly next_step_s: number;
}

export interface ChosenWait {
  /** What to set: today's wait where there is nothing to change. */
  readonly wait_s: number;
  /**
   * Why: the curve was followed, or could not be followed at once or at all; `wider` looks for recoveries that come later
   * than anyone has waited.
   */
  readonly reason: 'best' | 'unchanged' | 'bounded' | 'wider' | 'few';
  /** The numbers behind it. */
  readonly observed: number;
  readonly given_up: number;
  /** w*, seconds; absent where nothing recovered. */
  readonly best_s?: number;
  /** Expected seconds with w*, by the curve. */
  readonly best_cost_s?: number;
}

export const NO_WAITS: WaitsState = { observations: [] };

/** Folds one wait in: from the end of a remedy to health or to giving up. What is no length of time is left out. */
export function observeWait(state: WaitsState, { seconds, healthy }: WaitObservation): WaitsState {
  if (!Number.isFinite(seconds) || seconds < 0) return state;
  const next = { seconds: kept(seconds), healthy };
  return { observations: [...state.observations, next].slice(-WAITS_KEPT) };
}

/** How long to wait for health from now on. Total and deterministic; O(n log n) of at most 80. */
export function chooseWait({ observations }: WaitsState, bounds: WaitBounds): ChosenWait {
  const { wait_s, min_s, max_s, next_step_s } = bounds;
  const observed = observations.length;
  const given_up = observations.filter(({ healthy }) => !healthy).length;
  const bounded = (wanted: number) =>
    kept(Math.min(max_s, Math.max(min_s, Math.min(wait_s * MOST_UP, Math.max(wait_s * MOST_DOWN, wanted)))));
  if (observed < FEWEST_WAITS) return { wait_s: bounded(wait_s), reason: 'few', observed, given_up };
  // The curve ends where waiting ended: of recoveries that now come later it knows nothing, and would cut off its own evidence.
  if (given_up === observed || moreGivenUp(observations))
    return { wait_s: bounded(wait_s * MOST_UP), reason: 'wider', observed, given_up };
  const best = bestWait(kaplanMeier(observations), next_step_s);
  const behind = { observed, given_up, best_s: kept(best.wait_s), best_cost_s: kept(best.cost_s) };
  const wanted = MARGIN * best.wait_s;
  const set = bounded(wanted);
  if (Math.abs(set - wait_s) < LEAST_CHANGE * wait_s && wait_s >= min_s && wait_s <= max_s) {
    return { wait_s, reason: 'unchanged', ...behind };
  }
  return { wait_s: set, reason: set === kept(wanted) ? 'best' : 'bounded', ...behind };
}

/** Whether the newest waits were given up more often than those before them, by more than chance would have it. */
function moreGivenUp(observations: readonly WaitObservation[]): boolean {
  const [older, newest] = [observations.slice(0, -NEWEST), observations.slice(-NEWEST)];
  const inVain = (waits: readonly WaitObservation[]) => waits.filter(({ healthy }) => !healthy).length;
  return atLeast(inVain(newest), newest.length, (inVain(older) + 1) / (older.length + 2)) < CHANCE;
}

/** P(X ≥ least) for X binomial. */
function atLeast(least: number, n: number, p: number): number {
  let term = 1;
  for (let i = 0; i < n; i++) term *= 1 - p;
  let below = 0;
  for (let k = 0; k < least; k++) {
    below += term;
    term *= ((n - k) / (k + 1)) * (p / (1 - p));
  }
  return 1 - below;
}
