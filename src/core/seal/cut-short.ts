import { closeSync } from 'node:fs';
import { basename } from 'node:path';
import { leafHash } from '../audit/hash.js';
import { readLines } from '../journal/line-reader.js';
import { openForReading } from '../journal/open-log.js';
import { listSegments, type Segment } from '../journal/segments.js';
import type { Position } from './position.js';
import type { TreeFiles } from './tree-files.js';

/** How much of a file is compared, from its beginning. */
const COMPARED = { bytes: 1 << 18, lines: 256 };

/** How grace begins an entry. */
const ENTRY = /^\{"entry_id":"log_(\d{1,15})_/;
const ENTRY_BYTES = 40;

/**
 * Why a log of which sealed lines are missing must not be gone on with: its file begins with lines that are sealed, so it
 * was cut, changed or put back from an older copy, and those lines would be taken for another program's. `undefined` when
 * it begins with others: it was begun anew, as a rotation or a copytruncate does it, and goes on from there.
 */
export function cutShort(dir: string, tree: TreeFiles, { audit }: Position): string | undefined {
  const segments = listSegments(dir, 'audit');
  const file = segments.find(({ dev, ino }) => dev === audit.dev && ino === audit.ino) ?? segments.at(-1);
  const lines = file ? firstLines(file) : [];
  const isKnown =
    lines.some((line) => isSealedEntry(tree, audit.lines, line)) ||
    [audit.first, 0].some((first) => beginsWith(tree, first, audit.lines, lines));
  if (!file || !isKnown) return undefined;
  return `${basename(file.path)} begins with lines that are sealed, and not all of them are there as they were`;
}

interface FirstLine {
  readonly leaf: Buffer;
  /** The line that an entry in grace's form says that it is, from 1. */
  readonly named: number | undefined;
}

function firstLines({ path, size }: Segment): FirstLine[] {
  const file = openForReading(path);
  if (!file) return [];
  const lines: FirstLine[] = [];
  try {
    readLines(file.fd, 0, Math.min(size, COMPARED.bytes), {
      line: (bytes) => {
        const [, named] = ENTRY.exec(bytes.toString('latin1', 0, ENTRY_BYTES)) ?? [];
        lines.push({ leaf: leafHash(bytes), named: named === undefined ? undefined : Number(named) });
      },
      tooLong: () => undefined,
    });
  } finally {
    closeSync(file.fd);
  }
  return lines.slice(0, COMPARED.lines);
}

/** Whether the lines are those of the tree from `first` on; several, since one line may well be the same by chance. */
function beginsWith(tree: TreeFiles, first: number, size: number, lines: readonly FirstLine[]): boolean {
  const known = tree.leaves(first, Math.min(first + lines.length, size));
  const isDifferent = new Set(lines.map(({ leaf }) => leaf.toString('hex'))).size > 1;
  return isDifferent && known?.equals(Buffer.concat(lines.map(({ leaf }) => leaf))) === true;
}

/** An entry of grace names its own line, so it is never there a second time by chance. */
function isSealedEntry(tree: TreeFiles, size: number, { leaf, named }: FirstLine): boolean {
  return named !== undefined && named >= 1 && named <= size && tree.leaves(named - 1, named)?.equals(leaf) === true;
}
