/**
 * Checkpoint notes one after the other in a file that only grows. A crash may cut the last note short or leave NUL
 * bytes; the next writer then begins with an LF. What is in no whole note is passed over and counted.
 */

import { type Checkpoint, parseCheckpoint } from './checkpoint.js';
import { SIGNATURE_BYTES } from './keys.js';
import { type Note, type NoteSignature, parseNote, parseSignatureLine } from './note.js';
import { TIMESTAMPED_BYTES } from './timestamped-signature.js';

export interface StreamedNote {
  /** Bytes before it, from the start of what was given. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** Not yet verified. */
  readonly checkpoint: Checkpoint;
  readonly note: Note;
}

export interface StreamedNotes {
  /** In the order of the file. */
  readonly notes: readonly StreamedNote[];
  /** Bytes that are in no whole note. */
  readonly strayBytes: number;
}

/**
 * Every whole note of the log named `origin`, one at a time: a long-lived log has more notes than fit in memory. A
 * note begins at the start of a line.
 */
export function* notesIn(bytes: Uint8Array, origin: string): Generator<StreamedNote, void> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const opening = Buffer.from(`${origin}\n`);
  let at = buffer.indexOf(opening);
  while (at !== -1) {
    const note = at === 0 || buffer[at - 1] === LF ? noteAt(buffer, at) : undefined;
    if (note) yield note;
    // A stub may end anywhere, so the next note may begin on any later line of one that was none.
    at = buffer.indexOf(opening, at + (note?.length ?? 1));
  }
}

export function parseNotes(bytes: Uint8Array, origin: string): StreamedNotes {
  const notes = [...notesIn(bytes, origin)];
  return { notes, strayBytes: notes.reduce((rest, note) => rest - note.length, bytes.length) };
}

export interface LastNotes {
  /** At most as many as were asked for, oldest first. Offsets count from the start of the tail. */
  readonly notes: readonly StreamedNote[];
  /** Bytes after the last whole note, or all when there is none: a note that was cut short, when it is not 0. */
  readonly strayBytesAfter: number;
}

/** The newest notes in the end of a file, which may begin in the middle of one. */
export function lastNotes(tail: Uint8Array, origin: string, most = 1): LastNotes {
  const notes: StreamedNote[] = [];
  let end = 0;
  for (const note of notesIn(tail, origin)) {
    notes.push(note);
    if (notes.length > most) notes.shift();
    end = note.offset + note.length;
  }
  return { notes, strayBytesAfter: tail.length - end };
}

const LF = 0x0a;

/** Origin, size, root and the empty line. */
const LINES_BEFORE_SIGNATURES = 4;

/** More than the size, the root and the longest signature line take: a run of NUL bytes is not searched for its end. */
const LONGEST_LINE = 16_384;

/**
 * Signatures that may be complete: Ed25519, and the cosignatures of C2SP tlog-cosignature with Ed25519 and ML-DSA-44.
 * A signature that was cut short may still be good base64, and would otherwise look like a forged one.
 */
const WHOLE_SIGNATURES = new Set([SIGNATURE_BYTES, TIMESTAMPED_BYTES, 8 + 2420]);

function noteAt(buffer: Buffer, offset: number): StreamedNote | undefined {
  let at = offset;
  for (let line = 0; line < LINES_BEFORE_SIGNATURES; line++) {
    const end = lineEnd(buffer, at);
    if (end === -1) return undefined;
    at = end + 1;
  }

  let end = lineEnd(buffer, at);
  while (end !== -1 && isWhole(parseSignatureLine(buffer.toString('utf8', at, end)))) {
    at = end + 1;
    end = lineEnd(buffer, at);
  }
  const parsed = parseNote(buffer.subarray(offset, at));
  if (!parsed.ok) return undefined;
  const read = parseCheckpoint(parsed.note.text);
  if (!read.ok) return undefined;
  return { offset, length: at - offset, checkpoint: read.checkpoint, note: parsed.note };
}

function lineEnd(buffer: Buffer, at: number): number {
  const end = buffer.subarray(at, at + LONGEST_LINE).indexOf(LF);
  return end === -1 ? -1 : at + end;
}

function isWhole(signature: NoteSignature | undefined): boolean {
  return signature !== undefined && WHOLE_SIGNATURES.has(signature.signature.length);
}
