import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../core/host/clock.js';
import { bootId, isAlive, ownIdentity } from '../core/host/process-identity.js';
import type { Draft, Ledger } from '../core/ledger.js';
import { ACTION } from '../core/records/audit-actions.js';
import type { AuditDraft } from '../core/records/audit-entry.js';
import { type ClaimRefusal, claimMetadata, decideClaim } from '../core/records/claim.js';
import {
  type Attempt,
  type AttemptOutcome,
  type NewIncident,
  type Origin,
  originOf,
} from '../core/records/incident.js';
import type { JsonObject } from '../core/records/json.js';
import { compactInstant, formatInstant } from '../core/records/time.js';
import type { ControlView } from '../core/registry/queries/control.js';
import type { Check, ProbeStatus } from './check.js';
import { type ConfirmRule, confirm } from './confirm.js';
import type { HealEvent } from './events.js';
import type { Playbook } from './playbook.js';
import { failed, opened, remediating, resolved, rounded, takenOn } from './snapshots.js';

export interface HealJob {
  readonly check: Check;
  /** Remedies approved for this check; the first is tried. */
  readonly playbook: Playbook;
  readonly confirm: ConfirmRule & { readonly every_s: number };
  readonly origin: Origin;
  readonly trigger: NewIncident['trigger'];
  readonly metadata: JsonObject;
}

export interface HealTools {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly host: string;
  /** Random hex for a new incident's id. */
  readonly newSuffix: () => string;
  readonly emit: (event: HealEvent) => void;
  /** Aborted when the operator interrupts; looked at before every step. */
  readonly stop: AbortSignal;
}

export type HealResult =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'not_confirmed' }
  /** The check could not run: never a reason to act. */
  | { readonly kind: 'could_not_tell'; readonly summary: string }
  | { readonly kind: 'refused'; readonly reason: ClaimRefusal; readonly incident_id: string }
  | { readonly kind: 'interrupted_before_acting'; readonly incident: NewIncident | undefined }
  | { readonly kind: 'resolved' | 'failed'; readonly incident: NewIncident };

/** A snapshot that stands in the log, and its line's hash. */
interface Standing {
  readonly incident: NewIncident;
  readonly hash: string;
}

/** One pass over one check: probe, confirm, open with intent, claim, act, verify with the same check, write the outcome. */
export async function heal(job: HealJob, tools: HealTools): Promise<HealResult> {
  const onset = await detect(job, tools);
  if (onset.kind !== 'confirmed') return onset;

  const standing = await openIncident(job, tools, onset);
  if (tools.stop.aborted) {
    return { kind: 'interrupted_before_acting', incident: await giveUp(standing, 'interrupted before acting', tools) };
  }
  const claim = await claimRemedy(job, tools, standing);
  if (claim.kind === 'refused') return claim;

  const decided = tools.clock.elapsed();
  const act = await runSteps(job.playbook, tools);
  const acted = tools.clock.elapsed();
  const verdict = act.outcome === 'worked' ? await verify(job, tools) : NOT_VERIFIED;
  return conclude(job, tools, {
    claim_id: claim.claim_id,
    before: claim.standing,
    onset,
    decided,
    act,
    acted,
    ...verdict,
  });
}

interface Onset {
  readonly kind: 'confirmed';
  /** Monotonic seconds and UTC of the first failing probe. */
  readonly elapsed: number;
  readonly at: string;
  readonly confirmed: number;
  readonly summary: string;
}

async function detect(job: HealJob, tools: HealTools): Promise<Onset | HealResult> {
  const { check } = job;
  const history: ProbeStatus[] = [];
  let onset: { elapsed: number; at: string } | undefined;
  for (;;) {
    const elapsed = tools.clock.elapsed();
    const at = formatInstant(tools.clock.now());
    const probe = await check.probe();
    const purpose = history.length === 0 ? 'detect' : 'confirm';
    tools.emit({ kind: 'probed', purpose, probe, passes: 0, wanted: 0 });
    if (probe.status === 'unknown') return { kind: 'could_not_tell', summary: probe.summary };
    if (history.length === 0 && probe.status !== 'critical') return { kind: 'healthy' };
    history.push(probe.status);
    if (probe.status === 'critical') onset ??= { elapsed, at };

    const confirmation = confirm(history, job.confirm);
    if (confirmation === 'dismissed') return { kind: 'not_confirmed' };
    if (confirmation === 'confirmed' && onset) {
      const bad = history.slice(-job.confirm.of).filter((status) => status === 'critical').length;
      tools.emit({ kind: 'confirmed', bad, of: job.confirm.of });
      return { kind: 'confirmed', ...onset, confirmed: tools.clock.elapsed(), summary: probe.summary };
    }
    if (tools.stop.aborted) return { kind: 'interrupted_before_acting', incident: undefined };
    await delay(job.confirm.every_s * 1000);
  }
}

