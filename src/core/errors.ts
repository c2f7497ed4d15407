/**
 * A failure an operator can meet: a named value with a code, a sentence and a hint. Anything else that is thrown is a
 * bug. The face turns `exit` into the process exit code; the table is docs/exit-codes.md.
 */

export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  badAnswer: 3,
  refused: 4,
  notFound: 10,
  locked: 11,
  auditBroken: 12,
  invalidData: 14,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface OperatorErrorOptions {
  /** A sentence with a command that can be pasted. */
  readonly hint?: string;
  readonly cause?: unknown;
}

export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  /** Upper-case, stable, e.g. `GRACE_NO_LOGS`. */
  readonly code: string;
  readonly exit: ExitCode;
  readonly hint: string | undefined;

  constructor(code: string, exit: ExitCode, message: string, options: OperatorErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.exit = exit;
    this.hint = options.hint;
  }
}

/** What the kernel said, as a sentence; `undefined` for anything that is not a system error. */
export function systemErrorSentence(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return undefined;
  return SENTENCES[code] ?? `${syscall} failed with ${code}`;
}

const SENTENCES: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the filesystem is read-only',
  EACCES: 'permission is denied',
  EPERM: 'the operation is not permitted',
  EIO: 'the device reported an input/output error',
  EMFILE: 'this process has too many open files',
  ENFILE: 'the host has too many open files',
  ENOENT: 'it does not exist',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is not a directory',
  ELOOP: 'it is a symbolic link, which is refused here',
};
