import { join } from 'node:path';
import { listSegments } from '../core/journal/segments.js';
import { formatInstant } from '../core/records/time.js';
import { keyFileOf, keyPlaceOf, loadKey } from '../core/seal/key-file.js';
import { hasNotes } from '../core/seal/note-file.js';
import { verifierKeys } from '../core/seal/verifier-keys.js';
import { examine, type KeptCheckpoint } from '../evidence/audit/examine.js';
import type { AuditFacts } from '../evidence/audit/facts.js';
import { lastCheck, rememberCheck } from '../evidence/audit/last-check.js';
import { type AuditReport, auditReport } from '../evidence/audit/report.js';
import type { Context } from './context.js';
import { readInput, readNoteInput, readVerifierKeys } from './note-input.js';
import { createProgress } from './output/progress.js';

export interface AuditChecks {
  /** Files with public keys of the log. */
  readonly vkey?: string;
  /** Files with checkpoints that were kept elsewhere. */
  readonly against?: readonly string[];
  /** Files with public keys of witnesses. */
  readonly witness?: readonly string[];
  readonly full?: boolean;
  /** Only what is new since the last verification. */
  readonly quick?: boolean;
  /** Not to be remembered beside the log, for the next one. */
  readonly inPassing?: boolean;
}

/** Verifies the audit log in a directory, showing progress. `undefined` when there is none. */
export async function auditOf(ctx: Context, dir: string, checks: AuditChecks): Promise<AuditReport | undefined> {
  if (listSegments(dir, 'audit').length === 0 && !hasNotes(dir)) return undefined;
  const options = {
    dir,
    keys: checks.vkey === undefined ? [] : readVerifierKeys(ctx, checks.vkey),
    against: (checks.against ?? []).map((file) => keptIn(ctx, file)),
    witnessKeys: (checks.witness ?? []).flatMap((file) => readVerifierKeys(ctx, file)),
    full: checks.full === true,
    hasKey: hasKey(ctx, dir),
    workerProgram: join(ctx.home, 'dist', 'evidence', 'leaf-worker.js'),
  };
  const before = checks.quick ? lastCheck(dir) : undefined;
  const facts = await withProgress(ctx, (onProgress) => examine({ ...options, before, onProgress }));
  const report = auditReport(facts);
  if (isGood(report) && !checks.inPassing) rememberCheck(dir, facts, formatInstant(ctx.clock.now()));
  return report;
}

function isGood({ claims }: AuditReport): boolean {
  return claims.every(({ verdict }) => verdict === 'PASS' || verdict === 'PARTIAL');
}

async function withProgress(
  ctx: Context,
  work: (onProgress: (what: string, done: number, total: number) => void) => Promise<AuditFacts>,
): Promise<AuditFacts> {
  let label = '';
  let progress: ReturnType<typeof createProgress> | undefined;
  try {
    return await work((what, done, total) => {
      if (what !== label) {
        progress?.end();
        progress = createProgress(ctx.err, what, () => ctx.clock.elapsed() * 1000);
        label = what;
      }
      progress?.update(done, total);
    });
  } finally {
    progress?.end();
  }
}

/** Whether this account has the key that would sign what no note covers yet. */
function hasKey(ctx: Context, dir: string): boolean {
  const key = verifierKeys(dir).at(-1);
  const file = key && keyFileOf(keyPlaceOf(ctx.env), key.name);
  try {
    return file !== undefined && loadKey(file) !== undefined;
  } catch {
    return false;
  }
}

/** A checkpoint that was kept: the note, or a file of notes. */
function keptIn(ctx: Context, source: string): KeptCheckpoint {
  const text = readInput(ctx, source);
  // What is no note at all was named by mistake; one of another log may be evidence.
  if (!/^\u2014 \S+ \S+$/m.test(text)) readNoteInput(ctx, source);
  return { source, bytes: Buffer.from(text) };
}
