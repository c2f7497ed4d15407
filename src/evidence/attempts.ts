import type { Origin } from '../core/records/incident.js';
import type { AttemptGroup, IncidentFacts } from '../core/registry/queries/evidence-incidents.js';
import { count, counted, sum } from './words.js';

/** Remedies that were granted, by how they ended: an incident that was healed may have taken many. */
export interface AttemptTally {
  readonly attempts: number;
  readonly attempts_worked: number;
  /** Timed out ones among them. */
  readonly attempts_failed: number;
  readonly attempts_unknown: number;
  readonly attempts_under_way: number;
  /** Those that a person forced by passing over rails. */
  readonly attempts_forced: number;
}

export interface PlaybookAttempts extends AttemptTally {
  readonly origin: Origin;
  readonly playbook_id: string;
}

export function tallyAttempts(groups: readonly AttemptGroup[]): AttemptTally {
  const ended = (...outcomes: AttemptGroup['outcome'][]) =>
    sum(groups, ({ outcome, n }) => (outcomes.includes(outcome) ? n : 0));
  return {
    attempts: sum(groups, ({ n }) => n),
    attempts_worked: ended('worked'),
    attempts_failed: ended('failed', 'timed_out'),
    attempts_unknown: ended('unknown'),
    attempts_under_way: ended(null),
    attempts_forced: sum(groups, ({ forced, n }) => (forced === 1 ? n : 0)),
  };
}

/** Episodes in which a person was asked for, whatever became of them. */
export function episodesForPerson({ escalated }: Pick<IncidentFacts, 'escalated'>, origin: Origin): number {
  return sum(escalated, (one) => (one.origin === origin ? one.episodes : 0));
}

/** Of each playbook, in the order of `origins`; the most frequent first among them. */
export function attemptsByPlaybook(groups: readonly AttemptGroup[], origins: readonly Origin[]): PlaybookAttempts[] {
  return origins.flatMap((origin) => {
    const own = groups.filter((group) => group.origin === origin);
    return [...new Set(own.map(({ playbook_id }) => playbook_id))]
      .map((playbook_id) => ({
        ...{ origin, playbook_id },
        ...tallyAttempts(own.filter((group) => group.playbook_id === playbook_id)),
      }))
      .sort((a, b) => b.attempts - a.attempts);
  });
}

/** ` after 5 failed attempts and 1 of unknown end`, or nothing. */
export function afterWords({ attempts_failed, attempts_unknown }: AttemptTally): string {
  if (attempts_failed === 0 && attempts_unknown === 0) return '';
  if (attempts_failed === 0) return ` after ${counted(attempts_unknown, 'attempt')} of unknown end`;
  const unknown = attempts_unknown > 0 ? ` and ${count(attempts_unknown)} of unknown end` : '';
  return ` after ${counted(attempts_failed, 'failed attempt')}${unknown}`;
}
