import { verifyCosignature } from '../core/audit/cosignature.js';
import { cosignaturesOf, type StandingCosignature } from '../core/audit/cosignatures.js';
import { KEY_TYPE, type VerifierKey } from '../core/audit/keys.js';
import { isMeant, type Note } from '../core/audit/note.js';
import { rootOf } from '../core/audit/proof.js';
import { nodeFromTiles } from '../core/audit/tile.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { prepareDirectory } from '../core/journal/directory.js';
import { cosignedNote } from '../core/seal/cosign-seen.js';
import { openSealedLog, openTree, type SealedLog, tilesDamaged } from '../core/seal/sealed-log.js';
import { appendWitnessed } from '../core/seal/witnessed.js';
import { shellArguments } from '../core/shell-quoted.js';
import { logForked, logShrank, type Seen } from '../evidence/other-history.js';
import { count } from '../evidence/words.js';
import type { Context } from './context.js';
import { instantOf } from './instant-of.js';
import { openedNote } from './known-note.js';
import { readNoteInput, readVerifierKeys } from './note-input.js';
import { escapeText } from './output/escape.js';
import { findLogs, requireLogs } from './reading.js';
import type { WitnessOptions } from './witness-options.js';

/** Keeps beside the log what a witness has signed, if it is about this log as it is. */
export async function acceptWitnessed(ctx: Context, file: string, options: WitnessOptions): Promise<number> {
  const input = readNoteInput(ctx, file);
  const witnessKeys = options.vkey === undefined ? [] : readVerifierKeys(ctx, options.vkey);
  const dir = await findLogs(ctx, options);
  requireLogs(dir, options, 'audit');
  const log = openSealedLog(dir);
  const { checkpoint, note, signedBy } = openedNote(input, log.keys);
  const cosignatures = requireCosigned(file, note, witnessKeys);
  const last = cosignatures.reduce((a, b) => (b.at_s > a.at_s ? b : a));
  requireOurs(log, file, { ...checkpoint, at: instantOf(last.at_s) });
  prepareDirectory(dir, ctx.invocation);
  const kept = cosignedNote(note, signedBy);
  appendWitnessed(dir, kept);

  const { origin, size, root } = checkpoint;
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, {
      schema: 'grace.witness/1',
      action: 'accepted',
      source: input.path,
      ...{ origin, size, root: root.toString('base64') },
      cosignatures: cosignatures.map(({ name, keyId, at_s }) => ({
        name,
        key_id: keyId.toString('hex'),
        at: instantOf(at_s),
      })),
      witness: null,
      log_keys: null,
      trusted_on_first_use: false,
      before: null,
      note: kept,
      file: null,
      kept_in: dir,
    });
    return EXIT.done;
  }
  const by = cosignatures.map(({ name, at_s }) => `${name} at ${instantOf(at_s)}`).join(', ');
  ctx.out.write(`${escapeText(`KEPT: ${count(size)} lines of ${origin} were seen by ${by}`)}\n`);
  return EXIT.done;
}

/** The cosignatures that count: all, or those by the keys that were given, each of which has to be there. */
function requireCosigned(file: string, note: Note, keys: readonly VerifierKey[]): StandingCosignature[] {
  const all = cosignaturesOf(note);
  for (const key of keys) {
    const verdict = key.type === KEY_TYPE.cosignature ? verifyCosignature(note, key) : undefined;
    if (verdict?.ok) continue;
    throw notCosigned(
      file,
      `it has no signature by ${key.name}: ${verdict?.reason ?? 'that is not the key of a witness'}`,
    );
  }
  if (all.length === 0) throw notCosigned(file, 'no witness has signed it');
  return keys.length === 0 ? all : all.filter((one) => keys.some((key) => isMeant(one, key)));
}

function notCosigned(file: string, why: string): OperatorError {
  return new OperatorError('GRACE_NOT_COSIGNED', EXIT.invalidData, `${file} is not kept: ${why}`, {
    hint: `cat ${shellArguments(file)}   # made by: grace evidence witness SOURCE --out FILE`,
  });
}

/** That the log, as it is now, goes on from what the witness has seen. */
function requireOurs({ dir, checkpoint: now }: SealedLog, source: string, seen: Seen): void {
  if (seen.size > now.size) throw logShrank({ source, seen, size: now.size });
  const tree = openTree(dir);
  try {
    const node = nodeFromTiles(now.size, tree);
    const ownRoot = rootOf(now.size, node);
    if (!ownRoot.ok || !ownRoot.root.equals(now.root))
      throw tilesDamaged(dir, 'they do not give the root that was signed');
    const root = rootOf(seen.size, node);
    if (!root.ok) throw tilesDamaged(dir, root.reason);
    if (!root.root.equals(seen.root)) throw logForked({ source, seen, now });
  } finally {
    tree.close();
  }
}
