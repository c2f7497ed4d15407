import { closeSync } from 'node:fs';
import { basename } from 'node:path';
import { HASH_BYTES } from '../audit/hash.js';
import { openForReading } from '../journal/open-log.js';
import { listSegments, type Segment } from '../journal/segments.js';
import { leavesOfLines } from './line-leaves.js';
import type { Position } from './position.js';
import type { TreeFiles } from './tree-files.js';

/** How much of a file is compared, from its beginning. */
const COMPARED = { bytes: 1 << 18, lines: 256 };

/**
 * Why a log of which sealed lines are missing must not be gone on with: its file begins with lines that are sealed, so it
 * was cut, changed or put back from an older copy, and those lines would be taken for another program's. `undefined` when
 * it begins with others: it was begun anew, as a rotation or a copytruncate does it, and goes on from there.
 */
export function cutShort(dir: string, tree: TreeFiles, { audit }: Position): string | undefined {
  const segments = listSegments(dir, 'audit');
  const file = segments.find(({ dev, ino }) => dev === audit.dev && ino === audit.ino) ?? segments.at(-1);
  const leaves = file ? firstLeaves(file) : [];
  const isKnown = [audit.first, 0].some((first) => beginsWith(tree, first, audit.lines, leaves));
  if (!file || !isKnown) return undefined;
  return `${basename(file.path)} begins with lines that are sealed, and not all of them are there as they were`;
}

function firstLeaves({ path, size }: Segment): Buffer[] {
  const file = openForReading(path);
  if (!file) return [];
  const leaves: Buffer[] = [];
  try {
    leavesOfLines(file.fd, 0, Math.min(size, COMPARED.bytes), (leaf) => leaves.push(leaf));
  } finally {
    closeSync(file.fd);
  }
  return leaves.slice(0, COMPARED.lines);
}

/** Whether most of the lines are those of the tree from `first` on. One that is the same by chance makes none the same. */
function beginsWith(tree: TreeFiles, first: number, size: number, leaves: readonly Buffer[]): boolean {
  const known = tree.leaves(first, Math.min(first + leaves.length, size)) ?? Buffer.alloc(0);
  const same = leaves.filter((leaf, i) => leaf.equals(known.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)));
  return same.length * 2 > leaves.length;
}
