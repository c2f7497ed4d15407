import { lstatSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EXIT, OperatorError, systemErrorSentence } from '../core/errors.js';
import { replaceFile } from '../core/journal/replace-file.js';
import { readSmallFile } from '../core/journal/small-file.js';
import { shellArguments } from '../core/shell-quoted.js';
import type { Context } from './context.js';

/** A note or a proof has less. */
const MAX_REPLACED_BYTES = 1 << 20;

/** Writes a file that was named on the command line: whole or not at all, in the place of one that is there. */
export function writeOutputFile({ cwd }: Pick<Context, 'cwd'>, name: string, bytes: Buffer | string): void {
  const path = resolve(cwd, name);
  try {
    // A device or a pipe would be replaced by a file.
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there && !there.isFile()) throw notWritten(path, 'something that is no regular file is there');
    replaceFile(path, bytes);
  } catch (error) {
    const sentence = systemErrorSentence(error);
    if (sentence === undefined) throw error;
    throw notWritten(path, sentence, error);
  }
}

/**
 * What is there already is written over only if it is of the same kind: it begins with one of these. Throws
 * `GRACE_EXPORT_EXISTS`, or `GRACE_FILE_NOT_WRITTEN` where no file can be.
 */
export function requireSameKind({ cwd }: Pick<Context, 'cwd'>, name: string, begins: readonly string[]): void {
  const path = resolve(cwd, name);
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there && !there.isFile()) throw notWritten(path, 'something that is no regular file is there');
  if (!there || there.size === 0) return;
  const head = readSmallFile(path, MAX_REPLACED_BYTES)?.toString('utf8') ?? '';
  if (!begins.some((text) => head.startsWith(text))) {
    throw new OperatorError('GRACE_EXPORT_EXISTS', EXIT.refused, `${path} is there already, and is something else`, {
      hint: `ls -l ${shellArguments(path)}   # name another file, or remove that one`,
    });
  }
}

export function notWritten(path: string, why: string, cause?: unknown): OperatorError {
  const folder = shellArguments(dirname(path));
  const isGone = (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  const sentence = isGone ? 'its directory does not exist' : why;
  return new OperatorError('GRACE_FILE_NOT_WRITTEN', EXIT.badAnswer, `${path} could not be written: ${sentence}`, {
    hint: `ls -ld ${folder}; df -h ${folder}   # or name another file`,
    cause,
  });
}
