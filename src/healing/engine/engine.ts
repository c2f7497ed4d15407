import type { Clock } from '../../core/host/clock.js';
import { bootId, ownIdentity } from '../../core/host/process-identity.js';
import type { Draft, Ledger } from '../../core/ledger.js';
import { ACTION } from '../../core/records/audit-actions.js';
import type { AuditDraft } from '../../core/records/audit-entry.js';
import type { Attempt, AttemptOutcome, Incident, NewIncident } from '../../core/records/incident.js';
import { ageOf, clockOf, type Now, readClock } from '../../core/records/moment.js';
import { compactInstant, formatInstant } from '../../core/records/time.js';
import type { ControlEntry, ControlView, KnownIncident } from '../../core/registry/queries/control.js';
import { forgetAct, noteEndedSteps } from '../ended-steps.js';
import type { HealEvent } from '../events.js';
import type { Playbook } from '../playbook.js';
import { recovered, resolved, rounded, stillFailing, takenOn, withAttempt } from '../snapshots.js';
import type { Watched } from '../watched.js';
import { type Act, act, type KeptOutput, rollBack, whatBecameOf } from './act.js';
import { decide, isLive } from './decide.js';
import { draftOf, freesSpace, type Hand, type Notice, type Written } from './draft.js';
import { type EngineSetting, surroundingsOf } from './setting.js';
import { situationOf } from './situation.js';
import type { Failure } from './soft-state.js';
import { type Verdict, verify } from './verify.js';

/** What an engine works with. */
export interface EngineTools {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly host: string;
  /** Random hex for a new incident's id. */
  readonly newSuffix: () => string;
  readonly emit: (event: HealEvent) => void;
  /** Aborted when grace is asked to end; looked at before every step. */
  readonly stop: AbortSignal;
  /** Keeps what a step has printed, beside the logs. */
  readonly keep: (incident_id: string, step: string, output: Buffer) => KeptOutput | undefined;
  /** Outlives an engine, where another takes its place in the same process. */
  readonly owed?: Owed;
  /** Called after what it tells of stands in the logs. */
  readonly notify: (notice: Notice) => void;
}

/** Outcomes that could not be written down, by check: nothing else is done there before they are. */
export type Owed = Map<string, () => Promise<unknown>>;

/** What became of a confirmed failure, and whether a remedy was run for it. */
export type Handled = { readonly acted: boolean } & Outcome;

type Outcome =
  /** Another process is at work, or has been: look again, with fresh counters. */
  | { readonly kind: 'left_alone'; readonly reason: 'busy' | 'stale' | 'abandoned' }
  /** `unclear`: a remedy did not help, and whether it still fails could not be told, or it does not. */
  | { readonly kind: 'withheld' | 'escalated' | 'waiting' | 'unclear'; readonly incident: NewIncident }
  | { readonly kind: 'resolved'; readonly incident: NewIncident }
  /** Asked to end in the middle. */
  | { readonly kind: 'interrupted'; readonly incident: NewIncident | undefined };

/** Decides about confirmed failures, runs remedies, verifies them, and writes down each of these before it goes on. */
export class HealEngine {
  readonly #tools: EngineTools;
  readonly #setting: EngineSetting;
  readonly #owed: Owed;

  constructor(tools: EngineTools, setting: EngineSetting) {
    this.#tools = tools;
    this.#setting = setting;
    this.#owed = tools.owed ?? new Map();
  }

  now(): Now {
    const { clock } = this.#tools;
    return { boot_id: bootId(), elapsed_s: clock.elapsed(), ms: clock.now() };
  }

