/** That many looks at once delay one another by milliseconds at most. */
const TOGETHER = 16;
const LONGEST_S = 1;
const LEAST_SLOTS = 5;

/**
 * Into how many equal parts the time between two looks at a check is divided; it is looked at at the beginning of one of them.
 * Looks that begin together cost half of what they cost one by one, because a processor that has slept is slow at first.
 * `rate` is of all checks together, in looks per second.
 */
export function slotsOf(every_s: number, rate: number): number {
  const longest = Math.min(LONGEST_S, TOGETHER / rate);
  return Math.max(LEAST_SLOTS, Math.ceil(every_s / longest));
}
