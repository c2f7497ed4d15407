import type { Origin } from '../core/records/incident.js';
import type { IncidentFacts, IncidentGroup } from '../core/registry/queries/evidence-incidents.js';
import { type IncidentKind, incidentKind } from './healing-kinds.js';
import { type Summary, summarise } from './summary.js';
import { sum } from './words.js';

/** What the report of the old system would have said, by its rules: each line is an incident, each word is believed. */
export interface OriginalHealing {
  /** Lines. */
  readonly incidents: number;
  /** Lines with status `resolved`. */
  readonly resolved: number;
  readonly resolved_share: number | null;
  /** Resolved lines that call themselves a success. */
  readonly successful: number;
  /** Of the resolved lines. */
  readonly success_rate: number | null;
  readonly mttr_mean_s: number | null;
  readonly mttr_fastest_s: number | null;
  readonly mttr_slowest_s: number | null;
  /** It said PASS as soon as one line was resolved. */
  readonly passes: boolean;
}

/** How incidents of one origin really stand. */
export interface TrueOutcome {
  readonly origin: Origin;
  readonly outcome: 'resolved' | 'failed' | 'never closed';
  readonly n: number;
  readonly verified: number;
  /** With a recorded action. */
  readonly acted: number;
  /** As recorded; only of resolved ones. */
  readonly time_to_recover: Summary | null;
}

export interface HealingComparison {
  readonly original: OriginalHealing;
  readonly truth: {
    readonly lines: number;
    readonly duplicate_lines: number;
    readonly incidents: number;
    readonly outcomes: readonly TrueOutcome[];
  };
}

/** `null` when the old system wrote none of the lines. */
export function compareHealing({ groups, recoveries, line_sums }: IncidentFacts): HealingComparison | null {
  const { lines, old, resolved, successful } = line_sums;
  if (old === 0) return null;
  const outcomes = ORIGINS.flatMap((origin) =>
    OUTCOMES.flatMap(([outcome, kinds]): TrueOutcome[] => {
      const alike = groups.filter((group) => group.origin === origin && kinds.includes(incidentKind(group)));
      const times = outcome === 'resolved' ? recoveries.filter((recovery) => recovery.origin === origin) : [];
      const time_to_recover = summarise(times.map((recovery) => recovery.mttr_seconds));
      const n = sum(alike, (group) => group.n);
      const of = (flag: 'verified' | 'acted') =>
        sum(alike, (group: IncidentGroup) => (group[flag] === 1 ? group.n : 0));
      return n === 0 ? [] : [{ origin, outcome, n, verified: of('verified'), acted: of('acted'), time_to_recover }];
    }),
  );
  return {
    original: {
      incidents: lines,
      resolved,
      resolved_share: lines === 0 ? null : resolved / lines,
      successful,
      success_rate: resolved === 0 ? null : successful / resolved,
      mttr_mean_s: line_sums.mttr_mean_s,
      mttr_fastest_s: line_sums.mttr_least_s,
      mttr_slowest_s: line_sums.mttr_most_s,
      passes: resolved > 0,
    },
    truth: {
      lines: sum(groups, (group) => group.lines),
      duplicate_lines: sum(groups, (group) => group.duplicates),
      incidents: sum(groups, (group) => group.n),
      outcomes,
    },
  };
}

const ORIGINS: readonly Origin[] = ['real', 'drill', 'simulated'];

const OUTCOMES: readonly (readonly [TrueOutcome['outcome'], readonly IncidentKind[]])[] = [
  ['resolved', ['healed', 'without_grace', 'unverified']],
  ['failed', ['failed']],
  ['never closed', ['open']],
];
