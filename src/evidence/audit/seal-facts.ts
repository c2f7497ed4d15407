import type { Checkpoint } from '../../core/audit/checkpoint.js';
import { formatVerifierKey, type VerifierKey } from '../../core/audit/keys.js';
import { isMeant, verifyNote } from '../../core/audit/note.js';
import { openCheckpoint } from '../../core/audit/signed-checkpoint.js';
import { NoteFile } from '../../core/seal/note-file.js';
import { verifierKeys } from '../../core/seal/verifier-keys.js';
import { eachNote } from './each-note.js';
import type { SealFacts } from './facts.js';

/** The newest note and who signed it. `outsideKeys`: the public keys that the auditor brought along, if any. */
export function sealFacts(dir: string, outsideKeys: readonly VerifierKey[]): SealFacts {
  const beside = verifierKeys(dir);
  const keys = outsideKeys.length > 0 ? outsideKeys : beside;
  const [key] = keys;
  if (!key)
    return { state: 'none', why: 'the public key is not beside the log (vkey): it is the line that was printed first' };
  const notes = NoteFile.open(dir, 'read');
  if (!notes) return { state: 'none', why: 'there are no notes beside the log' };
  try {
    const newest = notes.newest(key.name);
    if (!newest) return noneOrOther(notes, beside, key);
    const text = notes.text(newest);
    const opened = openCheckpoint(text, keys);
    // The key was replaced since the auditor was given it: the log has to name the new one where the old one vouches.
    const bridged = opened.ok ? opened : openCheckpoint(text, beside);
    const bridge = opened.ok ? undefined : lastSignedBy(dir, key.name, keys);
    if (!bridged.ok || (!opened.ok && (opened.fault !== 'unsigned' || !bridge))) {
      const { reason } = opened.ok ? { reason: '' } : opened;
      return { state: 'wrong key', why: `the newest note, of ${newest.checkpoint.size} lines: ${reason}` };
    }
    const signers = bridged.signedBy.filter(({ name }) => name === key.name).map(formatVerifierKey);
    return { state: 'signed', checkpoint: bridged.checkpoint, signers, bridge };
  } finally {
    notes.close();
  }
}

/** No note of that name: there is none at all, or the notes are of another log. */
function noneOrOther(notes: NoteFile, beside: readonly VerifierKey[], wanted: VerifierKey): SealFacts {
  const other = beside.find(({ name }) => name !== wanted.name && notes.newest(name));
  if (other) return { state: 'wrong key', why: `the notes are those of ${other.name}, not of ${wanted.name}` };
  if (notes.holdsOthers()) return { state: 'wrong key', why: `the notes are not those of ${wanted.name}` };
  return { state: 'none', why: 'the file of notes holds no whole note' };
}

/** The newest note that one of the keys signed. */
function lastSignedBy(dir: string, origin: string, keys: readonly VerifierKey[]): Checkpoint | undefined {
  let last: Checkpoint | undefined;
  eachNote(dir, origin, ({ note, checkpoint }) => {
    const isNamed = note.signatures.some((signature) => keys.some((key) => isMeant(signature, key)));
    if (isNamed && verifyNote(note, keys).ok) last = checkpoint;
  });
  return last;
}
