import type { AuditReport } from './audit/report.js';
import type { Claim, Report } from './claim.js';
import type { LearningReport } from './learning.js';
import type { SelfHealingReport } from './self-healing.js';
import type { UnifiedReport } from './unified.js';

export interface AllReport extends Report {
  readonly reports: readonly [SelfHealingReport, LearningReport, UnifiedReport];
  /** `null` when there is no audit log. */
  readonly audit: AuditReport | null;
}

/** The headlines of all reports, then their other claims, each once. */
export function allReport(reports: AllReport['reports'], audit: AuditReport | null): AllReport {
  const [first, ...others] = reports;
  const all: readonly Report[] = audit ? [...others, audit] : others;
  const claims: [Claim, ...Claim[]] = [first.claims[0], ...all.map((report) => report.claims[0])];
  for (const claim of [first, ...all].flatMap((report) => report.claims.slice(1))) {
    if (!claims.some(({ id }) => id === claim.id)) claims.push(claim);
  }
  return {
    schema: 'grace.evidence.all/1',
    claims,
    empty: first.empty,
    next: first.next,
    reports,
    audit,
  };
}
