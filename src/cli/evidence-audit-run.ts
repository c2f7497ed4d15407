import { formatInstant } from '../core/records/time.js';
import { hasNotes } from '../core/seal/note-file.js';
import { LIMITS } from '../evidence/audit/limits.js';
import { auditExit } from '../evidence/audit/report.js';
import { counted } from '../evidence/words.js';
import type { Context } from './context.js';
import { type AuditChecks, auditOf } from './evidence-audit.js';
import { Page } from './evidence-page.js';
import { nextCommand, nextWords } from './next-command.js';
import { writeJson } from './output/json.js';
import { findLogs, requireLogs } from './reading.js';
import type { WhereOptions } from './where.js';

export interface AuditOptions extends WhereOptions, AuditChecks {
  readonly json?: boolean;
}

export async function runAudit(ctx: Context, options: AuditOptions): Promise<number> {
  const dir = await findLogs(ctx, options);
  // A log of which only the seal is left was taken away; that is for the verdict to say.
  if (!hasNotes(dir)) requireLogs(dir, options, 'audit');
  const report = await auditOf(ctx, dir, options);
  if (!report) throw new Error('the audit log has gone away');
  const exit_code = auditExit(report);
  const generated_at = formatInstant(ctx.clock.now());
  if (options.json) {
    const { schema, claims, next, ...rest } = report;
    writeJson(ctx.out, {
      ...{ schema, generated_at, logs: dir, verdict: claims[0].verdict, exit_code, claims },
      next: next && { ...next, argv: nextWords(next.argv, { logs: dir }) },
      ...rest,
      limits: LIMITS.map(([someone, shows_as, stays_hidden]) => ({ someone, shows_as, stays_hidden })),
    });
    return exit_code;
  }
  const page = new Page(ctx, await ctx.style());
  for (const [i, claim] of report.claims.entries()) {
    if (i > 0) page.blank();
    page.claim(claim);
  }
  if (report.next) page.next(report.next.why, nextCommand(report.next.argv, options));
  page.title('What a seal shows, and what it cannot');
  page.table([{ header: 'somebody' }, { header: 'shows as' }, { header: 'stays hidden' }], LIMITS);
  if (report.origin !== null) {
    page.title('Sealed as');
    page.verbatim(report.origin);
    for (const vkey of report.signed_by) page.verbatim(vkey);
    page.verbatim(`${counted(report.sealed_lines, 'line')}, root ${report.root}`);
  }
  ctx.out.write(page.text);
  return exit_code;
}
