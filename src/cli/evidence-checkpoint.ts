import { resolve, sep } from 'node:path';
import { formatAddCheckpoint } from '../core/audit/add-checkpoint.js';
import type { Checkpoint } from '../core/audit/checkpoint.js';
import { parseNotes } from '../core/audit/checkpoint-stream.js';
import { EMPTY_ROOT } from '../core/audit/hash.js';
import { formatVerifierKey } from '../core/audit/keys.js';
import { consistencyProof, rootOf, verifyConsistency } from '../core/audit/proof.js';
import { nodeFromTiles } from '../core/audit/tile.js';
import { parseDecimal } from '../core/audit/tree-size.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { readSmallFile } from '../core/journal/small-file.js';
import { openSealedLog, openTree, type SealedLog, tilesDamaged } from '../core/seal/sealed-log.js';
import { logForked, logShrank } from '../evidence/other-history.js';
import type { Context } from './context.js';
import { openedNote } from './known-note.js';
import { nextCommand } from './next-command.js';
import { readNoteInput } from './note-input.js';
import { writeVerbatim } from './output/verbatim.js';
import { requireSameKind, writeOutputFile } from './output-file.js';
import { findLogs, requireLogs } from './reading.js';
import type { WhereOptions } from './where.js';

/** A note has less. */
const MAX_KEPT_BYTES = 1 << 20;

export interface CheckpointOptions extends WhereOptions {
  readonly export?: string;
  readonly since?: string;
  readonly json?: boolean;
}

export async function runCheckpoint(ctx: Context, options: CheckpointOptions): Promise<number> {
  const { since, export: file } = options;
  const dir = await findLogs(ctx, options);
  requireLogs(dir, options, 'audit');
  const log = openSealedLog(dir);
  const old = since === undefined ? undefined : goesOnFrom(ctx, log, since, options);
  const text = old ? formatAddCheckpoint({ old: old.size, proof: old.proof, note: log.note }) : log.note;
  if (file !== undefined) {
    requireSameKind(ctx, file, [`${log.checkpoint.origin}\n`, 'old ']);
    requireNoNewer(ctx, log, file);
    writeOutputFile(ctx, file, text);
  }

  const { origin, size, root } = log.checkpoint;
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    const base64 = (hash: Buffer) => hash.toString('base64');
    writeJson(ctx.out, {
      schema: 'grace.checkpoint/1',
      logs: dir,
      ...{ origin, size, root: base64(root) },
      note: log.note,
      vkey: formatVerifierKey(log.signer),
      old: old ? { size: old.size, root: base64(old.root), proof: old.proof.map(base64) } : null,
      file: file ?? null,
    });
  } else {
    writeVerbatim(ctx.out, text);
  }
  return EXIT.done;
}

/** What was kept of a log that has shrunk since is evidence, and what lies in its directory is no place to keep it. */
function requireNoNewer(ctx: Context, { dir, checkpoint }: SealedLog, file: string): void {
  const path = resolve(ctx.cwd, file);
  if (path.startsWith(`${resolve(dir)}${sep}`)) {
    throw new OperatorError('GRACE_EXPORT_EXISTS', EXIT.refused, `${path} is in the directory of the log itself`, {
      hint: 'name a file on another host, or a stick',
    });
  }
  const kept = readSmallFile(path, MAX_KEPT_BYTES);
  const newer =
    kept && parseNotes(kept, checkpoint.origin).notes.find((note) => note.checkpoint.size > checkpoint.size);
  if (newer) throw logShrank({ source: dir, seen: newer.checkpoint, size: checkpoint.size });
}

/** That the newest note goes on from an older tree, which is named by its size or by a file with its note. */
function goesOnFrom(ctx: Context, log: SealedLog, since: string, where: WhereOptions) {
  const named = parseDecimal(since);
  const older = named === undefined ? olderNote(ctx, log, since) : undefined;
  const size = older?.size ?? named ?? 0;
  if (size > log.checkpoint.size) {
    if (older) throw logShrank({ source: log.dir, seen: older, size: log.checkpoint.size });
    throw new OperatorError(
      'GRACE_USAGE',
      EXIT.usage,
      `--since ${since} is more than the ${log.checkpoint.size} lines that are sealed`,
      { hint: nextCommand(['evidence', 'checkpoint'], where) },
    );
  }
  const { root, proof } = proofFrom(log, size);
  if (older && !older.root.equals(root)) throw logForked({ source: log.dir, seen: older, now: log.checkpoint });
  return { size, root, proof };
}

function olderNote(ctx: Context, log: SealedLog, path: string): Checkpoint {
  return openedNote(readNoteInput(ctx, path), log.keys).checkpoint;
}

function proofFrom(log: SealedLog, size: number): { root: Buffer; proof: Buffer[] } {
  const { checkpoint, dir } = log;
  if (size === 0) return { root: EMPTY_ROOT, proof: [] };
  const tree = openTree(dir);
  try {
    const node = nodeFromTiles(checkpoint.size, tree);
    const root = rootOf(size, node);
    const made = consistencyProof(size, checkpoint.size, node);
    if (!root.ok) throw tilesDamaged(dir, root.reason);
    if (!made.ok) throw tilesDamaged(dir, made.reason);
    const claim = { size1: size, size2: checkpoint.size, root1: root.root, root2: checkpoint.root, proof: made.proof };
    const verdict = verifyConsistency(claim);
    if (!verdict.ok) throw tilesDamaged(dir, 'they do not give the root that was signed');
    return { root: root.root, proof: made.proof };
  } finally {
    tree.close();
  }
}