  /** Does about a confirmed failure what is to be done: remedy after remedy, until one is verified or nothing is left. */
  async handle(watched: Watched, confirmed: Failure, flaps: boolean): Promise<Handled> {
    // What was seen is older than that.
    if (await this.#payOwed(watched)) return { kind: 'left_alone', acted: true, reason: 'stale' };
    const begun = confirmed.confirmed_s;
    let failure = confirmed;
    let acted = false;
    for (;;) {
      if (this.#tools.stop.aborted) return { kind: 'interrupted', acted, incident: undefined };
      const { value, entries } = await this.#decideAndWrite(watched, failure, flaps);
      const { decision, incident } = value;
      const claim_id = entries.find(({ action }) => action === ACTION.remedyClaimed)?.entry_id ?? '';
      this.#tell(watched, value, claim_id);
      for (const notice of value.notices) this.#tools.notify(notice);
      switch (decision.kind) {
        case 'stale':
        case 'busy':
        case 'abandoned':
          return { kind: 'left_alone', acted, reason: decision.kind };
        case 'withhold':
          return { kind: 'withheld', acted, incident: must(incident) };
        case 'wait':
          return { kind: 'waiting', acted, incident: must(incident) };
        case 'escalate':
          return { kind: 'escalated', acted, incident: must(incident) };
        case 'act': {
          const done = await this.#remedy(watched, failure, decision.playbook, must(incident), claim_id, begun);
          acted = true;
          // Whoever has ended its claim says what becomes of the incident.
          if (done.kind === 'ended_late') return { kind: 'left_alone', acted, reason: 'stale' };
          if (done.kind === 'resolved') return { kind: 'resolved', acted, incident: done.incident };
          if (this.#tools.stop.aborted) return { kind: 'interrupted', acted, incident: done.incident };
          // The next remedy needs a failure, too: neither a check that cannot run nor one that passes is a reason to act.
          const { boot_id, elapsed_s, ms } = this.now();
          const probe = await watched.check.probe();
          failure = { ...failure, newest: { boot_id, elapsed_s, at: formatInstant(ms) }, summary: probe.summary };
          this.#tools.emit({
            check: watched.check.name,
            kind: 'probed',
            purpose: 'detect',
            probe,
            passes: 0,
            wanted: 0,
          });
          if (probe.status !== 'critical') return { kind: 'unclear', acted, incident: done.incident };
        }
      }
    }
  }

  /** Whether an incident of this check has not ended, as far as the registry has been read. */
  isOpen({ check }: Watched): boolean {
    const last = this.#tools.ledger.registry.control((view) =>
      view.lastIncidentOf(check.target, check.failure_mode, this.#setting.origin),
    );
    return last !== undefined && isLive(last.record);
  }

  /** Ends the incident of a check that passes again. `undefined`: there was none, or it is another process's to end. */
  async recover(watched: Watched, passes: number): Promise<NewIncident | undefined> {
    await this.#payOwed(watched);
    const { check } = watched;
    const { origin } = this.#setting;
    const { registry } = this.#tools.ledger;
    const find = (view: ControlView) => view.lastIncidentOf(check.target, check.failure_mode, origin);
    // Nearly always there is nothing to end: that is found out without the lock.
    const seen = registry.control(find);
    if (seen === undefined || !isLive(seen.record)) return undefined;
    const { value } = await this.#tools.ledger.transact((view) => {
      const last = find(view);
      if (last === undefined || !isLive(last.record)) return { value: undefined };
      const id = last.record.incident_id;
      if (view.openClaims(id, check.target).length > 0) return { value: undefined };
      const opening = view.lastControl(ACTION.incidentOpened, id);
      // A remedy for another check may be why: nobody can tell, and it is not said that it recovered by itself.
      const hasActed = view.hasClaimAfter(opening?.line ?? 0);
      const resolution = hasActed ? 'unattributed' : 'self_recovered';
      const now = this.now();
      const record = recovered(takenOn(last.record), {
        at: formatInstant(now.ms),
        mttr_s: ageOf(onsetOf(last.record, opening), now),
        resolution,
        by: check.name,
        passes,
      });
      const entry: AuditDraft = {
        actor: 'healer',
        action: ACTION.incidentRecovered,
        resource: id,
        decision: { resolution, passes, by: check.name },
        metadata: { incident_id: id, check: check.name, ...clockOf(now) },
      };
      return { incidents: [{ record, after: last.hash }], entries: [entry], value: record };
    });
    if (value === undefined) return undefined;
    this.#tools.emit({ check: check.name, kind: 'recovered', incident: value });
    this.#tools.notify({ event: 'resolved', incident: value, reason: 'the check passes again' });
    return value;
  }

  /** Writes down how the last remedy went, where that was not possible at the time. True: there was one. */
  async #payOwed({ check }: Watched): Promise<boolean> {
    const conclude = this.#owed.get(check.name);
    if (conclude === undefined) return false;
    await conclude();
    this.#owed.delete(check.name);
    return true;
  }

  async #decideAndWrite(watched: Watched, failure: Failure, flaps: boolean) {
    const around = await surroundingsOf(this.#setting, watched, flaps, this.now());
    const { host } = this.#tools;
    const { trigger, metadata } = this.#setting;
    const hand: Hand = { host, trigger, metadata, owner: ownIdentity(), newId: () => this.#newId() };
    return this.#tools.ledger.transact(
      (view) => {
        // As of now, not of when the lock was asked for.
        const situation = situationOf(view, watched, failure, { ...around, now: this.now() });
        return draftOf(decide(situation), situation, hand);
      },
      { reserve: watched.playbooks.some(freesSpace) },
    );
  }

  #newId(): string {
    const compact = compactInstant(this.#tools.clock.now());
    return `inc_${compact.slice(0, 8)}_${compact.slice(8, 14)}_${this.#tools.newSuffix()}`;
  }

  #tell(watched: Watched, { decision, incident, rule = '', isNews = true }: Written, claim_id: string): void {
    const { name: check } = watched.check;
    const { emit } = this.#tools;
    if (incident === undefined) {
      if (decision.kind === 'stale' || decision.kind === 'busy' || decision.kind === 'abandoned') {
        emit({ check, kind: 'left_alone', reason: decision.kind });
      }
      return;
    }
    const { incident_id } = incident;
    if ('opening' in decision && (decision.opening === 'new' || decision.opening === 'again')) {
      emit({ check, kind: 'opened', incident_id, relapse: decision.opening === 'again' });
    }
    if (decision.kind === 'withhold') {
      const { playbook, refusals } = decision;
      emit({ check, kind: 'withheld', incident_id, playbook_id: playbook.id, refusals, isNews });
    }
    if (decision.kind === 'act') {
      emit({
        check,
        kind: 'claimed',
        claim_id,
        playbook_id: decision.playbook.id,
        rule,
      });
    }
    if (decision.kind === 'escalate') emit({ check, kind: 'escalated', incident, reason: decision.reason });
  }

  async #remedy(
    watched: Watched,
    failure: Failure,
    playbook: Playbook,
    incident: NewIncident,
    claim_id: string,
    begun: number,
  ): Promise<Concluded> {
    const { clock, stop, emit, keep, ledger } = this.#tools;
    const { check } = watched;
    const tools = {
      ...{ clock, stop },
      ended: (step: number) => noteEndedSteps(ledger.dir, claim_id, step),
      stepped: (step: Attempt['steps'][number], worked: boolean) =>
        emit({ check: check.name, kind: 'stepped', ...step, worked }),
      keep: (step: string, output: Buffer) => keep(incident.incident_id, step, output),
    };
    const started = clock.elapsed();
    const ran = await act(playbook, incident, claim_id, tools);
    const acted = clock.elapsed();
    const verdict =
      ran.outcome === 'worked'
        ? await verify(check, playbook.verify, watched.start_period_s, {
            ...{ clock, stop },
            probed: (probe, passes) =>
              emit({
                check: check.name,
                kind: 'probed',
                purpose: 'verify',
                probe,
                passes,
                wanted: playbook.verify.passes,
              }),
          })
        : NOT_VERIFIED;
    const ended = this.now();
    // Before anything is undone: that may end it.
    const done = await whatBecameOf(ran, tools);
    const undone = verdict.verified ? undefined : await rollBack(playbook, incident, claim_id, tools);
    const course: Course = { failure, playbook, incident, claim_id, done, verdict, undone, ended };
    const timings = {
      decide_s: started - begun,
      act_s: acted - started,
      verify_s: done.outcome === 'worked' ? ended.elapsed_s - acted : null,
    };
    try {
      return await this.#conclude(watched, course, timings);
    } catch (error) {
      // The claim stays open, and this process lives: nobody else will ever end it.
      this.#owed.set(check.name, () => this.#conclude(watched, course, timings));
      throw error;
    }
  }

  async #conclude(
    watched: Watched,
    course: Course,
    timings: { decide_s: number; act_s: number; verify_s: number | null },
  ): Promise<Concluded> {
    const { check } = watched;
    const { playbook, claim_id, done, verdict } = course;
    const { incident_id } = course.incident;
    const now = course.ended;
    const at = formatInstant(now.ms);
    const attempt: Attempt = {
      playbook_id: playbook.id,
      claim: claim_id,
      steps: [...done.steps, ...(course.undone?.steps ?? [])],
      started_at: done.started_at,
      duration_s: rounded(timings.act_s),
      outcome: outcomeOf(done, verdict),
      verified: verdict.verified,
    };
    const { passes } = verdict;
    const after = (before: NewIncident, opening: ControlEntry | undefined): NewIncident =>
      verdict.verified
        ? resolved(
            { ...before, metadata: { ...before.metadata, relapse_s: playbook.relapse_s } },
            {
              ...{ at, timings, attempt },
              mttr_s: ageOf(onsetOf(before, opening), now),
              verification: { status: 'verified', by: check.name, passes, at },
            },
          )
        : stillFailing(before, {
            error: [done.error ?? whyNotVerified(check.name, playbook, verdict), ...done.news].join('; '),
            ...{ timings, attempt },
            verification: { status: 'failed', by: check.name, passes, at },
          });
    const outputs = [...done.outputs, ...(course.undone?.outputs ?? [])];
    const entry: AuditDraft = {
      actor: 'healer',
      action: ACTION.remedyEnded,
      resource: incident_id,
      decision: { outcome: attempt.outcome, verified: verdict.verified },
      metadata: {
        claim: claim_id,
        incident_id,
        act_s: attempt.duration_s,
        verify_s: timings.verify_s === null ? null : rounded(timings.verify_s),
        within_s: playbook.verify.within_s,
        relapse_s: playbook.relapse_s,
        ...(outputs.length > 0 ? { outputs: outputs.map((output) => ({ ...output })) } : {}),
        // What was undone afterwards is part of the act.
        ...clockOf(this.now()),
      },
    };
    const needsPerson = verdict.verified && playbook.escalate;
    const { value } = await this.#tools.ledger.transact(
      (view): Draft<NewIncident | undefined> => {
        const last = view.incident(incident_id);
        const isOpen = view.openClaims(incident_id, check.target).some((claim) => claim.claim_id === claim_id);
        if (!isOpen) return lateEnd(last, attempt, entry);
        // Whoever wrote about this incident meanwhile does not undo what happened: it is written down after theirs.
        const opening = view.lastControl(ACTION.incidentOpened, incident_id);
        const record = after(last ? takenOn(last.record) : course.incident, opening);
        const entries = needsPerson ? [entry, bearable(record, playbook, check.name, now)] : [entry];
        return { incidents: [{ record, after: last?.hash ?? null }], entries, value: record };
      },
      { reserve: freesSpace(playbook) },
    );
    forgetAct(this.#tools.ledger.dir, claim_id);
    if (value === undefined) {
      const { playbook_id, outcome } = attempt;
      this.#tools.emit({ check: check.name, kind: 'ended_late', incident_id, playbook_id, outcome });
      return { kind: 'ended_late' };
    }
    this.#tools.emit({ check: check.name, kind: 'attempted', incident: value, verified: verdict.verified });
    if (!verdict.verified) return { kind: 'failed', incident: value };
    if (needsPerson) this.#tools.notify({ event: 'escalated', incident: value, reason: bearableReason(playbook) });
    this.#tools.notify({ event: 'resolved', incident: value, reason: `${playbook.id} was verified by ${check.name}` });
    return { kind: 'resolved', incident: value };
  }
}

