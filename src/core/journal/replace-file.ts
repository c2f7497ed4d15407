import { closeSync, constants, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { fsyncDirectory } from './sync.js';

/**
 * Puts a whole file in the place of `path`: readers see the old one or the new one, after a power cut too. For files that
 * one process at a time writes; what a killed one has left aside is removed.
 */
export function replaceFile(path: string, bytes: Buffer | string, mode = 0o640): void {
  const aside = `${path}.new`;
  // Not written into: it may be another name of somebody's file.
  rmSync(aside, { force: true });
  const fd = openSync(aside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode);
  try {
    writeWhole(fd, typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(aside, path);
  fsyncDirectory(dirname(path));
}

/** One `write` may take less than it was given. `position` undefined: where the descriptor stands. */
export function writeWhole(fd: number, bytes: Buffer, position?: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position === undefined ? null : position + done);
  }
}
