import { ACTION } from '../../core/records/audit-actions.js';
import type { Incident, NewIncident } from '../../core/records/incident.js';
import { ageOf, type Moment, type Now } from '../../core/records/moment.js';
import type { ControlEntry, ControlView } from '../../core/registry/queries/control.js';
import { isLive } from '../engine/decide.js';
import type { Notice } from '../engine/draft.js';
import { BRAKE } from '../engine/situation.js';
import { takenOn } from '../snapshots.js';
import type { Channel } from './channel.js';

export type NewsEvent = Notice['event'];

/** Something that a channel ought to be told. */
export interface News {
  readonly event: NewsEvent;
  /** An incident, or the brake. */
  readonly subject: string;
  /** The entry that it rests on: a channel that has taken it is not told of that again. */
  readonly about: Pick<ControlEntry, 'line' | 'entry_id'>;
  /** The brake may have been set without one. */
  readonly incident: NewIncident | undefined;
  readonly reason: string;
}

export type Audience = Pick<Channel, 'name' | 'events'>;

/** That something is wrong. What is over is told to whoever took one of these. */
const BEGINNINGS: readonly NewsEvent[] = ['escalated', 'approval', 'opened'];

/** What writes it into the log, and what makes it old. */
const OF_INCIDENT = {
  escalated: {
    action: ACTION.incidentEscalated,
    over: [ACTION.incidentOpened, ACTION.incidentAcknowledged],
  },
  approval: {
    action: ACTION.approvalRequested,
    over: [ACTION.incidentOpened, ACTION.incidentAcknowledged, ACTION.approvalGiven],
  },
  opened: { action: ACTION.incidentOpened, over: [ACTION.incidentAcknowledged] },
} as const;

/** At a time; the most severe first. */
export const MOST_NEWS = 200;
const MOST_ENDS = 500;
/** That something is over is no news any more after a day. */
const END_S = 86_400;

/** All that a channel ought to be told and has not taken, as the logs have it. */
export function newsFor(view: ControlView, to: Audience, now: Now): News[] {
  const of = (event: NewsEvent, subjects: Iterable<string>) =>
    [...new Set(subjects)].flatMap((subject) => newsOf(view, event, subject, to, now) ?? []);
  const hears = (event: NewsEvent) => to.events.includes(event);
  const live = (event: keyof typeof OF_INCIDENT) =>
    view.newsOfLive({ ...OF_INCIDENT[event], event, by: to.name }, MOST_NEWS).map(({ subject }) => subject);
  return [
    ...(hears('brake') ? of('brake', [BRAKE]) : []),
    ...(hears('escalated') ? of('escalated', [...live('escalated'), ...unseen(view)]) : []),
    ...(hears('approval') ? of('approval', live('approval')) : []),
    ...(hears('opened') ? of('opened', live('opened')) : []),
    ...(hears('resolved') ? of('resolved', halfTold(view, to)) : []),
  ];
}

/** That news of one subject, as long as it stands and the channel has not taken it. */
export function newsOf(view: ControlView, event: NewsEvent, subject: string, to: Audience, now: Now): News | undefined {
  if (event === 'brake') return brakeNews(view, to);
  const record = view.incident(subject)?.record;
  if (record === undefined || (record.origin ?? 'real') !== 'real') return undefined;
  const about = event === 'resolved' ? endOf(view, record, to, now) : standing(view, event, record);
  if (about === undefined || isTaken(view, event, subject, about, to)) return undefined;
  return { event, subject, about, incident: takenOn(record), reason: reasonOf(view, event, record, about) };
}

/** What a process has just written down, and has been asked to tell, whatever has become of it since. */
export function newsOfNotice(view: ControlView, { event, incident, reason }: Notice, to: Audience): News | undefined {
  const subject = event === 'brake' ? BRAKE : incident.incident_id;
  const about =
    event === 'resolved'
      ? beginningFor(view, subject, to)
      : view.lastControl(event === 'brake' ? ACTION.brakeSet : OF_INCIDENT[event].action, subject);
  if (about === undefined || isTaken(view, event, subject, about, to)) return undefined;
  return { event, subject, about, incident, reason };
}

