import { accessSync, constants, lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { systemErrorSentence } from '../errors.js';
import { effectiveUid } from '../host/account.js';
import { accountName } from '../journal/directory.js';

/** As the kernel has it. */
const MAX_LINKS = 40;
const WRITABLE_BY_OTHERS = 0o022;
const OPEN_TO_OTHERS = 0o077;

/** What was found at the end of a path, links followed. */
interface Found {
  /** Why somebody else could put something of theirs there. */
  readonly faults: readonly string[];
  readonly path: string;
  /** `undefined` when nothing is there. */
  readonly stats: Stats | undefined;
}

/**
 * Why what stands at that path, or will stand there, cannot be trusted by the account `uid`: the file and every directory on the
 * way must belong to root or to that account, and neither their group nor everybody may write to them. A sticky directory
 * such as /tmp is no exception: whoever comes first makes the file. Links are followed, and the way to their ends is looked at too.
 */
export function ownershipFaults(path: string, uid = effectiveUid()): string[] {
  return [...walk(path, uid).faults];
}

/** The same of a file that nobody else may read. */
export function secretFaults(path: string, uid = effectiveUid()): string[] {
  const { faults, path: end, stats } = walk(path, uid);
  if (!stats || (stats.mode & OPEN_TO_OTHERS) === 0) return [...faults];
  return [...faults, `${end} is open to others: its mode is ${octal(stats.mode)}, not 600`];
}

/** The same of a file or a directory that a program may run or read code from. Nothing is said of a device, nor, unless it is `certain` to be meant, of what is not there. */
export function argumentFaults(path: string, certain: boolean, uid = effectiveUid()): string[] {
  const { faults, stats } = walk(path, uid);
  const counts = stats ? !stats.isCharacterDevice() && !stats.isBlockDevice() : certain;
  return counts ? [...faults] : [];
}

/** Why that file cannot be used as it is, though nobody else could change it. It may still come. */
export function absence(path: string, role: 'program' | 'file'): string | undefined {
  const { path: end, stats } = walk(path, effectiveUid());
  if (!stats) return `${path} is not there`;
  if (!stats.isFile()) return `${end} is no regular file`;
  try {
    accessSync(end, role === 'program' ? constants.X_OK : constants.R_OK);
    return undefined;
  } catch (error) {
    return `${end} cannot be ${role === 'program' ? 'run' : 'read'}: ${systemErrorSentence(error) ?? 'unknown reason'}`;
  }
}

/** Root may do everything anyway. */
export function isOurs(uid: number, ours: number): boolean {
  return uid === 0 || uid === ours;
}

export function isWritableByOthers(mode: number): boolean {
  return (mode & WRITABLE_BY_OTHERS) !== 0;
}

function walk(path: string, uid: number): Found {
  const faults = new Set<string>();
  let left = partsOf(resolve(path));
  let at = '/';
  let stats = look(at, faults);
  for (let links = 0; stats; ) {
    for (const fault of ofOwner(at, stats, uid)) faults.add(fault);
    const [next, ...rest] = left;
    if (next === undefined) break;
    const inner = next === '..' ? dirname(at) : join(at, next);
    stats = look(inner, faults);
    left = rest;
    if (!stats?.isSymbolicLink()) {
      at = inner;
      continue;
    }
    if (++links > MAX_LINKS) {
      faults.add(`${path} leads through more than ${MAX_LINKS} links`);
      return { faults: [...faults], path: at, stats: undefined };
    }
    const to = readlinkSync(inner);
    left = [...partsOf(to), ...left];
    if (to.startsWith('/')) at = '/';
    stats = look(at, faults);
  }
  return { faults: [...faults], path: at, stats };
}

const partsOf = (path: string) => path.split('/').filter((part) => part !== '' && part !== '.');

function look(path: string, faults: Set<string>): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Whoever may write to the directory could make it; that has been looked at.
    if (code !== 'ENOENT') faults.add(`${path} cannot be looked at: ${systemErrorSentence(error) ?? code}`);
    return undefined;
  }
}

function ofOwner(path: string, { uid, mode }: Stats, ours: number): string[] {
  const faults: string[] = [];
  if (!isOurs(uid, ours)) {
    faults.push(`${path} belongs to ${accountName(uid)}, not to root${ours === 0 ? '' : ` or ${accountName(ours)}`}`);
  }
  if (isWritableByOthers(mode)) {
    const who = (mode & 0o002) !== 0 ? 'everybody' : 'its group';
    faults.push(`${path} can be written by ${who}: its mode is ${octal(mode)}`);
  }
  return faults;
}

const octal = (mode: number) => (mode & 0o7777).toString(8).padStart(3, '0');
