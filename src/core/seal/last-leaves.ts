import { closeSync, readSync } from 'node:fs';
import { openForReading } from '../journal/open-log.js';
import { listSegments } from '../journal/segments.js';
import { leavesOfLines } from './line-leaves.js';
import type { WrittenFile } from './position.js';

const LF = 0x0a;
const CHUNK_BYTES = 1 << 16;

/** The leaves of the last `lines` lines before a place in the log; `undefined` when they are not there. */
export function lastLeaves(dir: string, place: WrittenFile, lines: number): Buffer[] | undefined {
  const segment = listSegments(dir, 'audit').find(({ dev, ino }) => dev === place.dev && ino === place.ino);
  const file = segment && openForReading(segment.path);
  if (!file) return undefined;
  try {
    const from = startOfLast(file.fd, place.bytes, lines);
    if (from === undefined) return undefined;
    const leaves: Buffer[] = [];
    leavesOfLines(file.fd, from, place.bytes, (leaf) => leaves.push(leaf));
    return leaves.length === lines ? leaves : undefined;
  } finally {
    closeSync(file.fd);
  }
}

/** Where the last `lines` lines before `end` begin. */
function startOfLast(fd: number, end: number, lines: number): number | undefined {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let left = lines + 1;
  for (let to = end; to > 0; ) {
    const from = Math.max(0, to - chunk.length);
    const bytes = chunk.subarray(0, readSync(fd, chunk, 0, to - from, from));
    if (to === end && bytes.at(-1) !== LF) return undefined;
    for (let at = bytes.lastIndexOf(LF); at !== -1; at = at === 0 ? -1 : bytes.lastIndexOf(LF, at - 1)) {
      if (--left === 0) return from + at + 1;
    }
    to = from;
  }
  return left === 1 ? 0 : undefined;
}