function isTaken(view: ControlView, event: string, subject: string, about: News['about'], to: Audience): boolean {
  return view.taken({ subject, event, about, by: to.name }) !== undefined;
}

function brakeNews(view: ControlView, to: Audience): News | undefined {
  const set = view.lastControl(ACTION.brakeSet, BRAKE);
  if (set === undefined || set.line < (view.lastControl(ACTION.brakeReleased, BRAKE)?.line ?? 0)) return undefined;
  if (isTaken(view, 'brake', BRAKE, set, to)) return undefined;
  const { incident_id } = set.metadata;
  const record = typeof incident_id === 'string' ? view.incident(incident_id)?.record : undefined;
  const reason = String(set.decision.reason ?? '');
  return { event: 'brake', subject: BRAKE, about: set, incident: record && takenOn(record), reason };
}

/** The entry that says so, of an incident to which it still applies. */
function standing(view: ControlView, event: keyof typeof OF_INCIDENT, record: Incident): ControlEntry | undefined {
  const { action, over } = OF_INCIDENT[event];
  const entry = isLive(record) ? view.lastControl(action, record.incident_id) : undefined;
  const isOver = over.some((one) => (view.lastControl(one, record.incident_id)?.line ?? 0) > (entry?.line ?? 0));
  if (entry !== undefined && !isOver) return entry;
  return event === 'escalated' ? view.bearable(1, record.incident_id)[0] : undefined;
}

function* unseen(view: ControlView): Iterable<string> {
  for (const { subject } of view.bearable(MOST_NEWS)) yield subject;
}

/** Incidents of which a channel was last told something else than that they are over. */
function* halfTold(view: ControlView, to: Audience): Iterable<string> {
  const seen = new Set<string>();
  for (const { subject, action, decision } of view.tellingsBy(to.name, MOST_ENDS)) {
    if (seen.has(subject) || decision.event === 'brake') continue;
    seen.add(subject);
    if (action !== ACTION.incidentNotified || decision.event !== 'resolved') yield subject;
  }
}

/** What is to be followed by the news that it is over, if it is, and has been for less than a day. */
function endOf(view: ControlView, record: Incident, to: Audience, now: Now): ControlEntry | undefined {
  if (isLive(record)) return undefined;
  const id = record.incident_id;
  const ends: (Moment | null | undefined)[] = [
    view.lastControl(ACTION.incidentRecovered, id),
    view.lastControl(ACTION.incidentClosed, id),
    view.claimsOf(id, 1)[0]?.ended,
  ];
  if (!ends.some((moment) => moment && ageOf(moment, now) < END_S)) return undefined;
  return beginningFor(view, id, to);
}

/**
 * The news of a beginning that a channel has taken; for one that is told of no beginnings the beginning itself. A channel
 * that was told that a person is needed is not told that it is over while that is so.
 */
function beginningFor(view: ControlView, subject: string, to: Audience): ControlEntry | undefined {
  if (to.events.includes('escalated') && view.bearable(1, subject).length > 0) return undefined;
  if (!BEGINNINGS.some((event) => to.events.includes(event))) return view.lastControl(ACTION.incidentOpened, subject);
  return BEGINNINGS.flatMap((event) => view.taken({ subject, event, by: to.name }) ?? [])
    .sort((a, b) => b.line - a.line)
    .at(0);
}

function reasonOf(view: ControlView, event: NewsEvent, record: Incident, about: ControlEntry): string {
  const { incident_id: id, resolution, playbook_id, verification } = record;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  switch (event) {
    case 'approval': {
      const reasons = view.lastControl(ACTION.remedyWithheld, id)?.metadata.reasons;
      return Array.isArray(reasons) ? reasons.map(String).join('; ') : 'a remedy needs an approval';
    }
    case 'resolved': {
      if (resolution === 'remediated') return `${text(playbook_id)} was verified by ${text(verification?.by)}`;
      const closed = resolution === 'manual' ? view.lastControl(ACTION.incidentClosed, id) : undefined;
      return closed ? `closed by ${closed.actor}: ${text(closed.metadata.reason)}` : 'the check passes again';
    }
    default:
      return text(about.decision.reason);
  }
}
