import { closeSync, constants } from 'node:fs';
import type { VerifierKey } from '../audit/keys.js';
import { TILE_WIDTH } from '../audit/tile.js';
import { openRegular } from '../journal/small-file.js';
import { hasNotes, NoteFile } from './note-file.js';
import { type Position, readPosition, UNKNOWN_FILE, type WrittenFile } from './position.js';
import { placeOfLine } from './recover-tree.js';
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
  // A seal of which a part was taken away is none: what is written then nobody can tell from what others write.
  const vkey = verifierKeys(dir).at(-1);
  if (!vkey || !hasNotes(dir)) return undefined;
  const fd = openRegular(sidecarPath(dir, SIDECAR_FILE.position), constants.O_RDONLY);
  try {
    return (fd === undefined ? undefined : readPosition(fd)) ?? positionOfNewest(dir, vkey);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Where the newest note ends: of what stands after it nobody remembers whose it is, in an export for instance. */
function positionOfNewest(dir: string, vkey: VerifierKey): Position | undefined {
  const notes = NoteFile.open(dir, 'read');
  try {
    const size = notes?.newest(vkey.name)?.checkpoint.size;
    const audit = size === undefined ? undefined : placeOfLine(dir, size);
    if (!notes || size === undefined || !audit) return undefined;
    return { audit, incidents: UNKNOWN_FILE, sealed: size, notes: notes.size, tiles: Math.floor(size / TILE_WIDTH) };
  } finally {
    notes?.close();
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