type Concluded =
  | { readonly kind: 'resolved' | 'failed'; readonly incident: NewIncident }
  /** Its claim had been ended by somebody else: the incident is theirs. */
  | { readonly kind: 'ended_late' };

interface Course {
  readonly failure: Failure;
  readonly playbook: Playbook;
  readonly incident: NewIncident;
  readonly claim_id: string;
  readonly done: Act;
  readonly verdict: Verdict;
  readonly undone: Pick<Act, 'steps' | 'outputs'> | undefined;
  /** When the verdict was there. */
  readonly ended: Now;
}

const NOT_VERIFIED: Verdict = { passes: 0, verified: false, interrupted: false };

/** Steps that ran well and a check that passes: only both together have worked. */
function outcomeOf(done: Act, { verified, interrupted }: Verdict): AttemptOutcome {
  if (done.outcome !== 'worked' || verified) return done.outcome;
  return interrupted ? 'unknown' : 'failed';
}

function whyNotVerified(check: string, { verify: { passes } }: Playbook, { interrupted }: Verdict): string {
  if (interrupted) return 'interrupted before it could be verified';
  return `${check} did not pass ${passes} times in a row`;
}

/** The end of a remedy whose claim has an end: how it went is put on record, and the incident stands as it did. */
function lateEnd(last: KnownIncident | undefined, attempt: Attempt, entry: AuditDraft): Draft<NewIncident | undefined> {
  const entries = [{ ...entry, action: ACTION.remedyEndedLate }];
  const before = last && takenOn(last.record);
  const known = before?.attempts.find(({ claim }) => claim === attempt.claim);
  if (last === undefined || before === undefined || known === undefined) return { entries, value: undefined };
  // Only who has run it knows how long it took: it is this very end, and its writing failed after it stood there.
  if (known.duration_s !== null) return { value: before };
  return { incidents: [{ record: withAttempt(before, attempt), after: last.hash }], entries, value: undefined };
}

function bearable(incident: NewIncident, playbook: Playbook, check: string, now: Now): AuditDraft {
  const { incident_id } = incident;
  return {
    actor: 'healer',
    action: ACTION.incidentEscalated,
    resource: incident_id,
    decision: { reason: bearableReason(playbook), gave_up: false, bearable: true },
    metadata: { incident_id, check, rounds: 0, ...clockOf(now) },
  };
}

function bearableReason({ id }: Playbook): string {
  return `${id} has made it bearable and has not mended it`;
}

/** When the present episode began: on the monotonic clock as the opening entry has it, else the date alone. */
function onsetOf({ onset_at, detected_at }: Pick<Incident, 'onset_at' | 'detected_at'>, opening?: ControlEntry) {
  return { ...readClock({ clock: opening?.metadata.onset ?? null }), at: onset_at ?? detected_at };
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a decision has left out what it rests on');
  return value;
}
