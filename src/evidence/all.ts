import type { Claim, Report } from './claim.js';
import type { LearningReport } from './learning.js';
import type { SelfHealingReport } from './self-healing.js';
import type { UnifiedReport } from './unified.js';

export interface AllReport extends Report {
  readonly reports: readonly [SelfHealingReport, LearningReport, UnifiedReport];
}

/** The headlines of all reports, then their other claims, each once. */
export function allReport(...reports: AllReport['reports']): AllReport {
  const [first, ...others] = reports;
  const claims: [Claim, ...Claim[]] = [first.claims[0], ...others.map((report) => report.claims[0])];
  for (const claim of reports.flatMap((report) => report.claims.slice(1))) {
    if (!claims.some(({ id }) => id === claim.id)) claims.push(claim);
  }
  return {
    schema: 'grace.evidence.all/1',
    claims,
    empty: first.empty,
    next: first.next,
    reports,
  };
}
