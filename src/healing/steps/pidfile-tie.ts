import { type Liveness, livenessOf } from '../../core/host/process-identity.js';
import type { ProcessIdentity } from '../../core/records/claim.js';

/**
 * How far a pidfile vouches for the process that has its pid now. Only what grace has noted of its own is certain. The rest
 * compares a date with a start since boot, between which the clock may have been set: a hint, on which nobody is ended who
 * was not started shortly before the file was written.
 */
export type PidfileTie =
  /** Noted: grace has started this very process. */
  | 'ours'
  /** Noted: grace has started another, which has ended. */
  | 'reused'
  /** Started shortly before the file was written. */
  | 'likely'
  /** Started after it was written, as it seems. */
  | 'younger'
  /** Started long before it was written, as it seems. */
  | 'older';

/** Ticks of /proc on every Linux that Node runs on. */
const TICKS_PER_S = 100;
/** The moment of boot is told in whole seconds, and files carry the time of the last tick. */
const SLACK_S = 2;
/** A service names itself as soon as it is up. */
const NAMED_WITHIN_S = 60;

export interface TieFacts {
  /** What has the pid now. */
  readonly identity: ProcessIdentity;
  /** What the note on the file says it was written for. */
  readonly noted: ProcessIdentity | undefined;
  readonly written_ms: number;
  /** When this host was started, as its clock has it now; seconds since 1970. */
  readonly booted_s: number;
}

export function tieOf(
  { identity, noted, written_ms, booted_s }: TieFacts,
  liveness: (who: ProcessIdentity) => Liveness = livenessOf,
): PidfileTie {
  if (noted?.pid === identity.pid) {
    const life = liveness(noted);
    if (life === 'alive') return 'ours';
    if (life === 'gone') return 'reused';
  }
  const after_s = written_ms / 1000 - (booted_s + identity.start_time / TICKS_PER_S);
  if (after_s < -SLACK_S) return 'younger';
  return after_s > NAMED_WITHIN_S ? 'older' : 'likely';
}
