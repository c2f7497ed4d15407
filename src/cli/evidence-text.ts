import type { Claim, Report } from '../evidence/claim.js';
import type { LearningReport } from '../evidence/learning.js';
import type { RecordState } from '../evidence/records.js';
import type { SelfHealingReport } from '../evidence/self-healing.js';
import type { UnifiedReport } from '../evidence/unified.js';
import { count } from '../evidence/words.js';
import type { Context } from './context.js';
import { selfHealingSections } from './evidence-healing-text.js';
import { isAll, type Provenance } from './evidence-json.js';
import { learningSections } from './evidence-learning-text.js';
import { Page } from './evidence-page.js';
import { unifiedSections } from './evidence-unified-text.js';
import { nextCommand } from './next-command.js';
import type { Style } from './output/style.js';
import { formatUtc } from './output/time.js';
import type { WhereOptions } from './where.js';

type OneReport = SelfHealingReport | LearningReport | UnifiedReport;

export interface Setting {
  readonly ctx: Context;
  readonly style: Style;
  readonly where: WhereOptions;
}

/** The headline first, then every other claim, then what they rest on. */
export function evidenceText(report: Report, provenance: Provenance, { ctx, style, where }: Setting): string {
  const page = new Page(ctx, style);
  writeClaims(page, report.claims);
  if (report.next) page.next(report.next.why, nextCommand(report.next.argv, where));
  if (isAll(report)) {
    for (const one of report.reports) {
      page.chapter(CHAPTER[one.schema] ?? one.schema);
      writeSections(page, one);
    }
    writeBadLines(page, report.reports[0].records);
  } else {
    writeSections(page, report as OneReport);
    writeBadLines(page, (report as OneReport).records);
  }
  writeProvenance(page, provenance);
  return page.text;
}

const CHAPTER: Readonly<Record<string, string>> = {
  'grace.evidence.self_healing/1': 'SELF-HEALING',
  'grace.evidence.learning/1': 'LEARNING',
  'grace.evidence.unified/1': 'UNIFIED REGISTRY',
};

function writeClaims(page: Page, claims: readonly Claim[]): void {
  for (const [i, claim] of claims.entries()) {
    if (i > 0) page.blank();
    page.claim(claim);
  }
}

function writeSections(page: Page, report: OneReport): void {
  if ('by_failure_mode' in report) selfHealingSections(page, report);
  else if ('loop' in report) learningSections(page, report);
  else unifiedSections(page, report);
}

function writeBadLines(page: Page, { logs }: RecordState): void {
  const bad = logs.flatMap((log) => log.first_quarantined);
  if (bad.length === 0) return;
  page.title('Quarantined lines');
  page.table(
    [{ header: 'file' }, { header: 'offset', align: 'right' }, { header: 'bytes', align: 'right' }, { header: 'why' }],
    bad.map(({ file, offset, length, reason }) => [file, offset, length, reason]),
  );
  for (const log of logs) {
    const more = log.quarantined - log.first_quarantined.length;
    if (more > 0) page.paragraph(`and ${count(more)} more in the ${log.log} log: grace doctor`);
  }
}

function writeProvenance(page: Page, { logs, since, generated_at, registry }: Provenance): void {
  const window = since === null ? 'all records' : `records since ${formatUtc(since)}`;
  page.title('Made from');
  page.paragraph(`${logs} – ${window}, as of ${formatUtc(generated_at)}`);
  page.paragraph('p50 and p95 by nearest rank; – where nothing is recorded');
  if (registry.rebuilt !== null) page.paragraph(`the registry was built anew: ${registry.rebuilt}`);
  if (registry.kept !== null) page.paragraph(`the damaged registry was kept as ${registry.kept}`);
  if (registry.temporary !== null) page.paragraph(`read into a temporary registry: ${registry.temporary}`);
}
