/** C2SP tlog-cosignature, version 1 with Ed25519: who was shown a checkpoint, and when. */

import { parseCheckpoint } from './checkpoint.js';
import { KEY_TYPE, type SigningKey, type VerifierKey } from './keys.js';
import { formatSignatureLine, isMeant, type Note, parseNote } from './note.js';
import { type Refusal, refused } from './refusal.js';
import { signAt, timeSigned } from './timestamped-signature.js';

export interface Cosigned {
  readonly ok: true;
  /** When the cosigner saw the checkpoint, by its own clock: seconds since 1970. */
  readonly timestamp: number;
}

/**
 * A line with its LF, to be appended to the note. It says that the cosigner found this checkpoint consistent with all
 * that it saw of the log before: that, and the log's own signature, are for the caller to check first. A key that is
 * not a cosigner's, or a time that is not whole seconds since 1970, is a bug and throws a `RangeError`.
 */
export function cosign(
  note: Uint8Array | string,
  key: SigningKey,
  at_s: number,
): { readonly ok: true; readonly line: string } | Refusal {
  if (key.type !== KEY_TYPE.cosignature) throw new RangeError('not a key for cosignatures');
  const parsed = parseNote(note);
  if (!parsed.ok) return parsed;
  const { text } = parsed.note;
  const checkpoint = parseCheckpoint(text);
  if (!checkpoint.ok) return checkpoint;
  const signature = signAt(key, text, at_s);
  return { ok: true, line: formatSignatureLine({ name: key.name, keyId: key.keyId, signature }) };
}

/** The newest cosignature by the key. One that names the key and is not by it refuses them all. */
export function verifyCosignature(note: Note, key: VerifierKey): Cosigned | Refusal {
  if (key.type !== KEY_TYPE.cosignature) return refused('the key is not one for cosignatures');
  let newest: number | undefined;
  for (const { name, keyId, signature } of note.signatures) {
    if (!isMeant({ name, keyId, signature }, key)) continue;
    const at_s = timeSigned(key, note.text, signature);
    if (at_s === undefined) return refused('a cosignature in the name of the key is not by it');
    newest = Math.max(newest ?? 0, at_s);
  }
  if (newest === undefined) return refused('no cosignature by the key');
  return { ok: true, timestamp: newest };
}
