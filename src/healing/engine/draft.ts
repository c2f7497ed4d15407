import type { Draft } from '../../core/ledger.js';
import { ACTION } from '../../core/records/audit-actions.js';
import type { AuditDraft } from '../../core/records/audit-entry.js';
import { type ClaimRequest, claimMetadata, type ProcessIdentity } from '../../core/records/claim.js';
import type { NewIncident } from '../../core/records/incident.js';
import type { JsonObject } from '../../core/records/json.js';
import { clockOf } from '../../core/records/moment.js';
import { formatInstant } from '../../core/records/time.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import type { Playbook } from '../playbook.js';
import { failed, opened, remediating, reopened, takenOn } from '../snapshots.js';
import type { Watched } from '../watched.js';
import { allowedBy } from './approval.js';
import { type Decision, type Opening, onsetOf } from './decide.js';
import { givenUpAt, roundsGivenUp } from './rounds.js';
import { BRAKE, type ChosenOrder, type Situation } from './situation.js';

/** What is needed to write a decision down, besides what it rests on. */
export interface Hand {
  readonly host: string;
  readonly trigger: NewIncident['trigger'];
  readonly metadata: JsonObject;
  readonly newId: () => string;
  readonly owner: ProcessIdentity;
}

/** A decision as it goes into the logs, and the incident as it stands afterwards. */
export interface Written {
  readonly decision: Decision;
  readonly incident: NewIncident | undefined;
  /** Who is to be told of what. */
  readonly notices: readonly Notice[];
  /** What is withheld, or why, was not in the log before. */
  readonly isNews?: boolean;
  /** The rule that allows the act; of an act only. */
  readonly rule?: string;
}

export interface Notice {
  readonly event: 'opened' | 'resolved' | 'escalated' | 'approval' | 'brake';
  readonly incident: NewIncident;
  readonly reason: string;
}

/** Whether it may use the space that is kept for making space. */
export function freesSpace({ steps }: Pick<Playbook, 'steps'>): boolean {
  return steps.some((step) => step.freesSpace === true);
}

/** Pure but for the ids that `hand` gives. What does not change anything writes nothing. */
export function draftOf(decision: Decision, situation: Situation, hand: Hand): Draft<Written> {
  if (decision.kind === 'stale' || decision.kind === 'busy' || decision.kind === 'abandoned') {
    return { value: { decision, incident: undefined, notices: [] } };
  }
  const { before, after } = recordOf(decision.opening, situation, hand);
  const isFresh = decision.opening !== 'open';
  /** The record itself is another one than the last line says. */
  const isNewRecord = decision.opening === 'new' || decision.opening === 'again';
  const opening = isFresh ? [openingEntry(before, situation, decision)] : [];
  // A disk that is full must not keep itself from being freed, nor the brake from being set.
  const reserve =
    situation.watched.playbooks.some(freesSpace) || (decision.kind === 'withhold' && decision.sets_brake !== undefined);
  const told: Notice[] = isFresh ? [{ event: 'opened', incident: before, reason: situation.failure.summary }] : [];
  switch (decision.kind) {
    case 'wait':
      return { value: { decision, incident: before, notices: [] } };
    case 'withhold': {
      const held = withheldEntries(decision, before, situation);
      return {
        reserve,
        incidents: isNewRecord ? [{ record: before, after }] : [],
        entries: [...opening, ...held.entries],
        value: {
          decision,
          incident: before,
          isNews: isFresh || held.entries.length > 0,
          notices: [...told, ...held.events.map((event) => ({ event, incident: before, reason: held.reason }))],
        },
      };
    }
    case 'act': {
      const { playbook, order } = decision;
      const { config_version } = situation;
      const { arm, propensity } = order;
      const record = remediating(before, { playbook, arm, propensity, config_version });
      const entry = claimEntry(decision, before, situation, hand, after ?? '');
      return {
        reserve,
        incidents: [{ record, after }],
        entries: [...opening, entry],
        value: { decision, incident: record, notices: told, rule: allowedBy(situation, playbook) },
      };
    }
    case 'escalate': {
      const record = decision.gave_up ? failed(before, { error: before.error ?? decision.reason }) : before;
      const isChanged = isNewRecord || decision.gave_up;
      const notice: Notice = { event: 'escalated', incident: record, reason: decision.reason };
      return {
        reserve,
        incidents: isChanged ? [{ record, after }] : [],
        entries: [...opening, escalationEntry(decision, record, situation)],
        value: { decision, incident: record, notices: [...told, notice] },
      };
    }
  }
}

/** The record that the decision goes on from, and the hash of the line that it follows. */
function recordOf(opening: Opening, situation: Situation, hand: Hand) {
  const { last, failure, now, watched, origin } = situation;
  const { confirm_s } = failure;
  if (opening !== 'new' && last !== undefined) {
    const before = takenOn(last.record);
    const relapse = { onset_at: failure.onset.at, confirm_s };
    return { before: opening === 'again' ? reopened(before, relapse) : before, after: last.hash };
  }
  const relapse_s = longestRelapse(watched);
  const before = opened({
    incident_id: hand.newId(),
    check: watched.check,
    origin,
    host: hand.host,
    boot_id: now.boot_id,
    onset_at: failure.onset.at,
    detected_at: formatInstant(now.ms),
    confirm_s,
    trigger: hand.trigger,
    metadata: { ...hand.metadata, relapse_s },
  });
  return { before, after: null };
}

function longestRelapse({ playbooks }: Watched): number {
  return Math.max(0, ...playbooks.map((playbook) => playbook.relapse_s));
}

