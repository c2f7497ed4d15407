import type { Origin } from '../core/records/incident.js';
import type { IncidentFacts, IncidentGroup, Recovery } from '../core/registry/queries/evidence-incidents.js';
import {
  type AttemptTally,
  attemptsByPlaybook,
  episodesForPerson,
  type PlaybookAttempts,
  tallyAttempts,
} from './attempts.js';
import type { Report } from './claim.js';
import { drillClaim, selfHealingClaim } from './healing-claims.js';
import { type RecoveryKind, recoveryKind } from './healing-kinds.js';
import { type IncidentTally, ofKind, type RecoveryTimes, recoveryTimes, tallyIncidents } from './healing-tallies.js';
import { compareHealing, type HealingComparison } from './original-healing.js';
import { integrityClaim, type RecordState, recordSums } from './records.js';
import { type Summary, summarise } from './summary.js';

export interface SelfHealingReport extends Report {
  readonly incidents: readonly OriginTally[];
  readonly attempts_by_playbook: readonly PlaybookAttempts[];
  readonly time_to_recover: readonly ({ readonly origin: Origin; readonly kind: RecoveryKind } & RecoveryTimes)[];
  readonly by_failure_mode: readonly Breakdown[];
  readonly by_playbook: readonly Breakdown[];
  readonly records: RecordState;
  readonly original_report: HealingComparison | null;
}

export interface OriginTally extends IncidentTally, AttemptTally {
  readonly origin: Origin;
  readonly episodes_for_person: number;
}

/** Incidents of one failure mode or one playbook, and of one origin. */
export interface Breakdown extends IncidentTally {
  /** Failure mode or playbook; `null` where none is recorded. */
  readonly name: string | null;
  readonly origin: Origin;
  /** Of the healed and verified ones. */
  readonly time_to_recover: Summary | null;
}

export function selfHealingReport(facts: IncidentFacts, records: RecordState, now_ms: number): SelfHealingReport {
  const { claim, next } = selfHealingClaim(facts, recordSums(records), now_ms);
  const drill = drillClaim(facts);
  return {
    schema: 'grace.evidence.self_healing/1',
    claims: [claim, ...(drill ? [drill] : []), integrityClaim(records)],
    // A drill and a simulation say nothing about the headline: a window with only those holds nothing real.
    empty: facts.groups.every((group) => group.origin !== 'real'),
    next,
    incidents: ORIGINS.map((origin) => ({
      origin,
      ...tallyIncidents(facts.groups.filter((group) => group.origin === origin)),
      ...tallyAttempts(facts.attempts.filter((group) => group.origin === origin)),
      episodes_for_person: episodesForPerson(facts, origin),
    })),
    attempts_by_playbook: attemptsByPlaybook(facts.attempts, ORIGINS),
    time_to_recover: ORIGINS.flatMap((origin) =>
      KINDS.flatMap((kind) => {
        const some = ofKind(facts.recoveries, kind).filter((recovery) => recovery.origin === origin);
        return some.length === 0 ? [] : [{ origin, kind, ...recoveryTimes(some) }];
      }),
    ),
    by_failure_mode: breakdown(facts, (of) => of.failure_mode),
    by_playbook: breakdown(facts, (of) => of.playbook_id),
    records,
    original_report: compareHealing(facts),
  };
}

const ORIGINS: readonly Origin[] = ['real', 'drill', 'simulated'];
const KINDS: readonly RecoveryKind[] = ['healed', 'without_grace', 'unverified'];

/** Real ones first, the most frequent first among them. */
function breakdown(facts: IncidentFacts, nameOf: (of: IncidentGroup | Recovery) => string | null): Breakdown[] {
  const groups = new Map<string, IncidentGroup[]>();
  for (const group of facts.groups) {
    const key = JSON.stringify([group.origin, nameOf(group)]);
    const alike = groups.get(key);
    if (alike) alike.push(group);
    else groups.set(key, [group]);
  }
  const times = new Map<string, (number | null)[]>();
  for (const recovery of facts.recoveries) {
    if (recoveryKind(recovery) !== 'healed') continue;
    const key = JSON.stringify([recovery.origin, nameOf(recovery)]);
    const seconds = times.get(key);
    if (seconds) seconds.push(recovery.mttr_seconds);
    else times.set(key, [recovery.mttr_seconds]);
  }
  return [...groups]
    .map(([key, some]): Breakdown => {
      const [origin, name] = JSON.parse(key) as [Origin, string | null];
      return { name, origin, ...tallyIncidents(some), time_to_recover: summarise(times.get(key) ?? []) };
    })
    .sort((a, b) => ORIGINS.indexOf(a.origin) - ORIGINS.indexOf(b.origin) || b.incidents - a.incidents);
}
