import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseVerifierKey, type VerifierKey } from '../core/audit/keys.js';
import { EXIT, OperatorError, systemErrorSentence } from '../core/errors.js';
import { listSegments } from '../core/journal/segments.js';
import { formatInstant } from '../core/records/time.js';
import { keyFileOf, keyPlaceOf, loadKey } from '../core/seal/key-file.js';
import { hasNotes } from '../core/seal/note-file.js';
import { verifierKeys } from '../core/seal/verifier-keys.js';
import { shellArguments } from '../core/shell-quoted.js';
import { examine, type KeptCheckpoint } from '../evidence/audit/examine.js';
import type { AuditFacts } from '../evidence/audit/facts.js';
import { lastCheck, rememberCheck } from '../evidence/audit/last-check.js';
import { type AuditReport, auditReport } from '../evidence/audit/report.js';
import type { Context } from './context.js';
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
    keys: checks.vkey === undefined ? [] : keysIn(ctx, checks.vkey),
    against: (checks.against ?? []).map((file): KeptCheckpoint => ({ source: file, bytes: bytesOf(ctx, file) })),
    witnessKeys: (checks.witness ?? []).flatMap((file) => keysIn(ctx, file)),
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

/** Public keys in note form, one a line. */
function keysIn(ctx: Context, file: string): VerifierKey[] {
  const lines = bytesOf(ctx, file).toString('utf8').split('\n');
  const keys = lines.flatMap((text, i): VerifierKey[] => {
    if (text.trim() === '') return [];
    const parsed = parseVerifierKey(text.trim());
    if (parsed.ok) return [parsed.key];
    throw notAKey(file, `${file}:${i + 1}: ${parsed.reason}`);
  });
  if (keys.length === 0) throw notAKey(file, `${file} is empty`);
  return keys;
}

function notAKey(file: string, message: string): OperatorError {
  return new OperatorError('GRACE_VKEY_INVALID', EXIT.invalidData, message, {
    hint: `cat ${shellArguments(file)}   # a public key is one line, as grace printed it: NAME+ID+BASE64`,
  });
}

function bytesOf(ctx: Context, file: string): Buffer {
  try {
    return readFileSync(resolve(ctx.cwd, file));
  } catch (error) {
    const sentence = systemErrorSentence(error);
    if (sentence === undefined) throw error;
    throw new OperatorError('GRACE_INPUT_UNREADABLE', EXIT.invalidData, `${file}: ${sentence}`, {
      hint: `ls -l ${shellArguments(file)}`,
      cause: error,
    });
  }
}