function openingEntry(
  incident: NewIncident,
  situation: Situation,
  decision: Extract<Decision, { opening: Opening }>,
): AuditDraft {
  const { failure, watched, origin, now, config_version } = situation;

  return {
    actor: 'healer',
    action: ACTION.incidentOpened,
    resource: incident.incident_id,
    decision: {
      ...{ reason: failure.summary, confirmed: `${failure.bad} of ${failure.of}`, relapse: incident.relapses },
      ...('order' in decision ? asDrawn(decision.order) : {}),
    },
    metadata: {
      incident_id: incident.incident_id,
      check: watched.check.name,
      target: watched.check.target,
      failure_mode: incident.failure_mode,
      origin,
      config_version,
      relapse_s: longestRelapse(watched),
      onset: { ...onsetOf(decision.opening, situation) },
      ...clockOf(now),
    },
  };
}

/** Before anything is done: what chance has decided, and how likely that was. */
function asDrawn({ playbooks, arm, propensity, holdout_share, frozen, predicted, version }: ChosenOrder): JsonObject {
  const order = playbooks.map(({ id }) => id);
  return { arm, propensity, order, holdout_share, frozen, predicted, version };
}

function claimEntry(
  decision: Extract<Decision, { kind: 'act' }>,
  incident: NewIncident,
  situation: Situation,
  { owner }: Hand,
  predecessor: string,
): AuditDraft {
  const { playbook, order, passedOver } = decision;
  const { incident_id } = incident;
  const { target } = situation.watched.check;
  const request: ClaimRequest = { incident_id, target, playbook_id: playbook.id, predecessor };
  return {
    actor: 'healer',
    action: ACTION.remedyClaimed,
    resource: incident_id,
    decision: {
      granted: true,
      playbook_id: playbook.id,
      account: situation.account.name,
      rule: allowedBy(situation, playbook),
      arm: order.arm,
      propensity: order.propensity,
      order: order.playbooks.map(({ id }) => id),
      ...(passedOver.length > 0 ? { passed_over: passedOver.map(({ rail, reason }) => `${rail}: ${reason}`) } : {}),
    },
    metadata: {
      ...claimMetadata(request, owner),
      check: situation.watched.check.name,
      config_version: situation.config_version,
      ...clockOf(situation.now),
    },
  };
}

function withheldEntries(decision: Extract<Decision, { kind: 'withhold' }>, incident: NewIncident, s: Situation) {
  const { playbook, refusals, sets_brake } = decision;
  const { incident_id } = incident;
  const rails = refusals.map(({ rail }) => rail);
  const reason = refusals.map((refusal) => refusal.reason).join('; ');
  const entries: AuditDraft[] = [];
  const events: ('approval' | 'brake' | 'escalated')[] = [];
  // What was written before the last act, or before everything was given up, is about another turn.
  const turn = Math.max(givenUpAt(s), s.claims[0]?.line ?? 0);
  const ofTurn = (entry: ControlEntry | undefined) =>
    decision.opening === 'open' && entry !== undefined && entry.line > turn ? entry.decision : undefined;
  const before = ofTurn(s.withheld);
  // Written once for each set of rails: what an operator is told is in `heal status`, at every moment.
  if (before?.playbook_id !== playbook.id || String(before?.rails) !== String(rails)) {
    entries.push({
      actor: 'healer',
      action: ACTION.remedyWithheld,
      resource: incident_id,
      decision: { would: `run ${playbook.id}`, playbook_id: playbook.id, rails },
      metadata: {
        incident_id,
        check: s.watched.check.name,
        reasons: refusals.map((one) => one.reason),
        ...clockOf(s.now),
      },
    });
  }
  if (sets_brake !== undefined) {
    const { brake } = s.policy;
    entries.push({
      actor: 'healer',
      action: ACTION.brakeSet,
      resource: BRAKE,
      decision: { reason: sets_brake, rule: `policy.brake: ${brake.incidents} incidents within ${brake.within_s} s` },
      metadata: { incident_id, ...clockOf(s.now) },
    });
    events.push('brake');
  }
  // Nothing else will happen for hours: that is for a person to know now.
  const hasAsked = decision.opening === 'open' && s.escalation !== undefined;
  if (rails.includes('cap') && !rails.includes('observe') && !hasAsked) {
    entries.push(escalationEntry({ reason, gave_up: false }, incident, s));
    events.push('escalated');
  }
  const asked = ofTurn(s.requested);
  const wanted = { playbook_id: playbook.id, config_version: s.config_version };
  const isAsked = asked?.playbook_id === wanted.playbook_id && asked.config_version === wanted.config_version;
  if (rails.length === 1 && rails[0] === 'approval' && !isAsked && s.policy.autonomy[playbook.risk] === 'approve') {
    entries.push({
      actor: 'healer',
      action: ACTION.approvalRequested,
      resource: incident_id,
      decision: wanted,
      metadata: { incident_id, check: s.watched.check.name, risk: playbook.risk, ...clockOf(s.now) },
    });
    events.push('approval');
  }
  return { entries, events, reason };
}

function escalationEntry(decision: { reason: string; gave_up: boolean }, incident: NewIncident, s: Situation) {
  const { incident_id } = incident;
  const rounds = roundsGivenUp(s) + (decision.gave_up ? 1 : 0);
  return {
    actor: 'healer',
    action: ACTION.incidentEscalated,
    resource: incident_id,
    decision: { reason: decision.reason, gave_up: decision.gave_up },
    metadata: { incident_id, check: s.watched.check.name, rounds, ...clockOf(s.now) },
  };
}
