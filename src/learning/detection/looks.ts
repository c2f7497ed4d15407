import { parseInstant } from '../../core/records/time.js';

/** A probe as `probes.db` keeps it. */
export interface StoredProbe {
  /** When it began, UTC. */
  readonly at: string;
  readonly status: string;
  readonly duration_s: number;
  /** JSON of figures `{label, value, unit, max?, …}`, or `null`. */
  readonly perfdata: string | null;
}

export type Status = 'ok' | 'warning' | 'critical' | 'unknown';

/** One probe, as it was judged and as it would have been judged under what is considered instead. */
export interface Look {
  readonly ms: number;
  readonly status: Status;
  readonly instead: Status;
}

/** So many of the newest probes are replayed; more are not kept. */
export const MOST_PROBES = 2000;

/** Probes that are missing one after another: grace did not run, and nobody knows what went on. */
const MISSED_PROBES = 3;
const SPARE_S = 1;

/** What is spelled otherwise says as little as a probe that could not run. */
export function statusOf(status: string): Status {
  return status === 'ok' || status === 'warning' || status === 'critical' ? status : 'unknown';
}

/**
 * Probes, oldest first, in stretches within which none is missing. A clock that was set back, and a date that is none,
 * end a stretch, too. `instead`: how probe `i` would have been judged; without it as it was.
 */
export function stretchesOf(
  probes: readonly StoredProbe[],
  every_s: number,
  instead?: (probe: StoredProbe, i: number) => Status,
): Look[][] {
  const stretches: Look[][] = [];
  let open: Look[] = [];
  let until = { from_ms: Number.NaN, to_ms: Number.NaN };
  for (const [i, probe] of probes.entries()) {
    const ms = parseInstant(probe.at) ?? Number.NaN;
    if (!(ms >= until.from_ms && ms <= until.to_ms)) {
      open = [];
      stretches.push(open);
    }
    const status = statusOf(probe.status);
    open.push({ ms, status, instead: instead?.(probe, i) ?? status });
    until = { from_ms: ms, to_ms: ms + 1000 * (MISSED_PROBES * (every_s + probe.duration_s) + SPARE_S) };
  }
  return stretches;
}
