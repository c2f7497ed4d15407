import type { Checkpoint } from '../../core/audit/checkpoint.js';
import { formatVerifierKey, type VerifierKey } from '../../core/audit/keys.js';
import { isMeant, verifyNote } from '../../core/audit/note.js';
import { openCheckpoint } from '../../core/audit/signed-checkpoint.js';
import { NoteFile } from '../../core/seal/note-file.js';
import { verifierKeys } from '../../core/seal/verifier-keys.js';
import { eachNote } from './each-note.js';
import type { SealFacts } from './facts.js';

/** What an auditor brings along, by which it shows that the newest note is of the log that is meant. */
export interface Anchors {
  /** Public keys from outside; none: those beside the log are believed. */
  readonly keys: readonly VerifierKey[];
  /** Texts of notes that were kept elsewhere. */
  readonly notes: readonly string[];
}

/** The newest note and who signed it. */
export function sealFacts(dir: string, anchors: Anchors): SealFacts {
  const beside = verifierKeys(dir);
  const keys = anchors.keys.length > 0 ? anchors.keys : beside;
  const [key] = keys;
  if (!key)
    return { state: 'none', why: 'the public key is not beside the log (vkey): it is the line that was printed first' };
  const notes = NoteFile.open(dir, 'read');
  if (!notes) return { state: 'none', why: 'there are no notes beside the log' };
  try {
    const newest = notes.newest(key.name);
    if (!newest) return noneOrOther(notes, beside, key);
    return signedFacts(dir, notes.text(newest), newest.checkpoint, keys, givenKeys(anchors, keys, key.name));
  } finally {
    notes.close();
  }
}

function signedFacts(
  dir: string,
  text: string,
  newest: Checkpoint,
  keys: readonly VerifierKey[],
  given: readonly string[],
): SealFacts {
  const opened = openCheckpoint(text, keys);
  const others = verifierKeys(dir).filter(({ keyId }) => !keys.some((key) => key.keyId.equals(keyId)));
  const known = [...keys, ...others].filter(({ name }) => name === newest.origin);
  // The key was replaced since the auditor was given it: the log has to name the new one where the old one vouches.
  const byAll = openCheckpoint(text, known);
  const best = byAll.ok ? byAll : opened;
  if (!best.ok || (!opened.ok && opened.fault !== 'unsigned')) {
    return { state: 'wrong key', why: `the newest note, of ${newest.size} lines: ${opened.ok ? '' : opened.reason}` };
  }
  const signers = best.signedBy.filter(({ name }) => name === newest.origin).map(formatVerifierKey);
  const isDirect = given.length === 0 || signers.some((signer) => given.includes(signer));
  const bridges = isDirect ? new Map<string, Checkpoint>() : newestBy(dir, newest.origin, known);
  if (!isDirect && !given.some((vkey) => bridges.has(vkey))) {
    return { state: 'wrong key', why: `no note here is signed by the key that was given, ${given.join(', ')}` };
  }
  return { state: 'signed', checkpoint: best.checkpoint, signers, given, bridges };
}

/** The keys that the auditor holds the log to: those given, or else those that signed the notes that were kept. */
function givenKeys({ keys, notes }: Anchors, known: readonly VerifierKey[], origin: string): string[] {
  const signedBy = (text: string) => {
    const opened = openCheckpoint(text, known);
    return opened.ok ? opened.signedBy : [];
  };
  const given = keys.length > 0 ? keys : notes.flatMap(signedBy);
  return [...new Set(given.filter(({ name }) => name === origin).map(formatVerifierKey))];
}

/** No note of that name: there is none at all, or the notes are of another log. */
function noneOrOther(notes: NoteFile, beside: readonly VerifierKey[], wanted: VerifierKey): SealFacts {
  const other = beside.find(({ name }) => name !== wanted.name && notes.newest(name));
  if (other) return { state: 'wrong key', why: `the notes are those of ${other.name}, not of ${wanted.name}` };
  if (notes.holdsOthers()) return { state: 'wrong key', why: `the notes are not those of ${wanted.name}` };
  return { state: 'none', why: 'the file of notes holds no whole note' };
}

/** Of each key the newest note that it signed, by its public half in note form. */
export function newestBy(dir: string, origin: string, keys: readonly VerifierKey[]): Map<string, Checkpoint> {
  const found = new Map<string, Checkpoint>();
  eachNote(dir, origin, ({ note, checkpoint }) => {
    const named = keys.filter((key) => note.signatures.some((signature) => isMeant(signature, key)));
    for (const key of named) if (verifyNote(note, [key]).ok) found.set(formatVerifierKey(key), checkpoint);
  });
  return found;
}
