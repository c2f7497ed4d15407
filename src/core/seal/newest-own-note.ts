import type { Checkpoint } from '../audit/checkpoint.js';
import type { VerifierKey } from '../audit/keys.js';
import { openCheckpoint } from '../audit/signed-checkpoint.js';
import type { NoteFile } from './note-file.js';
import { verifierKeys } from './verifier-keys.js';

export interface OwnNote {
  readonly ok: true;
  readonly checkpoint: Checkpoint;
  readonly signedBy: readonly VerifierKey[];
}

export type NewestOwnNote = OwnNote | { readonly ok: false; readonly why: string };

/** The newest note by the key beside the log; why it cannot be gone on from. `undefined` when no note was ever written. */
export function newestOwnNote(notes: NoteFile, dir: string, vkey: VerifierKey): NewestOwnNote | undefined {
  const newest = notes.newest(vkey.name);
  if (!newest) return notes.holdsOthers() ? { ok: false, why: `its notes are not those of ${vkey.name}` } : undefined;
  const signed = openCheckpoint(notes.text(newest), verifierKeys(dir));
  if (signed.ok) return { ok: true, checkpoint: signed.checkpoint, signedBy: signed.signedBy };
  return { ok: false, why: `its newest note is not signed by its key: ${signed.reason}` };
}
