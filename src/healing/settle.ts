import type { Clock } from '../core/host/clock.js';
import { bootId, isAlive } from '../core/host/process-identity.js';
import type { Draft, Ledger, TransactOptions } from '../core/ledger.js';
import type { SnapshotDraft } from '../core/ledger-lines.js';
import { ACTION } from '../core/records/audit-actions.js';
import type { AuditDraft } from '../core/records/audit-entry.js';
import type { Claim, ProcessIdentity } from '../core/records/claim.js';
import type { Incident, NewIncident } from '../core/records/incident.js';
import { isJsonObject, type JsonObject } from '../core/records/json.js';
import { clockOf } from '../core/records/moment.js';
import type { ControlView } from '../core/registry/queries/control.js';
import { endMarked, markedProcesses, marksInUse } from './child/marked-processes.js';
import { endedSteps, forgetAct } from './ended-steps.js';
import { markerOf } from './engine/act.js';
import { failed, stillFailing, takenOn, unknownAttempt } from './snapshots.js';

/** What {@link settle} found and closed. */
export interface Settled {
  readonly claims: number;
  readonly incidents: number;
  /** Processes of remedies that had outlived their grace; they were ended. */
  readonly ended: number;
}

/**
 * Closes what a process left that ended in the middle. What the step that was under way had started and is still at work is
 * ended first: nobody would stop it at its timeout. What steps before it left running stays, as it does without a crash.
 * Its claims get the outcome *unknown*, for the remedy may have run, and is neither repeated nor learned from.
 *
 * A real incident goes on, since somebody still has to heal it; one of a drill fails, for the fault that was staged ended
 * with it.
 */
export async function settle(ledger: Ledger, clock: Clock, options: TransactOptions = {}): Promise<Settled> {
  // Before the logs are read: whoever else settles takes its file away after the end of the claim has been written.
  const steps = endedSteps(ledger.dir);
  // What is to be settled is seldom anything: found out without the lock, and once more under it.
  ledger.registry.sync();
  const claims = ledger.registry.control((view) => view.allOpenClaims());
  // Whose owner ends from here on is for the next time: what it leaves has not been looked for.
  const isGone = new Map(claims.map(({ claim_id, owner }) => [claim_id, !isAlive(owner)]));
  const ended = await endLeftovers(
    claims.filter(({ claim_id }) => isGone.get(claim_id)),
    steps,
    clock,
  );
  const { value } = await ledger.transact(
    (view) => settlement(view, ({ claim_id }) => isGone.get(claim_id) === true, clock),
    options,
  );
  for (const claim_id of steps.keys()) if (isGone.get(claim_id) !== false) forgetAct(ledger.dir, claim_id);
  return { ...value, ended };
}

async function endLeftovers(
  claims: readonly Claim[],
  steps: ReadonlyMap<string, number>,
  clock: Clock,
): Promise<number> {
  let ended = 0;
  for (const { incident_id, claim_id, owner } of claims) {
    // Of another boot nothing is left, and pids of another namespace are not ours to judge.
    if (owner.boot_id !== bootId()) continue;
    const over = steps.get(claim_id) ?? 0;
    for (const mark of marksInUse()) {
      const step = Number(mark.slice(mark.lastIndexOf('/') + 1));
      if (!(step > over) || mark !== markerOf(incident_id, claim_id, step)) continue;
      const found = markedProcesses(mark).length;
      await endMarked(mark, clock);
      ended += found - markedProcesses(mark).length;
    }
  }
  return ended;
}

function settlement(
  view: ControlView,
  isAbandoned: (claim: Claim) => boolean,
  clock: Clock,
): Draft<Omit<Settled, 'ended'>> {
  const abandoned = view.allOpenClaims().filter(isAbandoned);
  const incidents: SnapshotDraft[] = [];
  for (const { record, hash } of view.openIncidents()) {
    const claim = abandoned.find((one) => one.incident_id === record.incident_id);
    const owner = claim === undefined ? stagedBy(record) : undefined;
    if (!claim && (owner === undefined || isAlive(owner))) continue;
    // Its claim has an end: how it went stands in the audit log, and what is missing here is a record that was lost.
    if (!claim && view.hasEndedClaim(record.incident_id) && record.status === 'remediating') continue;
    const before = takenOn(record);
    incidents.push({ record: claim ? lost(before, claim) : failed(before, { error: STAGE_GONE }), after: hash });
  }
  const now = clockOf({ boot_id: bootId(), elapsed_s: clock.elapsed() });
  const entries = abandoned.map((claim) => endOf(claim, view.incident(claim.incident_id)?.record, now));
  return { incidents, entries, value: { claims: entries.length, incidents: incidents.length } };
}

const STAGE_GONE = 'the drill ended before its fault was healed';

function lost(incident: NewIncident, claim: Claim): NewIncident {
  const attempt = unknownAttempt(claim);
  const defeat = { error: 'the process that was healing it ended; whether the remedy ran is unknown', attempt };
  return incident.origin === 'drill' ? failed(incident, defeat) : stillFailing(incident, defeat);
}

/**
 * The end of an abandoned claim: unknown, unless its owner came as far as writing down how it went, and was stopped
 * between that record and this entry.
 */
function endOf(claim: Claim, record: Incident | undefined, now: JsonObject): AuditDraft {
  const attempt = record?.attempts?.find((one) => one.claim === claim.claim_id);
  const outcome = attempt?.outcome ?? 'unknown';
  return {
    actor: 'grace',
    action: ACTION.remedyEnded,
    resource: claim.incident_id,
    decision: { outcome, verified: attempt?.verified === true },
    metadata: { claim: claim.claim_id, incident_id: claim.incident_id, reason: 'its owner is gone', ...now },
  };
}

/** A drill that was interrupted: the fault it staged ends with it, and nobody will heal it. */
export async function giveUpDrill(ledger: Ledger, incident_id: string): Promise<NewIncident | undefined> {
  const { value } = await ledger.transact((view): Draft<NewIncident | undefined> => {
    const last = view.incident(incident_id);
    if (last === undefined || (last.record.status !== 'detected' && last.record.status !== 'remediating')) {
      return { value: undefined };
    }
    const before = takenOn(last.record);
    const record = failed(before, { error: before.error ?? STAGE_GONE });
    return { incidents: [{ record, after: last.hash }], value: record };
  });
  return value;
}

/** The process that staged a drill's fault; `undefined` for any other incident. */
function stagedBy(incident: Incident): ProcessIdentity | undefined {
  const owner = incident.origin === 'drill' ? incident.metadata.staged_by : undefined;
  if (!isJsonObject(owner)) return undefined;
  const { boot_id, pid_ns, time_ns, pid, start_time } = owner;
  return typeof boot_id === 'string' && typeof pid === 'number' && typeof start_time === 'number'
    ? {
        boot_id,
        ...(typeof pid_ns === 'string' ? { pid_ns } : {}),
        ...(typeof time_ns === 'string' ? { time_ns } : {}),
        pid,
        start_time,
      }
    : undefined;
}