/** Opens the incident, or joins the one that is open for the same failure, and writes down what is intended. */
async function openIncident(job: HealJob, tools: HealTools, onset: Onset): Promise<Standing> {
  const { clock } = tools;
  const now = clock.now();
  const [date, time] = [compactInstant(now).slice(0, 8), compactInstant(now).slice(8, 14)];
  const fresh = opened({
    incident_id: `inc_${date}_${time}_${tools.newSuffix()}`,
    check: job.check,
    origin: job.origin,
    host: tools.host,
    boot_id: bootId(),
    onset_at: onset.at,
    detected_at: formatInstant(now),
    confirm_s: onset.confirmed - onset.elapsed,
    trigger: job.trigger,
    metadata: job.metadata,
  });
  const receipt = await tools.ledger.transact((view): Draft<Standing | undefined> => {
    const open = view.openIncidentOf(job.check.target, job.check.failure_mode);
    // A drill never heals a real incident of the same target, nor the other way round: what was staged is labelled.
    if (open && originOf(open.record) === job.origin) {
      return { value: { incident: takenOn(open.record), hash: open.hash } };
    }
    return {
      incidents: [{ record: fresh, after: null }],
      entries: [intent(fresh, job, onset.summary)],
      value: undefined,
    };
  });
  const standing = receipt.value ?? { incident: fresh, hash: onlyHash(receipt.hashes) };
  const joined = receipt.value !== undefined;
  tools.emit({ kind: 'opened', incident_id: standing.incident.incident_id, joined });
  return standing;
}

function intent(incident: NewIncident, job: HealJob, reason: string): AuditDraft {
  return {
    actor: 'healer',
    action: ACTION.remedyIntended,
    resource: incident.incident_id,
    decision: { playbook_id: job.playbook.id, reason },
    metadata: { incident_id: incident.incident_id, target: job.check.target, origin: job.origin },
  };
}

type Claimed =
  | { readonly kind: 'claimed'; readonly claim_id: string; readonly standing: Standing }
  | { readonly kind: 'refused'; readonly reason: ClaimRefusal; readonly incident_id: string };

/** Asks for the right to act. It is granted under the ledger's lock, and on the disk before this returns. */
async function claimRemedy(job: HealJob, tools: HealTools, standing: Standing): Promise<Claimed> {
  const { incident_id } = standing.incident;
  const request = {
    incident_id,
    target: job.check.target,
    playbook_id: job.playbook.id,
    predecessor: standing.hash,
  };
  const next = remediating(standing.incident, job.playbook);
  const receipt = await tools.ledger.transact((view: ControlView): Draft<ClaimRefusal | undefined> => {
    const situation = { incident: view.incident(incident_id), open: view.openClaims(incident_id, request.target) };
    const verdict = decideClaim(request, situation, isAlive);
    if (!verdict.granted) return { value: verdict.reason };
    return {
      incidents: [{ record: next, after: standing.hash }],
      entries: [
        {
          actor: 'healer',
          action: ACTION.remedyClaimed,
          resource: incident_id,
          decision: { granted: true, playbook_id: job.playbook.id },
          metadata: claimMetadata(request, ownIdentity()),
        },
      ],
      value: undefined,
    };
  });
  if (receipt.value !== undefined) {
    tools.emit({ kind: 'refused', reason: receipt.value });
    return { kind: 'refused', reason: receipt.value, incident_id };
  }
  const claim_id = receipt.entries[0]?.entry_id;
  if (claim_id === undefined) throw new Error('a granted claim has no entry');
  tools.emit({ kind: 'claimed', claim_id, playbook_id: job.playbook.id });
  return { kind: 'claimed', claim_id, standing: { incident: next, hash: onlyHash(receipt.hashes) } };
}

interface Act {
  readonly outcome: AttemptOutcome;
  readonly steps: Attempt['steps'];
  readonly started_at: string;
  readonly error: string | null;
}

async function runSteps(playbook: Playbook, tools: HealTools): Promise<Act> {
  const started_at = formatInstant(tools.clock.now());
  const steps: Attempt['steps'] = [];
  for (const step of playbook.steps) {
    if (tools.stop.aborted) return { outcome: 'failed', steps, started_at, error: `interrupted before ${step.name}` };
    const begun = tools.clock.elapsed();
    const { outcome, exit } = await step.run();
    const duration_s = rounded(tools.clock.elapsed() - begun);
    steps.push({ name: step.name, exit, duration_s });
    tools.emit({ kind: 'stepped', name: step.name, exit, duration_s, worked: outcome === 'worked' });
    if (outcome !== 'worked') return { outcome, steps, started_at, error: `${step.name}: ${exit}` };
  }
  return { outcome: 'worked', steps, started_at, error: null };
}

