import type { IncidentGroup, Recovery } from '../core/registry/queries/evidence-incidents.js';
import { incidentKind, type RecoveryKind, recoveryKind } from './healing-kinds.js';
import { type Summary, summarise } from './summary.js';
import { sum } from './words.js';

/** Incidents by how they stand now. Each is one incident, however many lines tell of it. */
export interface IncidentTally {
  readonly incidents: number;
  readonly lines: number;
  readonly duplicate_lines: number;
  readonly healed: number;
  readonly failed: number;
  /** `healed` + `failed`: the denominator of every success rate. */
  readonly ended: number;
  /** 0–1; `null` when nothing has ended. */
  readonly success_rate: number | null;
  readonly without_grace: number;
  readonly unverified: number;
  readonly open: number;
  readonly relapses: number;
}

export function tallyIncidents(groups: readonly IncidentGroup[]): IncidentTally {
  const of = (kind: ReturnType<typeof incidentKind>) =>
    sum(groups, (group) => (incidentKind(group) === kind ? group.n : 0));
  const healed = of('healed');
  const failed = of('failed');
  const ended = healed + failed;
  return {
    incidents: sum(groups, (group) => group.n),
    lines: sum(groups, (group) => group.lines),
    duplicate_lines: sum(groups, (group) => group.duplicates),
    healed,
    failed,
    ended,
    success_rate: ended === 0 ? null : healed / ended,
    without_grace: of('without_grace'),
    unverified: of('unverified'),
    open: of('open'),
    relapses: sum(groups, (group) => group.relapses),
  };
}

/** Seconds from onset to recovery, and its parts where they are recorded. */
export interface RecoveryTimes {
  readonly total: Summary | null;
  readonly confirm: Summary | null;
  readonly decide: Summary | null;
  readonly act: Summary | null;
  readonly verify: Summary | null;
}

export function recoveryTimes(recoveries: readonly Recovery[]): RecoveryTimes {
  return {
    total: summarise(recoveries.map((recovery) => recovery.mttr_seconds)),
    confirm: summarise(recoveries.map((recovery) => recovery.confirm_s)),
    decide: summarise(recoveries.map((recovery) => recovery.decide_s)),
    act: summarise(recoveries.map((recovery) => recovery.act_s)),
    verify: summarise(recoveries.map((recovery) => recovery.verify_s)),
  };
}

export function ofKind(recoveries: readonly Recovery[], kind: RecoveryKind): Recovery[] {
  return recoveries.filter((recovery) => recoveryKind(recovery) === kind);
}
