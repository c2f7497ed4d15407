/** C2SP signed-note: a text, an empty line, and one line for each signature. */

import { decodeBase64 } from './base64.js';
import { isKeyName } from './key-name.js';
import { KEY_TYPE, type VerifierKey, verify } from './keys.js';
import { type Refusal, refused } from './refusal.js';
import { readText } from './strict-text.js';
import { timeSigned } from './timestamped-signature.js';

/** A verifier need not read longer notes, or more signatures: both bounds keep a hostile file from costing much. */
const MOST_BYTES = 1_000_000;
const MOST_SIGNATURES = 100;

const KEY_ID_BYTES = 4;
const LINE_PREFIX = '\u2014 ';

export interface Signature {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Buffer;
  /** At least one byte: 64 by an Ed25519 key, 72 by a cosigner's. */
  readonly signature: Buffer;
}

export interface NoteSignature extends Signature {
  /** The whole line with its LF. */
  readonly line: string;
}

/** Nothing in it is to be believed before `verifyNote`. */
export interface Note {
  /** Ends with an LF; the empty line after it is not part of it. This is what is signed. */
  readonly text: string;
  /** 1 to 100, in the note's order. */
  readonly signatures: readonly NoteSignature[];
}

/** The line of one signature, with its LF. */
export function formatSignatureLine({ name, keyId, signature }: Signature): string {
  return `${LINE_PREFIX}${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`;
}

/** The whole note. What `parseNote` would not read back is a bug and throws a `RangeError`. */
export function formatNote(text: string, signatures: readonly Signature[]): string {
  const note = `${text}\n${signatures.map(formatSignatureLine).join('')}`;
  const parsed = parseNote(note);
  if (!parsed.ok) throw new RangeError(`not a note: ${parsed.reason}`);
  if (parsed.note.text !== text) throw new RangeError('not a note: the text does not end with a newline');
  return note;
}

export function parseNote(source: Uint8Array | string): { readonly ok: true; readonly note: Note } | Refusal {
  const read = readText(source, MOST_BYTES);
  if (!read.ok) return read;
  const whole = read.text;
  const gap = whole.lastIndexOf('\n\n');
  if (gap === -1) return refused('no empty line before signatures');
  const lines = whole.slice(gap + 2).split('\n');
  if (lines.pop() !== '') return refused('the last line has no end');
  if (lines.length === 0) return refused('no signatures');
  if (lines.length > MOST_SIGNATURES) return refused(`more than ${MOST_SIGNATURES} signatures`);
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignatureLine(line);
    if (signature === undefined) return refused('a line after the empty line is no signature');
    signatures.push(signature);
  }
  return { ok: true, note: { text: whole.slice(0, gap + 1), signatures } };
}

/** `line` is without its LF; `undefined` when it is no signature. */
export function parseSignatureLine(line: string): NoteSignature | undefined {
  if (!line.startsWith(LINE_PREFIX)) return undefined;
  const space = line.indexOf(' ', LINE_PREFIX.length);
  if (space === -1) return undefined;
  const name = line.slice(LINE_PREFIX.length, space);
  const bytes = decodeBase64(line.slice(space + 1));
  if (!isKeyName(name) || bytes === undefined || bytes.length <= KEY_ID_BYTES) return undefined;
  const keyId = bytes.subarray(0, KEY_ID_BYTES);
  return { name, keyId, signature: bytes.subarray(KEY_ID_BYTES), line: `${line}\n` };
}

export type NoteVerdict =
  | { readonly ok: true; readonly signedBy: readonly VerifierKey[] }
  | { readonly ok: false; readonly fault: 'unsigned' | 'bad-signature'; readonly reason: string };

/**
 * Which of the keys signed the note. Signatures by other keys are passed over; one that names a known key and is not
 * by it refuses the note, whatever else it holds; so does none by any known key.
 */
export function verifyNote(note: Note, keys: readonly VerifierKey[]): NoteVerdict {
  const signedBy = new Set<VerifierKey>();
  for (const signature of note.signatures) {
    const known = keys.filter((key) => isMeant(signature, key));
    const signers = known.filter((key) => isBy(key, note.text, signature.signature));
    if (known.length > 0 && signers.length === 0) {
      const reason = `a signature in the name of ${signature.name}+${signature.keyId.toString('hex')} is not by that key`;
      return { ok: false, fault: 'bad-signature', reason };
    }
    for (const key of signers) signedBy.add(key);
  }
  if (signedBy.size === 0) return { ok: false, fault: 'unsigned', reason: 'no signature by a known key' };
  return { ok: true, signedBy: [...signedBy] };
}

/** Whether the signature claims to be by this key: name and id are the same. */
export function isMeant(signature: Signature, key: VerifierKey): boolean {
  return signature.name === key.name && signature.keyId.equals(key.keyId);
}

function isBy(key: VerifierKey, text: string, signature: Buffer): boolean {
  switch (key.type) {
    case KEY_TYPE.ed25519:
      return verify(key, Buffer.from(text), signature);
    case KEY_TYPE.cosignature:
      return timeSigned(key, text, signature) !== undefined;
  }
}
