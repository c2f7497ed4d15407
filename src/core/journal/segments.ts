import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT, OperatorError, systemErrorSentence } from '../errors.js';
import { napMs } from '../host/nap.js';
import { shellArguments } from '../shell-quoted.js';
import { LOG_FILE, type LogName } from './log-files.js';

/** One file of a log: the live one, or one that a rotation renamed. */
export interface Segment {
  readonly name: string;
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
}

/** How often the files are listed until two lists agree: a rotation may be renaming them. */
const MOST_LOOKS = 50;
const LOOK_NAP_MS = 0.2;

/** The files of a log that are there, oldest first, the live one last. Compressed ones are not read. */
export function listSegments(dir: string, log: LogName): Segment[] {
  let before = listOnce(dir, log);
  for (let look = 1; look < MOST_LOOKS; look++) {
    const now = listOnce(dir, log);
    if (areSame(before, now)) return now;
    before = now;
    napMs(LOOK_NAP_MS);
  }
  return before;
}

function areSame(one: readonly Segment[], other: readonly Segment[]): boolean {
  const same = ({ name, dev, ino }: Segment, b: Segment | undefined) =>
    b?.name === name && b.dev === dev && b.ino === ino;
  return one.length === other.length && one.every((segment, i) => same(segment, other[i]));
}

function listOnce(dir: string, log: LogName): Segment[] {
  const base = LOG_FILE[log];
  const names = entriesOf(dir)
    .filter((entry: Dirent) => entry.isFile() || entry.name === base)
    .map((entry) => entry.name);
  return orderSegments(base, names)
    .map((name) => statSegment(dir, name))
    .filter((segment): segment is Segment => segment !== undefined)
    .filter(isLastOfItsFile);
}

/** Some rotations link before they unlink: for a moment one file has two names, and is still one. */
function isLastOfItsFile({ dev, ino }: Segment, i: number, all: readonly Segment[]): boolean {
  return !all.slice(i + 1).some((later) => later.dev === dev && later.ino === ino);
}

function entriesOf(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    const sentence = systemErrorSentence(error);
    if (sentence === undefined) throw error;
    throw new OperatorError('GRACE_LOGS_UNREADABLE', EXIT.badAnswer, `${dir} cannot be listed: ${sentence}`, {
      hint: `ls -ld ${shellArguments(dir)}`,
      cause: error,
    });
  }
}

export function statSegment(dir: string, name: string): Segment | undefined {
  const path = join(dir, name);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat && !stat.isFile()) {
    throw new OperatorError(
      'GRACE_LOG_REFUSED',
      EXIT.refused,
      `${path} is refused as a log: it is not a regular file`,
      {
        hint: `ls -ld ${shellArguments(path)}`,
      },
    );
  }
  return stat && { name, path, dev: stat.dev, ino: stat.ino, size: stat.size };
}

/**
 * Oldest first, by the names that log rotation gives: `.N` counts down to the newest, `-YYYYMMDD…` (dateext) up. A name
 * of any other form is some other file.
 */
export function orderSegments(base: string, names: readonly string[]): string[] {
  const numbered: { name: string; n: number }[] = [];
  const dated: string[] = [];
  for (const name of names) {
    if (!name.startsWith(base)) continue;
    const suffix = name.slice(base.length);
    if (/^\.\d{1,6}$/.test(suffix)) numbered.push({ name, n: Number(suffix.slice(1)) });
    else if (/^-\d{8}(-?\d{1,10})?$/.test(suffix)) dated.push(name);
  }
  numbered.sort((a, b) => b.n - a.n);
  dated.sort();
  return [...dated, ...numbered.map(({ name }) => name), ...(names.includes(base) ? [base] : [])];
}
