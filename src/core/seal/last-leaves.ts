import { closeSync, readSync } from 'node:fs';
import { openForReading } from '../journal/open-log.js';
import { listSegments, type Segment } from '../journal/segments.js';
import { leavesOfLines } from './line-leaves.js';
import type { WrittenFile } from './position.js';

const LF = 0x0a;
const CHUNK_BYTES = 1 << 16;

/** The leaves of the last `lines` lines before a place in the log, over its files; `undefined` when they are not there. */
export function lastLeaves(dir: string, place: WrittenFile, lines: number): Buffer[] | undefined {
  const segments = listSegments(dir, 'audit');
  const at = segments.findIndex(({ dev, ino }) => dev === place.dev && ino === place.ino);
  let leaves: Buffer[] = [];
  for (let i = at; i >= 0 && leaves.length < lines; i--) {
    const segment = segments[i] as Segment;
    const found = lastOfFile(segment.path, i === at ? place.bytes : segment.size, lines - leaves.length);
    if (!found) return undefined;
    leaves = [...found, ...leaves];
  }
  return at !== -1 && leaves.length === lines ? leaves : undefined;
}

/** Those of one file, as many as it has; `undefined` when no line ends there. */
function lastOfFile(path: string, end: number, lines: number): Buffer[] | undefined {
  const file = openForReading(path);
  if (!file) return undefined;
  try {
    const from = end === 0 ? 0 : startOfLast(file.fd, end, lines);
    if (from === undefined) return undefined;
    const leaves: Buffer[] = [];
    const reached = leavesOfLines(file.fd, from, end, (leaf) => leaves.push(leaf));
    return reached === end ? leaves : undefined;
  } finally {
    closeSync(file.fd);
  }
}

/** Where the last `lines` lines before `end` begin, or the first line when there are fewer. */
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
  return 0;
}
