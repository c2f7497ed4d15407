import { isJsonObject, type JsonObject } from './json.js';
import { parseInstant } from './time.js';

/** When something was: on the monotonic clock of one boot, as far as that is known, and as a date. */
export interface Moment {
  readonly boot_id: string | null;
  /** Monotonic seconds of that boot. */
  readonly elapsed_s: number | null;
  /** UTC. */
  readonly at: string;
}

/** The present. */
export interface Now {
  readonly boot_id: string;
  readonly elapsed_s: number;
  /** Milliseconds since 1970, UTC. */
  readonly ms: number;
}

/**
 * Seconds since then, never negative: elapsed ones within a boot, which no change of the clock moves; across boots the
 * dates are all there is.
 */
export function ageOf(moment: Moment, now: Now): number {
  if (moment.boot_id === now.boot_id && moment.elapsed_s !== null) return Math.max(0, now.elapsed_s - moment.elapsed_s);
  const then = parseInstant(moment.at);
  return then === undefined ? 0 : Math.max(0, (now.ms - then) / 1000);
}

/** As an entry's metadata hold it. */
export function clockOf(now: Pick<Now, 'boot_id' | 'elapsed_s'>): JsonObject {
  return { clock: { boot_id: now.boot_id, elapsed_s: Math.round(now.elapsed_s * 1e6) / 1e6 } };
}

/** What {@link clockOf} has written; nulls where it is missing or is something else. */
export function readClock(metadata: JsonObject): Pick<Moment, 'boot_id' | 'elapsed_s'> {
  const clock = isJsonObject(metadata.clock) ? metadata.clock : {};
  return {
    boot_id: typeof clock.boot_id === 'string' ? clock.boot_id : null,
    elapsed_s: typeof clock.elapsed_s === 'number' && clock.elapsed_s >= 0 ? clock.elapsed_s : null,
  };
}
