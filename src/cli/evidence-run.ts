import type Database from 'better-sqlite3';
import { bootId } from '../core/host/process-identity.js';
import type { Now } from '../core/records/moment.js';
import { formatInstant, inMillis } from '../core/records/time.js';
import { auditFacts } from '../core/registry/queries/evidence-audit.js';
import { incidentFacts } from '../core/registry/queries/evidence-incidents.js';
import { taskFacts } from '../core/registry/queries/evidence-tasks.js';
import type { Window } from '../core/registry/queries/evidence-window.js';
import { allReport } from '../evidence/all.js';
import type { AuditReport } from '../evidence/audit/report.js';
import { exitOf, type Report } from '../evidence/claim.js';
import { learningReport } from '../evidence/learning.js';
import type { RecordState } from '../evidence/records.js';
import { selfHealingReport } from '../evidence/self-healing.js';
import { unifiedReport } from '../evidence/unified.js';
import type { Context } from './context.js';
import { evidenceJson, type Provenance } from './evidence-json.js';
import { learnedFacts } from './evidence-learning-facts.js';
import { recordState } from './evidence-records.js';
import { evidenceText } from './evidence-text.js';
import { choiceOption, sinceOption } from './options.js';
import { writeJson } from './output/json.js';
import { openForLooking, type Reading } from './reading.js';
import type { WhereOptions } from './where.js';

export type ReportName = 'self-healing' | 'learning' | 'unified' | 'all';

export interface EvidenceOptions extends WhereOptions {
  readonly since?: string;
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly empty?: string;
}

export async function runEvidence(ctx: Context, name: ReportName, options: EvidenceOptions): Promise<number> {
  const window: Window = { since: sinceOption(ctx, options.since) ?? null };
  const emptyIsOk = choiceOption('--empty', options.empty, ['ok']) === 'ok';
  const reading = await openForLooking(ctx, options);
  const now: Now = { boot_id: bootId(), elapsed_s: ctx.clock.elapsed(), ms: ctx.clock.now() };
  const audit = name === 'all' || name === 'learning' ? await newestAudit(ctx, reading.dir) : null;
  const report = build(name, reading, { window, now, audit });
  const { temporary, rebuilt, kept } = reading.registry.notes;
  reading.registry.close();

  const exit_code = exitOf(report, { strict: options.strict === true, emptyIsOk });
  const provenance: Provenance = {
    logs: reading.dir,
    since: inMillis(window.since),
    generated_at: formatInstant(now.ms),
    exit_code,
    registry: { temporary: temporary ?? null, rebuilt: rebuilt ?? null, kept: kept ?? null },
  };
  if (options.json) writeJson(ctx.out, evidenceJson(report, provenance));
  else ctx.out.write(evidenceText(report, provenance, { ctx, style: await ctx.style(), where: options }));
  return exit_code;
}

/** What is new since the last verification; everything, when there was none. */
async function newestAudit(ctx: Context, dir: string): Promise<AuditReport | null> {
  const { auditOf } = await import('./evidence-audit.js');
  return (await auditOf(ctx, dir, { quick: true })) ?? null;
}

/** What a report is made from. */
interface Material {
  readonly db: Database.Database;
  readonly dir: string;
  readonly records: RecordState;
  readonly window: Window;
  readonly now: Now;
  readonly audit: AuditReport | null;
}

function build(name: ReportName, reading: Reading, made: Pick<Material, 'window' | 'now' | 'audit'>): Report {
  // One transaction: another process may fold new lines between two queries.
  return reading.registry.read((db) =>
    db.transaction(() => {
      const records = recordState(db, reading, made.window);
      return REPORT[name]({ ...made, db, dir: reading.dir, records });
    })(),
  );
}

const selfHealing = ({ db, window, records, now }: Material) =>
  selfHealingReport(incidentFacts(db, window), records, now.ms);
const learning = ({ db, dir, window, records, now, audit }: Material) =>
  learningReport(auditFacts(db, window), learnedFacts({ db, dir, window, now }), records, audit);
const unified = ({ db, window, records }: Material) => unifiedReport(taskFacts(db, window), records);

const REPORT: Readonly<Record<ReportName, (made: Material) => Report>> = {
  'self-healing': selfHealing,
  learning,
  unified,
  all: (made) => allReport([selfHealing(made), learning(made), unified(made)], made.audit),
};
