import { matchesPattern } from '../../core/config/name-pattern.js';
import { ageOf } from '../../core/records/moment.js';
import { PASSABLE_RAILS, type RailId } from '../../core/records/rails.js';
import { inMillis } from '../../core/records/time.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import type { Playbook } from '../playbook.js';
import { approvalFault } from './approval.js';
import { gapWords } from './gap-words.js';
import { cooldownLeft, reachedCap } from './limits.js';
import { rearmLeft } from './rounds.js';
import type { Situation } from './situation.js';

/** One reason not to act. */
export interface Refusal {
  readonly rail: RailId;
  /** For an operator: what holds, and until when if that is known. */
  readonly reason: string;
}

interface Rail {
  readonly id: RailId;
  /** Why not to act, or `undefined`. */
  judge(situation: Situation, playbook: Playbook): string | undefined;
}

/** Every rail is asked every time, so that an operator sees all that holds and not one after another. */
const RAILS: readonly Rail[] = [
  { id: 'observe', judge: ({ watched }) => (watched.act ? undefined : 'mode is observe') },
  {
    id: 'account',
    judge: ({ account }) => (account.allowed ? undefined : `${account.name} may not heal: ${account.rule}`),
  },
  { id: 'silence', judge: silenced },
  { id: 'maintenance', judge: ({ maintenance }) => maintenance },
  { id: 'dependency', judge: dependencyFails },
  {
    id: 'flapping',
    judge: ({ flapping }) => (flapping ? 'it changes too often: acting would add to that' : undefined),
  },
  { id: 'brake', judge: braked },
  { id: 'log_gap', judge: ({ missing }) => gapWords(missing) },
  {
    id: 'rearm',
    judge: (situation) => left(rearmLeft(situation), 'all remedies have failed; the next round begins'),
  },
  {
    id: 'cooldown',
    judge: (situation) => left(cooldownLeft(situation), 'the last act is too recent;'),
  },
  { id: 'cap', judge: reachedCap },
  { id: 'approval', judge: approvalFault },
];

/** What keeps this playbook from being run now; those that a person passes over are left out. */
export function refusals(situation: Situation, playbook: Playbook): Refusal[] {
  return RAILS.flatMap((rail) => {
    if (isPassable(rail.id) && situation.passOver.includes(rail.id)) return [];
    const reason = rail.judge(situation, playbook);
    return reason === undefined ? [] : [{ rail: rail.id, reason }];
  });
}

/** Those that hold and that a person passes over: they are written down with the act. */
export function passedOver(situation: Situation, playbook: Playbook): Refusal[] {
  return RAILS.flatMap((rail) => {
    if (!isPassable(rail.id) || !situation.passOver.includes(rail.id)) return [];
    const reason = rail.judge(situation, playbook);
    return reason === undefined ? [] : [{ rail: rail.id, reason }];
  });
}

/** A person may pass over it in a run of their own. */
export function isPassable(id: RailId): boolean {
  return PASSABLE_RAILS.some((one) => one === id);
}

function left(seconds: number, why: string): string | undefined {
  return seconds > 0 ? `${why} in ${Math.ceil(seconds)} s` : undefined;
}

function silenced({ silences, watched, now }: Situation): string | undefined {
  const holding = silences.find((silence) => isSilencing(silence, watched.check.name, now));
  if (holding === undefined) return undefined;
  const { reason, account } = holding.metadata;
  return `silenced by ${text(account)}${typeof reason === 'string' && reason !== '' ? `: ${reason}` : ''}`;
}

/** A silence that has not run out and names the check. */
export function isSilencing(silence: ControlEntry, check: string, now: Situation['now']): boolean {
  const { checks, lasts_s } = silence.metadata;
  if (typeof lasts_s !== 'number' || ageOf(silence, now) >= lasts_s) return false;
  return Array.isArray(checks) && checks.some((one) => typeof one === 'string' && matchesPattern(one, check));
}

function dependencyFails({ dependencies }: Situation): string | undefined {
  const bad = dependencies.filter(({ status }) => status === 'critical' || status === 'unknown');
  if (bad.length === 0) return undefined;
  return `it depends on ${bad.map(({ name, status }) => `${name}, which is ${status}`).join(' and ')}`;
}

function braked({ brake, origin }: Situation): string | undefined {
  // What grace itself has staged is no storm, and is not held up by one.
  if (brake === undefined || origin === 'drill') return undefined;
  const { reason } = brake.decision;
  const why = typeof reason === 'string' && reason !== '' ? `: ${reason}` : '';
  return `the brake is on since ${inMillis(brake.at)}, by ${brake.actor}${why}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : 'somebody';
}
