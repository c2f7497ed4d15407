import { cosign } from '../audit/cosignature.js';
import { cosignaturesOf } from '../audit/cosignatures.js';
import type { SigningKey, VerifierKey } from '../audit/keys.js';
import { isMeant, type Note } from '../audit/note.js';

/** The note with the signatures of its log and that of a cosigner, who saw it at `at_s` seconds since 1970. */
export function cosignSeen(note: Note, signedBy: readonly VerifierKey[], key: SigningKey, at_s: number): string {
  const ofLog = linesBy(note, signedBy);
  const made = cosign(`${note.text}\n${ofLog}`, key, at_s);
  if (!made.ok) throw new Error(`a note that was verified cannot be signed: ${made.reason}`);
  return `${note.text}\n${ofLog}${made.line}`;
}

/** The note with the signatures of its log and all cosignatures; other lines, of which nothing is known, are left out. */
export function cosignedNote(note: Note, signedBy: readonly VerifierKey[]): string {
  const cosignatures = cosignaturesOf(note).map(({ line }) => line);
  return `${note.text}\n${linesBy(note, signedBy)}${cosignatures.join('')}`;
}

function linesBy({ signatures }: Note, keys: readonly VerifierKey[]): string {
  return signatures
    .filter((one) => keys.some((key) => isMeant(one, key)))
    .map(({ line }) => line)
    .join('');
}
