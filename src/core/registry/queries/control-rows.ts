import type { Claim } from '../../records/claim.js';
import type { AttemptOutcome } from '../../records/incident.js';
import type { JsonObject } from '../../records/json.js';
import type { Moment } from '../../records/moment.js';

/** A claim and its place in the audit log, with its times on the monotonic clock. */
export interface PlacedClaim extends Claim {
  readonly line: number;
  readonly granted: Moment;
  /** `null` while it has not ended. */
  readonly ended: Moment | null;
  /** The configuration under which it was granted. */
  readonly config_version: string | null;
  /** Seconds, as its end says them: of its steps, of the wait for health (`null`: there was none), and what was set. */
  readonly act_s: number | null;
  readonly verify_s: number | null;
  readonly within_s: number | null;
  readonly relapse_s: number | null;
}

/** An entry on which decisions rest. */
export interface ControlEntry extends Moment {
  readonly line: number;
  readonly action: string;
  readonly subject: string;
  readonly actor: string;
  readonly entry_id: string;
  readonly origin: string | null;
  readonly decision: JsonObject;
  readonly metadata: JsonObject;
}

export interface ClaimRow {
  claim_id: string;
  incident_id: string;
  target: string;
  playbook_id: string;
  claimed_at: string;
  boot_id: string;
  pid_ns: string | null;
  time_ns: string | null;
  pid: number;
  start_time: number;
  line: number;
  elapsed_s: number | null;
  ended_at: string | null;
  ended_s: number | null;
  outcome: AttemptOutcome | null;
  config_version: string | null;
  act_s: number | null;
  verify_s: number | null;
  within_s: number | null;
  relapse_s: number | null;
  ended_line: number | null;
}

export type ControlRow = Omit<ControlEntry, 'decision' | 'metadata'> & { decision: string; metadata: string };

export function claim(row: ClaimRow): Claim {
  const { claim_id, incident_id, target, playbook_id, claimed_at, ended_at, outcome } = row;
  const { boot_id, pid_ns, time_ns, pid, start_time } = row;
  const namespaces = { ...(pid_ns === null ? {} : { pid_ns }), ...(time_ns === null ? {} : { time_ns }) };
  const owner = { boot_id, ...namespaces, pid, start_time };
  return { claim_id, incident_id, target, playbook_id, claimed_at, owner, ended_at, outcome };
}

export function placed(row: ClaimRow): PlacedClaim {
  const { boot_id, elapsed_s, claimed_at, ended_at, ended_s } = row;
  const { config_version, act_s, verify_s, within_s, relapse_s } = row;
  return {
    ...claim(row),
    ...{ config_version, act_s, verify_s, within_s, relapse_s },
    line: row.line,
    granted: { boot_id, elapsed_s, at: claimed_at },
    ended: ended_at === null ? null : { boot_id: ended_s === null ? null : boot_id, elapsed_s: ended_s, at: ended_at },
  };
}

export function control({ decision, metadata, ...rest }: ControlRow): ControlEntry {
  return { ...rest, decision: JSON.parse(decision) as JsonObject, metadata: JSON.parse(metadata) as JsonObject };
}
