import { formatInstant } from '../core/records/time.js';

/** The end of the year 9999: later ones have no four-digit spelling. */
const LAST_S = 253_402_300_799;

/** A time that somebody else wrote down, in seconds since 1970, as UTC; as a number where it cannot be a date. */
export function instantOf(at_s: number): string {
  return at_s <= LAST_S ? formatInstant(at_s * 1000) : `${at_s} s after 1970`;
}
