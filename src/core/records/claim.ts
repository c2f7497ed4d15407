import type { AttemptOutcome, Incident } from './incident.js';
import type { JsonObject } from './json.js';

/** A process of one boot; a pid alone is reused within minutes. */
export interface ProcessIdentity {
  boot_id: string;
  /** The pid namespace, as /proc/PID/ns/pid names it; pids of another one are not ours to judge. */
  pid_ns?: string;
  /** The time namespace, as /proc/PID/ns/time names it: start times are counted within it. Without it: ours. */
  time_ns?: string;
  pid: number;
  /** Clock ticks since boot, field 22 of /proc/PID/stat. */
  start_time: number;
}

/** A claim as folded from its audit entries. */
export interface Claim {
  /** Entry id of the granting entry. */
  claim_id: string;
  incident_id: string;
  target: string;
  playbook_id: string;
  claimed_at: string;
  owner: ProcessIdentity;
  ended_at: string | null;
  outcome: AttemptOutcome | null;
}

export interface ClaimRequest {
  readonly incident_id: string;
  readonly target: string;
  readonly playbook_id: string;
  /** Line hash of the snapshot on which the request rests, so that nobody acts on what is no longer so. */
  readonly predecessor: string;
}

/** What the logs say at the moment of decision, read under the ledger's lock. */
export interface ClaimSituation {
  readonly incident: { readonly record: Incident; readonly hash: string } | undefined;
  /** Claims on the same incident or the same target that have no end entry. */
  readonly open: readonly Claim[];
}

export type ClaimVerdict =
  | { readonly granted: true }
  | { readonly granted: false; readonly reason: ClaimRefusal; readonly by?: Claim };

export type ClaimRefusal = 'no_such_incident' | 'not_open' | 'changed' | 'claimed_by_another' | 'outcome_unknown';

/**
 * Grants or refuses the right to act. A claim whose owner is gone and which has no outcome is *unknown*: the remedy may
 * have run, so nothing is granted before that has been settled.
 */
export function decideClaim(
  request: ClaimRequest,
  situation: ClaimSituation,
  isAlive: (owner: ProcessIdentity) => boolean,
): ClaimVerdict {
  const { incident, open } = situation;
  if (!incident) return { granted: false, reason: 'no_such_incident' };
  const other = open[0];
  if (other) {
    return { granted: false, reason: isAlive(other.owner) ? 'claimed_by_another' : 'outcome_unknown', by: other };
  }
  if (incident.record.status === 'resolved' || incident.record.status === 'failed') {
    return { granted: false, reason: 'not_open' };
  }
  if (incident.hash !== request.predecessor) return { granted: false, reason: 'changed' };
  return { granted: true };
}

/** Metadata of a `remedy_claimed` entry. */
export function claimMetadata(request: ClaimRequest, owner: ProcessIdentity): JsonObject {
  return {
    incident_id: request.incident_id,
    target: request.target,
    playbook_id: request.playbook_id,
    predecessor: request.predecessor,
    owner: { ...owner },
  };
}
