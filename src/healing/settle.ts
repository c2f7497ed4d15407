import { isAlive } from '../core/host/process-identity.js';
import type { Draft, Ledger } from '../core/ledger.js';
import type { SnapshotDraft } from '../core/ledger-lines.js';
import { ACTION } from '../core/records/audit-actions.js';
import type { AuditDraft } from '../core/records/audit-entry.js';
import type { Claim, ProcessIdentity } from '../core/records/claim.js';
import type { Attempt, Incident, NewIncident } from '../core/records/incident.js';
import { isJsonObject } from '../core/records/json.js';
import type { ControlView } from '../core/registry/queries/control.js';
import { failed, takenOn } from './snapshots.js';

/** What {@link settle} found and closed. */
export interface Settled {
  readonly claims: number;
  readonly incidents: number;
}

/**
 * Closes what a process left that ended in the middle: its claims get the outcome *unknown*, for the remedy may have
 * run, and is neither repeated nor learned from; its incidents fail. A drill that never came to a claim fails as well:
 * the fault it staged ended with it. A real incident without a claim stays open: somebody still has to heal it.
 */
export async function settle(ledger: Ledger): Promise<Settled> {
  const { value } = await ledger.transact((view) => settlement(view, isAlive));
  return value;
}

function settlement(view: ControlView, alive: (owner: ProcessIdentity) => boolean): Draft<Settled> {
  const abandoned = view.allOpenClaims().filter((claim) => !alive(claim.owner));
  const incidents: SnapshotDraft[] = [];
  for (const { record, hash } of view.openIncidents()) {
    const claim = abandoned.find((one) => one.incident_id === record.incident_id);
    const owner = claim === undefined ? stagedBy(record) : undefined;
    if (!claim && (owner === undefined || alive(owner))) continue;
    // Its claim has an end: how it went stands in the audit log, and what is missing here is a record that was lost.
    if (!claim && view.hasEndedClaim(record.incident_id)) continue;
    const before = takenOn(record);
    incidents.push({ record: claim ? lost(before, claim) : failed(before, { error: STAGE_GONE }), after: hash });
  }
  const entries = abandoned.map((claim) => endOf(claim, view.incident(claim.incident_id)?.record));
  return { incidents, entries, value: { claims: entries.length, incidents: incidents.length } };
}

const STAGE_GONE = 'the drill ended before its fault was healed';

function lost(incident: NewIncident, claim: Claim): NewIncident {
  const attempt: Attempt = {
    playbook_id: claim.playbook_id,
    claim: claim.claim_id,
    steps: [],
    started_at: claim.claimed_at,
    duration_s: null,
    outcome: 'unknown',
    verified: false,
  };
  return failed(incident, {
    error: 'the process that was healing it ended; whether the remedy ran is unknown',
    attempt,
  });
}

/**
 * The end of an abandoned claim: unknown, unless its owner came as far as writing down how it went, and was stopped
 * between that record and this entry.
 */
function endOf(claim: Claim, record: Incident | undefined): AuditDraft {
  const attempt = record?.attempts?.find((one) => one.claim === claim.claim_id);
  const outcome = attempt?.outcome ?? 'unknown';
  return {
    actor: 'grace',
    action: ACTION.remedyEnded,
    resource: claim.incident_id,
    decision: { outcome, verified: attempt?.verified === true },
    metadata: { claim: claim.claim_id, incident_id: claim.incident_id, reason: 'its owner is gone' },
  };
}

/** The process that staged a drill's fault; `undefined` for any other incident. */
function stagedBy(incident: Incident): ProcessIdentity | undefined {
  const owner = incident.origin === 'drill' ? incident.metadata.staged_by : undefined;
  if (!isJsonObject(owner)) return undefined;
  const { boot_id, pid_ns, pid, start_time } = owner;
  return typeof boot_id === 'string' && typeof pid === 'number' && typeof start_time === 'number'
    ? { boot_id, ...(typeof pid_ns === 'string' ? { pid_ns } : {}), pid, start_time }
    : undefined;
}
