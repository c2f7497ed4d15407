import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { hasNotes } from './note-file.js';
import { type Position, readPosition, type WrittenFile } from './position.js';
import { SIDECAR_FILE, sidecarPath } from './sidecar.js';
import { verifierKeys } from './verifier-keys.js';

/** One file of a log. */
export interface FileSize {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
}

/** The position of a sealed log; `undefined` when it is not sealed, or was copied without its seal. */
export function positionOf(dir: string): Position | undefined {
  const path = sidecarPath(dir, SIDECAR_FILE.position);
  // A seal of which a part was taken away is none: what is written then nobody can tell from what others write.
  if (!existsSync(path) || !hasNotes(dir) || verifierKeys(dir).length === 0) return undefined;
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return readPosition(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * How far each file of a log is read: to where grace has written, or taken in what others wrote. What stands after that
 * is not known to be ours until the next writer has looked at it. `files` oldest first.
 */
export function trustedEnds(written: WrittenFile | undefined, files: readonly FileSize[]): number[] {
  if (!written || written.ino === 0) return files.map(({ size }) => size);
  const at = files.findIndex(({ dev, ino }) => dev === written.dev && ino === written.ino);
  // A copy of the directory: its files are others, and the last one stands for the one that was written.
  const live = at === -1 ? files.length - 1 : at;
  const isSame = at !== -1 || (files[live]?.size ?? 0) >= written.bytes;
  if (!isSame) return files.map(({ size }) => size);
  return files.map(({ size }, i) => (i < live ? size : i === live ? Math.min(size, written.bytes) : 0));
}
