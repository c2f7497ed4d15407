import { lstatSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EXIT, OperatorError, systemErrorSentence } from '../core/errors.js';
import { type AuditReport, auditExit } from '../evidence/audit/report.js';
import { installNew, isThereAlready, packArchive } from '../evidence/export/archive.js';
import { type Filled, fillExport } from '../evidence/export/fill.js';
import { type Breathe, ExportFolder } from '../evidence/export/folder.js';
import { count, counted } from '../evidence/words.js';
import type { Context } from './context.js';
import { auditOf } from './evidence-audit.js';
import { type Interrupts, interruptible } from './interrupts.js';
import { escapeText } from './output/escape.js';
import { createProgress } from './output/progress.js';
import { notWritten } from './output-file.js';
import { findLogs, requireLogs } from './reading.js';
import type { WhereOptions } from './where.js';

export interface ExportOptions extends WhereOptions {
  readonly out: string;
  readonly json?: boolean;
}

/** The one directory in the archive. */
const FOLDER = 'grace-evidence';

interface Exported extends Filled {
  readonly out: string;
  readonly files: number;
  readonly bytes: number;
  readonly manifest_sha256: string;
}

export async function runExport(ctx: Context, options: ExportOptions): Promise<number> {
  const dir = await findLogs(ctx, options);
  requireLogs(dir, options, 'audit');
  const out = resolve(ctx.cwd, options.out);
  if (lstatSync(out, { throwIfNoEntry: false })) throw isThereAlready(out);
  const program = readFileSync(join(ctx.home, 'docs', 'verify', 'main.go'));
  return interruptible(async (interrupts) => {
    let exported: Exported;
    try {
      exported = await exportTo(ctx, dir, out, program, interrupts);
    } catch (error) {
      const exit = interrupts.exit();
      if (exit !== undefined) return exit;
      throw asNotWritten(out, error);
    }
    const report = await auditOf(ctx, dir, { inPassing: true });
    await show(ctx, dir, exported, options, report);
    return report && auditExit(report) === EXIT.auditBroken ? EXIT.auditBroken : EXIT.done;
  });
}

/** Filled aside and put in its place when it is whole: an export that was interrupted leaves nothing. */
async function exportTo(
  ctx: Context,
  dir: string,
  out: string,
  program: Buffer,
  { stop }: Interrupts,
): Promise<Exported> {
  const aside = mkdtempSync(join(dirname(out), `.${basename(out)}.partial-`));
  const progress = createProgress(ctx.err, 'exporting', () => ctx.clock.elapsed() * 1000);
  let done = 0;
  const breathe: Breathe = async (bytes) => {
    done += bytes;
    progress.update(done, 0);
    await nextTurn();
    stop.throwIfAborted();
  };
  try {
    const folder = new ExportFolder(join(aside, FOLDER), breathe);
    const filled = await fillExport(dir, folder, { program, now_ms: ctx.clock.now(), breathe });
    const manifest_sha256 = folder.end();
    if (out.endsWith('.tar')) {
      const archive = join(aside, 'archive');
      await packArchive(aside, FOLDER, archive, stop);
      installNew(archive, out);
    } else {
      renameSync(folder.path, out);
    }
    return { ...filled, out, files: folder.files, bytes: folder.bytes, manifest_sha256 };
  } finally {
    progress.end();
    rmSync(aside, { recursive: true, force: true });
  }
}

async function show(
  ctx: Context,
  dir: string,
  exported: Exported,
  options: ExportOptions,
  report: AuditReport | undefined,
): Promise<void> {
  const { log, adoption, absent, unsealed, out, files, bytes, manifest_sha256 } = exported;
  const { origin, size, root } = log.checkpoint;
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, {
      schema: 'grace.export/1',
      logs: dir,
      file: out,
      ...{ origin, size, root: root.toString('base64') },
      adopted: adoption ? { at: adoption.at, lines: adoption.lines, incident_lines: adoption.incidents } : null,
      ...{ absent_lines: absent, unsealed_lines: unsealed, unterminated_bytes: exported.unterminated },
      ...{ files, bytes, manifest_sha256 },
      audit_verdict: report?.audit_verdict ?? null,
      incident_verdict: report?.incident_verdict ?? null,
    });
    return;
  }
  const older = adoption && adoption.lines > 0 ? `; the first ${count(adoption.lines)} are from before the seal` : '';
  const gone = absent === 0 ? '' : `; the first ${count(absent)} are absent, their file is gone`;
  const rest = unsealed === 0 ? '' : `; ${counted(unsealed, 'line')} after them not sealed yet`;
  ctx.out.write(
    `EXPORTED: ${escapeText(`${counted(size, 'signed line')} of ${origin}${older}${gone}${rest}`)}\n` +
      `  ${escapeText(`${out}  ${counted(files + 1, 'file')}, ${count(bytes)} bytes`)}\n` +
      `  MANIFEST has the SHA-256 ${manifest_sha256}: note it elsewhere\n` +
      '  README.txt in it says how a stranger checks it; docs/verify.md says it at length\n',
  );
  for (const { verdict, headline } of report?.claims ?? []) {
    if (verdict === 'FAIL') ctx.out.write(`  NOT AS IT WAS SIGNED: ${escapeText(headline)}\n`);
  }
}

function asNotWritten(out: string, error: unknown): unknown {
  const sentence = systemErrorSentence(error);
  return sentence === undefined || error instanceof OperatorError ? error : notWritten(out, sentence, error);
}
