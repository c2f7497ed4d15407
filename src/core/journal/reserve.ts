import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/**
 * Space that is kept for the records of what makes space. A full disk must not stop its own healing: the intent and the
 * outcome of such a remedy, and the brake, may use it, and nothing else.
 *
 * The file stays when its bytes are given back, empty: so that it can be filled again on a disk without inodes, and so that
 * everybody sees that the bytes are taken.
 */
export const RESERVE_FILE = '.reserve';
export const RESERVE_BYTES = 1 << 20;

/** With less than this left, an act that may use the reserve does. */
const TIGHT_BYTES = 256 << 10;

/** So much a few records and what is kept beside them take. */
const LEAST_BYTES = 16 << 10;

const FLAGS = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Fills the reserve, where there is room for it besides. Not having one is no failure: `false`. */
export function fillReserve(dir: string): boolean {
  let fd: number | undefined;
  try {
    if (lstatSync(join(dir, RESERVE_FILE), { throwIfNoEntry: false })?.size === RESERVE_BYTES) return true;
    if (freeBytes(dir) < 2 * RESERVE_BYTES) return false;
    fd = openSync(join(dir, RESERVE_FILE), FLAGS | constants.O_CREAT, 0o640);
    if (!fstatSync(fd).isFile()) return false;
    const zeros = Buffer.alloc(RESERVE_BYTES);
    for (let at = 0; at < RESERVE_BYTES; ) at += writeSync(fd, zeros, at, RESERVE_BYTES - at, at);
    fsyncSync(fd);
    return true;
  } catch {
    return false;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Gives the bytes back if the disk is nearly full. `false`: there was no need, or there is no reserve. */
export function useReserve(dir: string): boolean {
  if ((reserveSize(dir) ?? 0) === 0 || freeBytes(dir) >= TIGHT_BYTES) return false;
  const fd = openSync(join(dir, RESERVE_FILE), FLAGS);
  try {
    ftruncateSync(fd, 0);
    return true;
  } finally {
    closeSync(fd);
  }
}

/**
 * What little there is on the disk belongs to whoever frees it: the reserve is in use and cannot be filled again yet, or is
 * there and about to be needed. Others are told so before anything is written: half a record is all that would fit.
 */
export function isReserved(dir: string): boolean {
  const size = reserveSize(dir);
  return size !== undefined && freeBytes(dir) < (size === 0 ? 2 * RESERVE_BYTES : TIGHT_BYTES);
}

/** No room for a record there, unless it is one of what makes space. Where that cannot be asked, room is not what is missing. */
export function isFull(dir: string): boolean {
  try {
    return isReserved(dir) || freeBytes(dir) < LEAST_BYTES;
  } catch {
    return false;
  }
}

function reserveSize(dir: string): number | undefined {
  return lstatSync(join(dir, RESERVE_FILE), { throwIfNoEntry: false })?.size;
}

function freeBytes(dir: string): number {
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}
