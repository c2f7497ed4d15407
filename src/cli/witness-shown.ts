import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { VerifierKey } from '../core/audit/keys.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { readSeal } from '../core/seal/sealed-log.js';
import { shellArguments } from '../core/shell-quoted.js';
import type { Context } from './context.js';
import { type NoteInput, readNoteInput } from './note-input.js';

/** What a witness is shown of a log: its newest note, and where it came from. */
export interface Shown extends NoteInput {
  /** What the note says to be about; not verified. */
  readonly origin: string;
  /** The log itself, if that was shown; else it was a file. */
  readonly logs: { readonly dir: string; readonly keys: readonly VerifierKey[] } | undefined;
}

export function readShown(ctx: Pick<Context, 'cwd'>, source: string): Shown {
  const path = resolve(ctx.cwd, source);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) {
    throw new OperatorError('GRACE_NO_LOGS', EXIT.notFound, `no logs and no note: ${path} does not exist`, {
      hint: `ls -ld ${shellArguments(path)}`,
    });
  }
  if (!stat.isDirectory()) {
    const input = readNoteInput(ctx, source);
    return { ...input, origin: originOf(input.note), logs: undefined };
  }
  const { note, keys } = readSeal(path);
  return { path, note, goesOn: undefined, origin: originOf(note), logs: { dir: path, keys } };
}

/** Of a text that is a checkpoint in its form. */
function originOf(note: string): string {
  return note.slice(0, note.indexOf('\n'));
}
