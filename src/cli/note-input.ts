import { closeSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { type AddCheckpoint, isAddCheckpoint, parseAddCheckpoint } from '../core/audit/add-checkpoint.js';
import { checkpointFault } from '../core/audit/checkpoint-fault.js';
import { parseVerifierKey, type VerifierKey } from '../core/audit/keys.js';
import { EXIT, OperatorError, systemErrorSentence } from '../core/errors.js';
import { shellArguments } from '../core/shell-quoted.js';
import type { Context } from './context.js';

/** A note has at most half of this. */
const MOST_BYTES = 2_000_000;

/** A signed note that came in a file, in its form a checkpoint; nothing in it is verified. */
export interface NoteInput {
  /** As it was named. */
  readonly path: string;
  readonly note: string;
  /** That it goes on from an older one, if the file says so. */
  readonly goesOn: Pick<AddCheckpoint, 'old' | 'proof'> | undefined;
}

/** Reads a note, alone or in the form of `add-checkpoint`. Throws `GRACE_NOTE_INVALID` with the line that is wrong. */
export function readNoteInput(ctx: Pick<Context, 'cwd'>, path: string): NoteInput {
  const text = readInput(ctx, path);
  const added = isAddCheckpoint(text) ? parseAddCheckpoint(text) : undefined;
  if (added && !added.ok) throw noteInvalid(path, added.line, added.reason);
  const note = added?.request.note ?? text;
  const fault = checkpointFault(note);
  const linesBefore = text.slice(0, text.length - note.length).split('\n').length - 1;
  if (fault) throw noteInvalid(path, linesBefore + fault.line, fault.reason);
  return { path, note, goesOn: added?.request };
}

function noteInvalid(path: string, line: number, reason: string): OperatorError {
  return new OperatorError(
    'GRACE_NOTE_INVALID',
    EXIT.invalidData,
    `${path}:${line}: this is no signed note: ${reason}`,
    {
      hint: `cat ${shellArguments(path)}   # made by: grace evidence checkpoint --export FILE`,
    },
  );
}

/** Public keys in note form, one a line. Throws `GRACE_VKEY_INVALID` with the line that is wrong. */
export function readVerifierKeys(ctx: Pick<Context, 'cwd'>, path: string): VerifierKey[] {
  const keys = readInput(ctx, path)
    .split('\n')
    .flatMap((line, i) => {
      if (line.trim() === '') return [];
      const parsed = parseVerifierKey(line.trim());
      if (!parsed.ok) throw vkeyInvalid(path, i + 1, parsed.reason);
      return [parsed.key];
    });
  if (keys.length === 0) throw vkeyInvalid(path, 1, 'it is empty');
  return keys;
}

function vkeyInvalid(path: string, line: number, reason: string): OperatorError {
  return new OperatorError(
    'GRACE_VKEY_INVALID',
    EXIT.invalidData,
    `${path}:${line}: this is no public key: ${reason}`,
    {
      hint: `cat ${shellArguments(path)}   # each line: NAME+ID+KEY, as grace printed it when the log was sealed`,
    },
  );
}

/** The file as text; what is not UTF-8 becomes characters that no note has. */
export function readInput({ cwd }: Pick<Context, 'cwd'>, name: string): string {
  const path = resolve(cwd, name);
  try {
    const bytes = readAtMost(path, MOST_BYTES + 1);
    if (bytes.length <= MOST_BYTES) return bytes.toString('utf8');
  } catch (error) {
    const sentence = systemErrorSentence(error);
    if (sentence === undefined) throw error;
    throw new OperatorError('GRACE_INPUT_UNREADABLE', EXIT.invalidData, `${path} cannot be read: ${sentence}`, {
      hint: `ls -l ${shellArguments(path)}`,
      cause: error,
    });
  }
  throw noteInvalid(name, 1, `longer than ${MOST_BYTES} bytes`);
}

function readAtMost(path: string, most: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const parts: Buffer[] = [];
    for (let length = 0; length < most; ) {
      const part = Buffer.allocUnsafe(Math.min(1 << 16, most - length));
      const read = readSync(fd, part);
      if (read === 0) break;
      parts.push(part.subarray(0, read));
      length += read;
    }
    return Buffer.concat(parts);
  } finally {
    closeSync(fd);
  }
}
