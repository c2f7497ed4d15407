import { closeSync, constants, existsSync, fstatSync, fsyncSync, openSync } from 'node:fs';
import type { Checkpoint } from '../audit/checkpoint.js';
import { notesIn, type StreamedNote } from '../audit/checkpoint-stream.js';
import { verifyCosignature } from '../audit/cosignature.js';
import { cosignaturesOf } from '../audit/cosignatures.js';
import { KEY_TYPE, type VerifierKey } from '../audit/keys.js';
import { isMeant, type Note } from '../audit/note.js';
import { openCheckpoint } from '../audit/signed-checkpoint.js';
import { logFailed } from '../journal/append.js';
import { bytesAt } from '../journal/line-at.js';
import { writeWhole } from '../journal/replace-file.js';
import { fsyncDirectory } from '../journal/sync.js';
import { sidecarPath } from './sidecar.js';
import { verifierKeys } from './verifier-keys.js';

/** Notes of this log that witnesses have signed too, one after the other like `checkpoints`; only ever appended to. */
export const WITNESSED_FILE = 'witnessed';

const LF = 0x0a;

/** Of the end of the file: more than a hundred notes. */
const TAIL_BYTES = 1 << 16;

/** Who says to have seen the log as the note describes it, and when. */
export interface Witness {
  readonly name: string;
  readonly keyId: Buffer;
  /** Seconds since 1970, by the witness's clock. */
  readonly at_s: number;
  /** Whether one of the keys that were given made it; without such a key anybody may have. */
  readonly verified: boolean;
}

export interface Witnessed {
  readonly checkpoint: Checkpoint;
  /** Each witness once, with the last time. */
  readonly witnesses: readonly Witness[];
}

/**
 * What witnesses last signed of this log: the note of most lines, among the newest in the file, that a key of the log has
 * signed, with everybody who cosigned it. `undefined` when there is none. Whether the log goes on from it is not said.
 */
export function lastWitnessed(dir: string, witnessKeys: readonly VerifierKey[]): Witnessed | undefined {
  const logKeys = verifierKeys(dir);
  const origin = logKeys.at(-1)?.name;
  if (origin === undefined) return undefined;
  const notes = [...notesIn(tailOf(dir), origin)].toSorted((a, b) => b.checkpoint.size - a.checkpoint.size);
  const newest = notes.find((one) => isOfLog(one, logKeys) && cosignaturesOf(one.note).length > 0);
  if (!newest) return undefined;
  const { checkpoint } = newest;
  const same = notes.filter(({ note }) => note.text === newest.note.text).map(({ note }) => note);
  return { checkpoint, witnesses: witnessesOf(same, witnessKeys) };
}

function isOfLog({ note }: StreamedNote, keys: readonly VerifierKey[]): boolean {
  const whole = `${note.text}\n${note.signatures.map(({ line }) => line).join('')}`;
  return openCheckpoint(whole, keys).ok;
}

function witnessesOf(notes: readonly Note[], keys: readonly VerifierKey[]): Witness[] {
  const last = new Map<string, Witness>();
  for (const note of notes) {
    for (const one of cosignaturesOf(note)) {
      const { name, keyId, at_s } = one;
      const known = keys.find((key) => key.type === KEY_TYPE.cosignature && isMeant(one, key));
      // Each on its own: a forged one beside it says nothing against it.
      const verified = known !== undefined && verifyCosignature({ text: note.text, signatures: [one] }, known).ok;
      const id = `${keyId.toString('hex')} ${name}`;
      const before = last.get(id);
      const isBetter = !before || (verified === before.verified ? at_s > before.at_s : verified);
      if (isBetter) last.set(id, { name, keyId, at_s, verified });
    }
  }
  return [...last.values()];
}

/** Keeps a note, durably, on a line of its own. It was verified before. */
export function appendWitnessed(dir: string, note: string): void {
  const path = sidecarPath(dir, WITNESSED_FILE);
  const isNew = !existsSync(path);
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  try {
    const fd = openSync(path, flags, 0o640);
    try {
      const { size } = fstatSync(fd);
      const isCut = size > 0 && bytesAt(fd, size - 1, 1)[0] !== LF;
      writeWhole(fd, Buffer.from(`${isCut ? '\n' : ''}${note}`));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (isNew) fsyncDirectory(sidecarPath(dir));
  } catch (error) {
    throw logFailed(path, 'written', error);
  }
}

function tailOf(dir: string): Buffer {
  const path = sidecarPath(dir, WITNESSED_FILE);
  if (!existsSync(path)) return Buffer.alloc(0);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = fstatSync(fd);
    const from = Math.max(0, size - TAIL_BYTES);
    return bytesAt(fd, from, size - from);
  } finally {
    closeSync(fd);
  }
}