interface Verdict {
  readonly passes: number;
  readonly verified: boolean;
  readonly interrupted: boolean;
}

const NOT_VERIFIED: Verdict = { passes: 0, verified: false, interrupted: false };

/** The check that failed must pass, several times in a row; one bad probe starts the count again. */
async function verify(job: HealJob, tools: HealTools): Promise<Verdict> {
  const { passes: wanted, within_s, every_s } = job.playbook.verify;
  const deadline = tools.clock.elapsed() + within_s;
  let passes = 0;
  for (;;) {
    const probe = await job.check.probe();
    passes = probe.status === 'ok' ? passes + 1 : 0;
    tools.emit({ kind: 'probed', purpose: 'verify', probe, passes, wanted });
    if (passes >= wanted) return { passes, verified: true, interrupted: false };
    if (tools.stop.aborted) return { passes, verified: false, interrupted: true };
    if (tools.clock.elapsed() >= deadline) return { passes, verified: false, interrupted: false };
    await delay(every_s * 1000);
  }
}

interface Course extends Verdict {
  readonly claim_id: string;
  readonly before: Standing;
  readonly onset: Onset;
  readonly decided: number;
  readonly act: Act;
  readonly acted: number;
}

async function conclude(job: HealJob, tools: HealTools, course: Course): Promise<HealResult> {
  const ended = tools.clock.elapsed();
  const at = formatInstant(tools.clock.now());
  const next = lastSnapshot(job, course, ended, at);
  const attempt = next.attempts.at(-1);
  await appendLast(next, tools, [
    {
      actor: 'healer',
      action: ACTION.remedyEnded,
      resource: next.incident_id,
      decision: { outcome: attempt?.outcome ?? 'unknown', verified: course.verified },
      metadata: { claim: course.claim_id, incident_id: next.incident_id },
    },
  ]);
  const status = course.verified ? 'resolved' : 'failed';
  tools.emit({ kind: 'ended', incident_id: next.incident_id, status, mttr_s: next.mttr_seconds });
  return { kind: status, incident: next };
}

function lastSnapshot(job: HealJob, course: Course, ended: number, at: string): NewIncident {
  const { onset, decided, act, acted, passes, verified } = course;
  const attempt: Attempt = {
    playbook_id: job.playbook.id,
    claim: course.claim_id,
    steps: act.steps,
    started_at: act.started_at,
    duration_s: rounded(acted - decided),
    outcome: outcomeOf(course),
    verified,
  };
  const timings = {
    decide_s: decided - onset.confirmed,
    act_s: acted - decided,
    verify_s: act.outcome === 'worked' ? ended - acted : null,
  };
  const before = course.before.incident;
  if (verified) {
    return resolved(before, {
      at,
      mttr_s: ended - onset.elapsed,
      timings,
      attempt,
      verification: { status: 'verified', by: job.check.name, passes, at },
    });
  }
  return failed(before, {
    error: act.error ?? whyNotVerified(job, course),
    timings,
    attempt,
    verification: { status: 'failed', by: job.check.name, passes, at },
  });
}

/** Steps that ran well and a check that passes: only both together have worked. */
function outcomeOf({ act, verified, interrupted }: Course): AttemptOutcome {
  if (act.outcome !== 'worked' || verified) return act.outcome;
  return interrupted ? 'unknown' : 'failed';
}

function whyNotVerified(job: HealJob, { interrupted }: Course): string {
  if (interrupted) return 'interrupted before it could be verified';
  return `${job.check.name} did not pass ${job.playbook.verify.passes} times in a row`;
}

async function giveUp(standing: Standing, error: string, tools: HealTools): Promise<NewIncident> {
  const next = failed(standing.incident, { error });
  await appendLast(next, tools, []);
  return next;
}

/** Whoever wrote about this incident meanwhile does not undo what happened: it is written down after theirs. */
async function appendLast(next: NewIncident, tools: HealTools, entries: readonly AuditDraft[]): Promise<void> {
  await tools.ledger.transact((view) => ({
    incidents: [{ record: next, after: view.incident(next.incident_id)?.hash ?? null }],
    entries,
    value: undefined,
  }));
}

function onlyHash(hashes: readonly string[]): string {
  const [hash] = hashes;
  if (hash === undefined) throw new Error('an appended snapshot has no hash');
  return hash;
}
