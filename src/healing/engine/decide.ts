import { ageOf, type Moment } from '../../core/records/moment.js';
import type { Playbook } from '../playbook.js';
import { passedOver, type Refusal, refusals } from './rails.js';
import { givenUpAt, untried } from './rounds.js';
import type { ChosenOrder, Situation } from './situation.js';

/** What becomes of the record of the failure. */
export type Opening =
  /** Nobody has recorded it. */
  | 'new'
  /** The same failure within the relapse window of its last remedy: the same incident, once more. */
  | 'again'
  /** Somebody else has recorded it, and it has not ended: it is grace's from now on. */
  | 'taken'
  /** It is recorded and has not ended. */
  | 'open';

export type Decision =
  /** What was seen is older than the last act, or than the end of the incident: somebody has dealt with it. Look again. */
  | { readonly kind: 'stale' }
  /** A remedy is under way on this incident or this target. */
  | { readonly kind: 'busy'; readonly claim_id: string }
  /** A remedy was under way, and its process is gone: what it left has to be settled first. */
  | { readonly kind: 'abandoned'; readonly claim_id: string }
  | {
      readonly kind: 'withhold';
      readonly opening: Opening;
      readonly playbook: Playbook;
      readonly order: ChosenOrder;
      readonly refusals: readonly Refusal[];
      /** Why this failure sets the brake, if it does. */
      readonly sets_brake?: string;
    }
  | {
      readonly kind: 'act';
      readonly opening: Opening;
      readonly playbook: Playbook;
      readonly order: ChosenOrder;
      readonly passedOver: readonly Refusal[];
    }
  /** There is nothing (left) to try: a person is the last remedy. */
  | { readonly kind: 'escalate'; readonly opening: Opening; readonly gave_up: boolean; readonly reason: string }
  /** A person has been asked for, and nothing has changed since. */
  | { readonly kind: 'wait'; readonly opening: 'open'; readonly reason: string };

/** What to do about a confirmed failure: a function of data. What it answers is done by whoever asked, or only shown. */
export function decide(situation: Situation): Decision {
  const { openClaims } = situation;
  const [other] = openClaims;
  if (other) return { kind: other.alive ? 'busy' : 'abandoned', claim_id: other.claim_id };
  if (isStale(situation)) return { kind: 'stale' };

  const opening = openingOf(situation);
  const order = orderOf(situation, opening);
  const goesOn = opening === 'open' || opening === 'taken';
  const fresh: Situation = goesOn ? situation : { ...situation, ...NOTHING_YET };
  const [playbook] = untried(fresh, order.playbooks);
  if (playbook === undefined) return nothingToTry(fresh, opening, order);
  const storm = opening === 'open' ? undefined : stormOf(situation, opening);
  const held = refusals(fresh, playbook);
  if (storm !== undefined) {
    const refusal: Refusal = { rail: 'brake', reason: `the brake is set: ${storm}` };
    return { kind: 'withhold', opening, playbook, order, refusals: [...held, refusal], sets_brake: storm };
  }
  if (held.length > 0) return { kind: 'withhold', opening, playbook, order, refusals: held };
  return { kind: 'act', opening, playbook, order, passedOver: passedOver(fresh, playbook) };
}

/** An episode ends in the order in which it began, unless the configuration has changed meanwhile. */
function orderOf(situation: Situation, opening: Opening) {
  const { order, watched, standing, opening: begun, config_version } = situation;
  if (opening !== 'open' || begun === undefined) {
    return order(watched, { standing, episode: { kind: 'begins', onset: onsetOf(opening, situation) } });
  }
  const isSame = begun.metadata.config_version === config_version;
  return order(watched, { standing, episode: isSame ? { kind: 'goes_on', opening: begun } : { kind: 'changed' } });
}

/** When it began, as its opening says it. What somebody else has recorded began when they say: that is known as a date. */
export function onsetOf(opening: Opening, { last, failure }: Situation): Moment {
  if (opening !== 'taken' || last === undefined) {
    const { boot_id, elapsed_s, at } = failure.onset;
    return { boot_id, elapsed_s, at };
  }
  return { boot_id: null, elapsed_s: null, at: last.record.onset_at ?? last.record.detected_at };
}

/** Of an episode that begins now. */
const NOTHING_YET = {
  opening: undefined,
  escalation: undefined,
  claims: [],
  approval: undefined,
  withheld: undefined,
  requested: undefined,
} as const;

/** Why this failure is one too many at once: then nothing helps but a person, and acts may do harm. */
function stormOf({ brake, openings, policy, origin, now, last }: Situation, opening: Opening): string | undefined {
  if (brake !== undefined || origin === 'drill') return undefined;
  const { incidents, within_s } = policy.brake;
  const ids = new Set(openings.filter((one) => ageOf(one, now) < within_s).map(({ subject }) => subject));
  ids.add(opening === 'new' ? '' : (last?.record.incident_id ?? ''));
  return ids.size >= incidents ? `${ids.size} incidents within ${within_s} s` : undefined;
}

function nothingToTry(situation: Situation, opening: Opening, order: ChosenOrder): Decision {
  const { escalation, claims } = situation;
  const gave_up = order.playbooks.length > 0;
  if (escalation !== undefined && !claims.some(({ line }) => line > escalation.line)) {
    return { kind: 'wait', opening: 'open', reason: String(escalation.decision.reason ?? 'it needs a person') };
  }
  const since = givenUpAt(situation);
  const unknown = claims.filter(({ line, outcome }) => line > since && outcome === 'unknown').length;
  const tried =
    unknown === 0 ? 'all remedies have failed' : `all remedies were tried, ${unknown} of them with an unknown end`;
  const reason = gave_up ? tried : 'no remedy is listed for it';
  return { kind: 'escalate', opening, gave_up, reason };
}

function isStale({ last, ended, failure, targetClaims, now }: Situation): boolean {
  const acted = targetClaims[0]?.ended;
  if (acted != null && ageOf(acted, now) < ageOf(failure.newest, now)) return true;
  if (last === undefined || isLive(last.record) || ended === undefined) return false;
  const over = 'ended' in ended ? (ended.ended ?? ended.granted) : ended;
  return ageOf(over, now) <= ageOf(failure.onset, now);
}

function openingOf({ last, ended, now, opening }: Situation): Opening {
  if (last === undefined) return 'new';
  if (isLive(last.record)) return opening === undefined ? 'taken' : 'open';
  if (last.record.status !== 'resolved' || ended === undefined) return 'new';
  const over = 'ended' in ended ? (ended.ended ?? ended.granted) : ended;
  const relapse_s = last.record.metadata.relapse_s;
  return ageOf(over, now) < (typeof relapse_s === 'number' ? relapse_s : 0) ? 'again' : 'new';
}

/** Neither recovered nor closed. */
export function isLive({ status, resolution }: { status: string; resolution?: unknown }): boolean {
  return status === 'detected' || status === 'remediating' || (status === 'failed' && resolution === 'none');
}
