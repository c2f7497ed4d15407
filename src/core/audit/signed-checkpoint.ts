import { type Checkpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.js';
import { KEY_TYPE, type SigningKey, sign, type VerifierKey } from './keys.js';
import { formatNote, type Note, parseNote, verifyNote } from './note.js';

/**
 * The whole note, with one signature for each key: two while a key is replaced. A key that is not named as the origin,
 * or is a cosigner's, is a bug and throws a `RangeError`; so does a checkpoint that is none.
 */
export function signCheckpoint(checkpoint: Checkpoint, keys: readonly SigningKey[]): string {
  if (!keys.every((key) => isOfLog(key, checkpoint.origin))) throw new RangeError('not a key of this log');
  const text = formatCheckpoint(checkpoint);
  const message = Buffer.from(text);
  return formatNote(
    text,
    keys.map((key) => ({ name: key.name, keyId: key.keyId, signature: sign(key, message) })),
  );
}

export type CheckpointFault =
  | 'not-a-note'
  | 'not-a-checkpoint'
  /** No signature by a known key. */
  | 'unsigned'
  /** Signed by known keys, but by none that bears the origin's name. */
  | 'other-origin'
  /** A signature that names a known key and is not by it. */
  | 'bad-signature';

export type OpenedCheckpoint =
  | {
      readonly ok: true;
      readonly checkpoint: Checkpoint;
      readonly note: Note;
      /** Keys of the log and of cosigners; at least one of the log. */
      readonly signedBy: readonly VerifierKey[];
    }
  | { readonly ok: false; readonly fault: CheckpointFault; readonly reason: string };

/** A checkpoint that a known key of its own log signed. `keys` may hold keys of cosigners too. */
export function openCheckpoint(source: Uint8Array | string, keys: readonly VerifierKey[]): OpenedCheckpoint {
  const parsed = parseNote(source);
  if (!parsed.ok) return { ok: false, fault: 'not-a-note', reason: parsed.reason };
  const { note } = parsed;
  const read = parseCheckpoint(note.text);
  if (!read.ok) return { ok: false, fault: 'not-a-checkpoint', reason: read.reason };
  const { checkpoint } = read;
  const verdict = verifyNote(note, keys);
  if (!verdict.ok) return verdict;
  if (!verdict.signedBy.some((key) => isOfLog(key, checkpoint.origin))) {
    return { ok: false, fault: 'other-origin', reason: 'no known key that signed it bears the name of the origin' };
  }
  return { ok: true, checkpoint, note, signedBy: verdict.signedBy };
}

/** A log's key bears its name; a cosigner of the same name speaks only for what it saw. */
function isOfLog(key: VerifierKey, origin: string): boolean {
  return key.name === origin && key.type === KEY_TYPE.ed25519;
}
