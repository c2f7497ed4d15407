import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { formatSigningKey, newSigningKey, parseSigningKey, type SigningKey } from '../audit/keys.js';
import { refused as refusal } from '../audit/refusal.js';
import { EXIT, OperatorError, systemErrorSentence } from '../errors.js';
import { effectiveUid } from '../host/account.js';
import { randomHex } from '../host/random.js';
import { replaceFile } from '../journal/replace-file.js';
import { shellArguments } from '../shell-quoted.js';

/** A key has less. */
const MAX_KEY_BYTES = 4096;

/** Where signing keys are looked for and put. */
export interface KeyPlace {
  /** The file that was named, by `--key` or `$GRACE_KEY`. */
  readonly named?: string | undefined;
  /** Else each log's key has a file of its own in here. */
  readonly directory?: string | undefined;
}

/** The environment's place for keys: never the directory of the logs, which is copied and handed out. */
export function keyPlaceOf(env: Readonly<Record<string, string | undefined>>, named?: string): KeyPlace {
  const state = stateDirectoryOf(env);
  return {
    named: named ?? (env.GRACE_KEY || undefined),
    directory: state === undefined ? undefined : join(state, 'grace', 'keys'),
  };
}

/** Where an account keeps what is to stay; as its specification has it, a path that is not absolute counts for none. */
export function stateDirectoryOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { XDG_STATE_HOME: named = '', HOME: home } = env;
  if (isAbsolute(named)) return named;
  return home ? join(home, '.local', 'state') : undefined;
}

/** A key whose name, the origin of a log, no other has: `<host>/grace/<128 random bits>`. */
export function newKey(): SigningKey {
  const host = hostname().replace(/[^A-Za-z0-9.-]/g, '-') || 'localhost';
  return newSigningKey(`${host}/grace/${randomHex(16)}`, Buffer.from(randomHex(32), 'hex'));
}

/** The file that holds the key of a log, or would; `undefined` when there is no place for one. */
export function keyFileOf(place: KeyPlace, origin: string): string | undefined {
  if (place.named !== undefined) return place.named;
  return place.directory === undefined ? undefined : join(place.directory, `${origin.replaceAll('/', '_')}.key`);
}

/**
 * Reads a signing key. `undefined` when there is no such file. Throws `GRACE_KEY_REFUSED` for a file that is not the
 * owner's alone, and `GRACE_KEY_INVALID` for one that holds no key.
 */
export function loadKey(path: string): SigningKey | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw refused(path, systemErrorSentence(error) ?? 'it cannot be opened', error);
  }
  try {
    const stat = fstatSync(fd);
    const ours = stat.isFile() && stat.nlink === 1 && stat.uid === effectiveUid();
    if (!ours) throw refused(path, 'it is not a regular file of this account alone');
    const parsed =
      stat.size > MAX_KEY_BYTES ? refusal('it is too long') : parseSigningKey(readFileSync(fd, 'utf8').trim());
    // Only of a file that is one: what else was named is nobody's to change.
    if (parsed.ok && (stat.mode & 0o077) !== 0) {
      throw refused(
        path,
        'others may read it',
        undefined,
        `chmod 600 ${shellArguments(path)}; ls -l ${shellArguments(path)}`,
      );
    }
    if (parsed.ok) requireOwnDirectory(path);
    if (parsed.ok) return parsed.key;
    throw new OperatorError('GRACE_KEY_INVALID', EXIT.usage, `${path} holds no signing key: ${parsed.reason}`, {
      hint: `ls -l ${shellArguments(path)}   # put the key back from a copy, or name another file: --key FILE`,
    });
  } finally {
    closeSync(fd);
  }
}

/** Keeps a key, whole or not at all, for its owner's eyes only. The caller has seen that no file is there. */
export function keepKey(path: string, key: SigningKey): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    replaceFile(path, `${formatSigningKey(key)}\n`, 0o600);
  } catch (error) {
    const sentence = systemErrorSentence(error);
    if (sentence === undefined) throw error;
    throw new OperatorError('GRACE_KEY_NOT_CREATED', EXIT.refused, `${path} cannot be created: ${sentence}`, {
      hint: `ls -ld ${shellArguments(dirname(path))}   # or name another file: --key FILE`,
      cause: error,
    });
  }
}

/** A file is there, whatever it is. */
export function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw error;
  }
}

/** Whoever may write there may put another key in its place. */
function requireOwnDirectory(path: string): void {
  const dir = dirname(path);
  const { mode } = statSync(dir);
  const isSticky = (mode & 0o1000) !== 0;
  if ((mode & 0o002) === 0 || isSticky) return;
  throw refused(path, 'everybody may write to its directory', undefined, `chmod o-w ${shellArguments(dir)}`);
}

function refused(
  path: string,
  why: string,
  cause?: unknown,
  hint = `ls -l ${shellArguments(path)}   # or name another file: --key FILE`,
): OperatorError {
  return new OperatorError('GRACE_KEY_REFUSED', EXIT.refused, `${path} is refused as a key: ${why}`, { hint, cause });
}
