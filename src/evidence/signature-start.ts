import { parseNote } from '../core/audit/note.js';
import type { SealedLog } from '../core/seal/sealed-log.js';

/** The beginning of the line with the key's signature: its name, and the base64 that only its key id decides. */
export function signatureStart({ note, signer }: Pick<SealedLog, 'note' | 'signer'>): string {
  const parsed = parseNote(note);
  const { name, keyId } = signer;
  const signed = parsed.ok && parsed.note.signatures.find((one) => one.name === name && one.keyId.equals(keyId));
  if (!signed) throw new Error('the note was verified, and its signature is not in it');
  return signed.line.slice(0, `— ${name} `.length + 5);
}
