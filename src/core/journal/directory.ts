import { accessSync, constants, existsSync, mkdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EXIT, OperatorError, systemErrorSentence } from '../errors.js';
import { effectiveUid } from '../host/account.js';
import { shellArguments, shellQuoted } from '../shell-quoted.js';
import { fsyncDirectory } from './sync.js';

/** How a log directory stands to the account that runs us. */
export interface DirectoryState {
  readonly exists: boolean;
  readonly uid: number;
  readonly mode: number;
  /** One account owns a log directory; is it ours? */
  readonly ours: boolean;
  /** Why nothing may be written there, or `undefined`. */
  readonly unwritable: string | undefined;
}

/** Looks, and changes nothing. Throws only what an operator can act on. */
export function inspectDirectory(dir: string): DirectoryState {
  let stat: Stats;
  try {
    stat = statSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return { exists: false, uid: -1, mode: 0, ours: false, unwritable: 'it does not exist' };
    }
    throw new OperatorError(
      'GRACE_LOGS_UNREADABLE',
      EXIT.notFound,
      `${dir}: ${systemErrorSentence(error) ?? 'cannot be read'}`,
      {
        hint: `ls -ld ${shellArguments(dir)}   # or name another directory: --logs DIR`,
        cause: error,
      },
    );
  }
  if (!stat.isDirectory()) {
    throw new OperatorError('GRACE_LOGS_NOT_A_DIRECTORY', EXIT.usage, `${dir} is not a directory`, {
      hint: `ls -ld ${shellArguments(dir)}   # name the directory that holds incidents.jsonl: --logs DIR`,
    });
  }
  const ours = stat.uid === effectiveUid();
  return { exists: true, uid: stat.uid, mode: stat.mode & 0o7777, ours, unwritable: whyUnwritable(dir, stat, ours) };
}

function whyUnwritable(dir: string, stat: Stats, ours: boolean): string | undefined {
  if (!ours) return `it belongs to ${accountName(stat.uid)}`;
  // The kernel lets root write past the permission bits; an owner who took the right away meant it.
  if ((stat.mode & 0o200) === 0) return 'its owner may not write there';
  try {
    accessSync(dir, constants.W_OK | constants.X_OK);
  } catch (error) {
    return systemErrorSentence(error) ?? 'it cannot be written';
  }
  return undefined;
}

/**
 * Makes sure that this account may write logs there; creates the directory (0750) when there is none.
 * `invocation` is the command the operator typed, for a hint that can be pasted.
 */
export function prepareDirectory(dir: string, invocation: string): void {
  let state = inspectDirectory(dir);
  if (!state.exists) {
    state = createDirectory(dir);
  }
  if (!state.ours) {
    const owner = accountName(state.uid);
    throw new OperatorError('GRACE_NOT_OWNER', EXIT.refused, `${dir} belongs to ${owner}, who alone writes there`, {
      hint: `sudo -u ${shellQuoted(owner)} ${invocation}`,
    });
  }
  if ((state.mode & 0o002) !== 0) {
    throw new OperatorError('GRACE_LOGS_WORLD_WRITABLE', EXIT.refused, `${dir} can be written by everybody`, {
      hint: `chmod o-w ${shellArguments(dir)}`,
    });
  }
  if (state.unwritable !== undefined) {
    throw new OperatorError('GRACE_LOGS_READ_ONLY', EXIT.refused, `${dir} cannot be written: ${state.unwritable}`, {
      hint: `chmod u+w ${shellArguments(dir)}   # or name another directory: --logs DIR`,
    });
  }
}

function createDirectory(dir: string): DirectoryState {
  try {
    // One at a time: each new name has to be made durable, and a recursive mkdir never returns where the kernel answers
    // ENOENT under a directory that is there, as in /proc.
    const missing: string[] = [];
    for (let at = resolve(dir); !existsSync(at); at = dirname(at)) missing.unshift(at);
    for (const path of missing) makeDirectory(path);
  } catch (error) {
    throw new OperatorError(
      'GRACE_LOGS_NOT_CREATED',
      EXIT.refused,
      `${dir} cannot be created: ${systemErrorSentence(error) ?? 'unknown reason'}`,
      {
        hint: `ls -ld ${shellArguments(dirname(resolve(dir)))}   # or name another directory: --logs DIR`,
        cause: error,
      },
    );
  }
  return inspectDirectory(dir);
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o750 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another process was quicker.
    if (code !== 'EEXIST' || !statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
  fsyncDirectory(dirname(path));
}

/** The account's name, or `#N`, which sudo takes for uid N, when the host does not know it. */
export function accountName(uid: number): string {
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const fields = line.split(':');
      if (fields[2] === String(uid) && fields[0]) return fields[0];
    }
  } catch {
    // Without a passwd file the number is all there is.
  }
  return `#${uid}`;
}
