/** So many states are weighed, and remembered. */
export const MOST_SEEN = 21;

/**
 * Whether a check changes so often that acting on it would add to the trouble. The monitoring world's weighting: of the
 * last 21 states the 20 changes between them, the newest weighing 1.2 and the oldest 0.8 (Nagios Core, "Detection and
 * handling of state flapping"). States that were not seen yet count as no change.
 *
 * It begins at `high` and ends below `low`, so that it does not flap itself.
 */
export function flapping(
  states: readonly boolean[],
  before: boolean,
  { low, high }: { readonly low: number; readonly high: number },
): boolean {
  const share = weightedChanges(states);
  return before ? share >= low : share >= high;
}

/** 0 to 1. */
export function weightedChanges(states: readonly boolean[]): number {
  const changes = MOST_SEEN - 1;
  let sum = 0;
  for (let i = 1; i < states.length; i++) {
    if (states[i] === states[i - 1]) continue;
    // The newest change is number `changes - 1`, however few states there are.
    const age = changes - (states.length - i);
    sum += 0.8 + (0.4 * age) / (changes - 1);
  }
  return sum / changes;
}
