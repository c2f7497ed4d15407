import { closeSync, constants, existsSync, fchmodSync, fstatSync, lstatSync, openSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, OperatorError, systemErrorSentence } from '../errors.js';
import { effectiveUid } from '../host/account.js';
import { shellArguments } from '../shell-quoted.js';
import { fsyncDirectory } from './sync.js';

/** An open log and the identity of the file behind it, which a rotation changes under the same name. */
export interface OpenLog {
  readonly path: string;
  readonly fd: number;
  readonly dev: number;
  readonly ino: number;
}

// O_NONBLOCK: opening a FIFO that stands in a log's place must not hang.
const GUARDED = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens for reading; `undefined` when there is no such file. Refuses anything but a regular file. */
export function openForReading(path: string): OpenLog | undefined {
  return guarded(path, () => {
    const fd = openSync(path, constants.O_RDONLY | GUARDED);
    return checked(path, fd, (stat) => (stat.isFile() ? undefined : 'it is not a regular file'));
  });
}

/** Opens for appending; creates the file (0640) when there is none, durably. Refuses files that are not clearly ours. */
export function openForAppending(path: string): OpenLog {
  const opened = guarded(path, () => {
    const isNew = !existsSync(path);
    const fd = openSync(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | GUARDED, 0o640);
    const log = checked(path, fd, whyNotOurs);
    if (isNew) {
      fchmodSync(fd, 0o640);
      fsyncDirectory(dirname(path));
    }
    return log;
  });
  if (!opened) throw new Error(`${path}: O_CREAT answered ENOENT`);
  return opened;
}

/** Why {@link openForAppending} would refuse this file, or `undefined`: it would not, or there is none. */
export function writableProblem(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat && whyNotOurs(stat);
}

function whyNotOurs(stat: Stats): string | undefined {
  if (!stat.isFile()) return 'it is not a regular file';
  if (stat.nlink !== 1) return `it has ${stat.nlink} names (hard links)`;
  if (stat.uid !== effectiveUid()) return `it belongs to uid ${stat.uid}`;
  if ((stat.mode & 0o200) === 0) return 'its owner may not write to it';
  if ((stat.mode & 0o002) !== 0) return 'everybody may write to it';
  return undefined;
}

function checked(path: string, fd: number, why: (stat: Stats) => string | undefined): OpenLog {
  const stat = fstatSync(fd);
  const reason = why(stat);
  if (reason === undefined) return { path, fd, dev: stat.dev, ino: stat.ino };
  closeSync(fd);
  throw new OperatorError('GRACE_LOG_REFUSED', EXIT.refused, `${path} is refused as a log: ${reason}`, {
    hint: `ls -l ${shellArguments(path)}`,
  });
}

function guarded(path: string, open: () => OpenLog): OpenLog | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    const sentence = systemErrorSentence(error);
    if (sentence === undefined) throw error;
    throw new OperatorError('GRACE_LOG_REFUSED', EXIT.refused, `${path} cannot be opened: ${sentence}`, {
      hint: `ls -l ${shellArguments(path)}`,
      cause: error,
    });
  }
}
