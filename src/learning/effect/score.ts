import { ln } from '../order/elementary.js';

/** Seconds; what is faster or slower than these counts like them, so that no single incident decides. */
export const FASTEST_S = 5;
export const SLOWEST_S = 2400;

/** The natural logarithm of the widest ratio there can be. */
export const LOG_SPAN = ln(SLOWEST_S / FASTEST_S);

/**
 * Time to recover as a number from 0 (at most 5 s) to 1 (at least 40 min, or never): equal steps are equal ratios.
 * Kept to a millionth.
 */
export function scoreOf(recovered_s: number | undefined): number {
  if (recovered_s === undefined || Number.isNaN(recovered_s)) return 1;
  const clamped = Math.min(SLOWEST_S, Math.max(FASTEST_S, recovered_s));
  return Math.round((ln(clamped / FASTEST_S) / LOG_SPAN) * 1e6) / 1e6;
}
