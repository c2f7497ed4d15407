import { decodeBase64 } from './base64.js';
import { parseCheckpoint } from './checkpoint.js';
import { HASH_BYTES } from './hash.js';
import { parseNote, parseSignatureLine } from './note.js';
import { parseDecimal } from './tree-size.js';

/** Why a text is not a checkpoint with signatures, and the line, from 1, at which it stops being one. */
export interface NoteFault {
  readonly line: number;
  readonly reason: string;
}

/** `undefined`: in its form it is one. */
export function checkpointFault(text: string): NoteFault | undefined {
  const parsed = parseNote(text);
  const read = parsed.ok ? parseCheckpoint(parsed.note.text) : parsed;
  if (read.ok) return undefined;
  const lines = text.split('\n');
  const bad = lines.findIndex((line, i) => !fits(line, i));
  return { line: 1 + (bad === -1 ? lines.length - 1 : bad), reason: read.reason };
}

function fits(line: string, at: number): boolean {
  if (at === 0) return line !== '';
  if (at === 1) return parseDecimal(line) !== undefined;
  if (at === 2) return decodeBase64(line)?.length === HASH_BYTES;
  return at === 3 ? line === '' : parseSignatureLine(line) !== undefined;
}
