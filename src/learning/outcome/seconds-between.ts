import type { Moment } from '../../core/records/moment.js';
import { parseInstant } from '../../core/records/time.js';

/**
 * Seconds from one moment to another, never negative, as `ageOf` has it: elapsed ones within a boot, by the dates across
 * boots. Undefined where a date that is needed is none.
 */
export function secondsBetween(from: Moment, to: Moment): number | undefined {
  if (from.boot_id !== null && from.boot_id === to.boot_id && from.elapsed_s !== null && to.elapsed_s !== null) {
    return Math.max(0, to.elapsed_s - from.elapsed_s);
  }
  const [begun, ended] = [parseInstant(from.at), parseInstant(to.at)];
  return begun === undefined || ended === undefined ? undefined : Math.max(0, (ended - begun) / 1000);
}
