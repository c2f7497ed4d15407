import { own } from '../order/tally.js';
import type { CheckState, LearnState } from './learn-state.js';

/** What holds for a check; undefined while nothing was ever learned or said of it. */
export function checkState(state: LearnState, check: string): CheckState | undefined {
  return own(state.checks, check);
}

/** Of which nothing is known but its first order; empty where not even that is. */
export function newCheckState(first: readonly string[]): CheckState {
  return {
    ...{ first: [...first], incumbent: [...first], candidate: [...first], version: null },
    ...{ waits: {}, waited: {}, outcomes: 0, outcomes_at_change: 0, surprises: 0, held: false },
  };
}
