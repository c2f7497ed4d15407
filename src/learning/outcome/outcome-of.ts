import { ACTION } from '../../core/records/audit-actions.js';
import type { AuditDraft } from '../../core/records/audit-entry.js';
import { isJsonObject, type JsonObject } from '../../core/records/json.js';
import { clockOf, type Moment, type Now, readClock } from '../../core/records/moment.js';
import type { ControlEntry, PlacedClaim } from '../../core/registry/queries/control.js';
import type { EpisodeRecord } from '../../core/registry/queries/episodes.js';
import { kept } from '../order/kept.js';
import { type Closing, closingOf } from './closing.js';
import type { LeftOut, Outcome } from './outcome.js';
import { secondsBetween } from './seconds-between.js';
import { isHoldoutShare, isShare } from './shares.js';

export { readOutcome } from './read-outcome.js';

/** More attempts than these are not learned from, and not repeated in the entry: a line of the log has an end. */
const MOST_ATTEMPTS = 50;

/** What is learned from an episode; undefined while it is open, or may still relapse. */
export function outcomeOf(episode: EpisodeRecord, now: Now): Outcome | undefined {
  const closing = closingOf(episode, now);
  if (closing === undefined) return undefined;
  const { opening } = episode;
  const drawn = drawnOf(opening);
  const named = namesOf(opening.metadata);
  const known = closing.claims.filter(({ outcome }) => outcome !== null && outcome !== 'unknown');
  const heeded = known.slice(0, MOST_ATTEMPTS);
  const recovered_s = recoveredAfter(opening.metadata.onset, closing.recovered);
  const unknown = closing.claims.length - known.length;
  return {
    opening: opening.entry_id,
    check: named?.check ?? '',
    target: named?.target ?? '',
    mode: named?.mode ?? '',
    ...drawn.outcome,
    tried: heeded.map((claim) => tried(claim, closing.relapsed)),
    waits: heeded.flatMap(waited),
    recovered_s: recovered_s ?? null,
    relapsed: closing.relapsed,
    escalated: closing.escalated,
    unknown,
    ...judged({
      closing,
      named: named !== undefined,
      armed: drawn.outcome.arm !== null,
      drawn: drawn.complete,
      timed: known.length <= MOST_ATTEMPTS && known.every(isTimed),
      recovery: recovered_s !== undefined && (closing.by !== 'worked' || known.slice(-1).every(isTimed)),
      unknown: unknown > 0,
      reconfigured: drawn.complete && closing.claims.some((claim) => claim.config_version !== drawn.config_version),
    }),
  };
}

/** The entry that says so. */
export function outcomeEntry(outcome: Outcome, incident_id: string, now: Now): AuditDraft {
  const { counts, left_out, order, tried, waits, ...rest } = outcome;
  return {
    actor: 'learner',
    action: ACTION.outcomeLearned,
    resource: incident_id,
    decision: { counts: { ...counts }, left_out: [...left_out] },
    metadata: {
      ...rest,
      order: [...order],
      tried: tried.map((one) => ({ ...one })),
      waits: waits.map((one) => ({ ...one })),
      ...clockOf(now),
    },
  };
}

/** Names that everything is filed under. */
function namesOf({ check, target, failure_mode: mode }: JsonObject) {
  const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';
  return isName(check) && isName(target) && isName(mode) ? { check, target, mode } : undefined;
}

/** What the opening says of how the order was drawn. */
function drawnOf({ decision, metadata: { config_version } }: ControlEntry) {
  const { arm, order, frozen, holdout_share, predicted } = decision;
  const ids = Array.isArray(order) && order.every((id) => typeof id === 'string') ? (order as string[]) : undefined;
  const share = isHoldoutShare(holdout_share) ? holdout_share : undefined;
  const outcome = {
    arm: textOrNull(arm),
    order: ids ?? [],
    holdout: frozen === true,
    holdout_share: share ?? 0,
    differs: share !== undefined && share > 0 && share < 1,
    predicted: isShare(predicted) ? predicted : null,
  };
  const complete =
    ids !== undefined && share !== undefined && typeof frozen === 'boolean' && config_version !== undefined;
  return { outcome, config_version: textOrNull(config_version), complete };
}

function tried(claim: PlacedClaim, relapsed: boolean): Outcome['tried'][number] {
  const { playbook_id: playbook, outcome, granted, ended } = claim;
  const seconds = ended === null ? undefined : secondsBetween(granted, ended);
  return { playbook, worked: outcome === 'worked' && !relapsed, seconds: kept(seconds ?? 0) };
}

function waited({ playbook_id: playbook, outcome, verify_s }: PlacedClaim): Outcome['waits'] {
  if (verify_s === null || !(verify_s >= 0) || (outcome !== 'worked' && outcome !== 'failed')) return [];
  return [{ playbook, seconds: kept(verify_s), healthy: outcome === 'worked' }];
}

/** Whoever ran it has written its end: what was ended by others ended when they found it. */
function isTimed({ act_s, granted, ended }: PlacedClaim): boolean {
  return act_s !== null && ended !== null && secondsBetween(granted, ended) !== undefined;
}

/** `null`: it did not; undefined: how long it took is not on record. */
function recoveredAfter(onset: unknown, recovered: Moment | null): number | null | undefined {
  if (recovered === null) return null;
  if (!isJsonObject(onset) || typeof onset.at !== 'string') return undefined;
  const seconds = secondsBetween({ ...readClock({ clock: onset }), at: onset.at }, recovered);
  return seconds === undefined ? undefined : kept(seconds);
}

interface Known {
  readonly closing: Closing;
  /** Check, target and failure mode. */
  readonly named: boolean;
  readonly armed: boolean;
  /** What the effect needs of the draw. */
  readonly drawn: boolean;
  /** How long each attempt took. */
  readonly timed: boolean;
  /** How long it took to recover, if it did. */
  readonly recovery: boolean;
  readonly unknown: boolean;
  readonly reconfigured: boolean;
}

function judged(known: Known): Pick<Outcome, 'counts' | 'left_out'> {
  const { closing, named, armed, drawn, timed, recovery, unknown, reconfigured } = known;
  const idle = closing.claims.length === 0;
  const person_first = idle && closing.by === 'person';
  // Without its names, or without knowing whether it held, there is nothing to learn from it at all.
  const usable = named && closing.settled && !idle;
  const complete = usable && timed && recovery && (drawn || !armed);
  const reasons: readonly (readonly [LeftOut, boolean])[] = [
    ['person_first', person_first],
    ['unknown_attempt', unknown],
    ['config_changed', reconfigured],
    ['no_arm', !armed],
    ['incomplete', !complete && !person_first],
  ];
  return {
    counts: {
      order: usable && timed && !unknown,
      waits: usable && timed && !unknown,
      effect: usable && armed && drawn && recovery && !reconfigured,
    },
    left_out: reasons.filter(([, holds]) => holds).map(([reason]) => reason),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
