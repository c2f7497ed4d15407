import { closeSync, fsyncSync } from 'node:fs';
import type { Checkpoint } from '../audit/checkpoint.js';
import { CompactRange } from '../audit/compact-range.js';
import { HASH_BYTES } from '../audit/hash.js';
import { TILE_WIDTH } from '../audit/tile.js';
import { readLines } from '../journal/line-reader.js';
import { openForReading } from '../journal/open-log.js';
import { listSegments, type Segment } from '../journal/segments.js';
import { ACTION } from '../records/audit-actions.js';
import { isJsonObject } from '../records/json.js';
import { parseStrict } from '../records/strict-json.js';
import { leavesOfLines } from './line-leaves.js';
import type { Position } from './position.js';
import { TreeFiles } from './tree-files.js';

/** Leaves gathered before they are written. */
const BATCH = 4096;

/** A tree and where its last line ends. */
export interface RecoveredTree {
  readonly tree: TreeFiles;
  readonly audit: Position['audit'];
}

/** The tree of every line that stands in the log now. Syncs the files: what is about to be signed rests on them. */
export function treeOfLog(dir: string): RecoveredTree {
  const segments = countLines(listSegments(dir, 'audit'), 0);
  for (const segment of segments) withFile(segment, (fd) => fsyncSync(fd));
  const size = segments.reduce((sum, { lines }) => sum + lines, 0);
  const audit = placeOf(segments, size, 'next') ?? { dev: 0, ino: 0, first: 0, lines: 0, bytes: 0 };
  return { tree: writeTree(dir, segments, size), audit };
}

/**
 * The tree of a signed note, after a crash or a power cut: from the files of hashes and the last lines, or else from the
 * whole log. Nothing is written unless it gives the root that was signed; `undefined` when neither does.
 */
export function recoverTree(dir: string, note: Checkpoint, stale: Position | undefined): RecoveredTree | undefined {
  const present = listSegments(dir, 'audit');
  const segments = countLines(present, linesGone(present, stale));
  const audit = placeOf(segments, note.size, 'end');
  if (!audit) return undefined;
  const tree = fromHashes(dir, segments, note) ?? fromLog(dir, segments, note);
  return tree && { tree, audit };
}

/** Whether the lines that are there now begin with those of a note. */
export function givesRoot(dir: string, note: Checkpoint): boolean {
  const range = new CompactRange();
  eachLeaf(countLines(listSegments(dir, 'audit'), 0), 0, note.size, (leaf) => range.append(leaf));
  return range.size === note.size && range.root().equals(note.root);
}

/** Where the first `size` lines of a log end, as its files tell; `undefined` when there are not so many. */
export function placeOfLine(dir: string, size: number): Position['audit'] | undefined {
  const present = listSegments(dir, 'audit');
  return placeOf(countLines(present, linesGone(present, undefined)), size, 'end');
}

/** A file of the log with the lines it has, and those before it. */
interface CountedSegment extends Segment {
  readonly first: number;
  readonly lines: number;
  /** It ends with the end of a line. */
  readonly isWhole: boolean;
}

function countLines(segments: readonly Segment[], first: number): CountedSegment[] {
  let before = first;
  return segments.map((segment) => {
    let lines = 0;
    const count = () => void lines++;
    let end = 0;
    withFile(segment, (fd) => {
      end = readLines(fd, 0, segment.size, { line: count, tooLong: count });
    });
    before += lines;
    return { ...segment, first: before - lines, lines, isWhole: end === segment.size };
  });
}

/**
 * Lines of older files that are not there any more, as far as the stale position tells, or the entry with which a rotated
 * file begins.
 */
function linesGone(segments: readonly Segment[], stale: Position | undefined): number {
  const at = segments.findIndex(({ dev, ino }) => dev === stale?.audit.dev && ino === stale.audit.ino);
  if (!stale || at === -1) return segments[0] ? statedFirst(segments[0]) : 0;
  const before = countLines(segments.slice(0, at), 0).reduce((sum, { lines }) => sum + lines, 0);
  return Math.max(0, stale.audit.first - before);
}

const ROTATED = Buffer.from(`"action":"${ACTION.logRotated}"`);

/** How many lines came before a file, as an entry in it says; whether that is so, the root tells. */
function statedFirst(segment: Segment): number {
  let stated = 0;
  const look = (line: Buffer) => {
    const parsed = stated === 0 && line.includes(ROTATED) ? parseStrict(line) : undefined;
    const { metadata } = parsed?.ok ? parsed.value : {};
    const first = isJsonObject(metadata) ? metadata.first_line : undefined;
    if (Number.isSafeInteger(first) && (first as number) > 1) stated = (first as number) - 1;
  };
  withFile(segment, (fd) => readLines(fd, 0, segment.size, { line: look, tooLong: () => undefined }));
  return stated;
}

/**
 * Where the first `size` lines end; `undefined` when there are not so many. Where a file ends with them, `next` is the
 * beginning of the one after it.
 */
function placeOf(
  segments: readonly CountedSegment[],
  size: number,
  which: 'end' | 'next',
): Position['audit'] | undefined {
  const at = segments.findIndex(({ first, lines }) => first + lines >= size);
  const found = segments[at];
  if (!found || found.first > size) return undefined;
  const isEnd = found.first + found.lines === size && found.isWhole;
  const segment = (which === 'next' && isEnd ? segments[at + 1] : undefined) ?? found;
  const { dev, ino, first } = segment;
  let bytes = 0;
  let line = first;
  const pass = (end: number) => {
    if (line++ < size) bytes = end;
  };
  withFile(segment, (fd) =>
    readLines(fd, 0, segment.size, {
      line: (text, offset) => pass(offset + text.length + 1),
      tooLong: (offset, length) => pass(offset + length + 1),
    }),
  );
  return { dev, ino, first, lines: size, bytes };
}

function fromHashes(dir: string, segments: readonly CountedSegment[], note: Checkpoint): TreeFiles | undefined {
  const tree = TreeFiles.open(dir, 'r+');
  if (!tree) return undefined;
  const tiled = note.size - (note.size % TILE_WIDTH);
  const range = tree.tiles * TILE_WIDTH === tiled ? tree.rangeAt(tiled) : undefined;
  const last: Buffer[] = [];
  // Of lines whose file is gone only the remembered leaves are left; the root tells whether they are right.
  const gone = Math.min(note.size, segments[0]?.first ?? 0);
  if (gone > tiled) last.push(...(splitHashes(tree.leaves(tiled, gone)) ?? []));
  eachLeaf(segments, tiled, note.size, (leaf) => last.push(leaf));
  for (const leaf of last) range?.append(leaf);
  if (range?.size === note.size && range.root().equals(note.root)) {
    tree.writeLeaves(tiled, Buffer.concat(last));
    return tree;
  }
  tree.close();
  return undefined;
}

function splitHashes(hashes: Buffer | undefined): Buffer[] | undefined {
  return hashes && Array.from({ length: hashes.length / HASH_BYTES }, (_, i) => hashAt(hashes, i));
}

function hashAt(hashes: Buffer, i: number): Buffer {
  return hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
}

function fromLog(dir: string, segments: readonly CountedSegment[], note: Checkpoint): TreeFiles | undefined {
  // The older files are gone: their lines cannot be hashed again.
  if (segments[0] && segments[0].first > 0) return undefined;
  const range = new CompactRange();
  eachLeaf(segments, 0, note.size, (leaf) => range.append(leaf));
  return range.root().equals(note.root) ? writeTree(dir, segments, note.size) : undefined;
}

function writeTree(dir: string, segments: readonly CountedSegment[], size: number): TreeFiles {
  let tree = TreeFiles.create(dir);
  let written = 0;
  let batch: Buffer[] = [];
  const flush = () => {
    tree.writeLeaves(written, Buffer.concat(batch));
    written += batch.length;
    batch = [];
    // As full tiles at once, so that the growing file stays small.
    tree = tree.promote(written);
  };
  eachLeaf(segments, 0, size, (leaf) => {
    if (batch.push(leaf) === BATCH) flush();
  });
  flush();
  return tree;
}

/** The leaves of the lines `from` to `to`, in order. */
function eachLeaf(segments: readonly CountedSegment[], from: number, to: number, onLeaf: (leaf: Buffer) => void): void {
  for (const segment of segments) {
    if (segment.first + segment.lines <= from || segment.first >= to) continue;
    let line = segment.first;
    withFile(segment, (fd) =>
      leavesOfLines(fd, 0, segment.size, (leaf) => {
        if (line >= from && line < to) onLeaf(leaf);
        line++;
      }),
    );
  }
}

function withFile(segment: Segment, work: (fd: number) => void): void {
  const file = openForReading(segment.path);
  if (!file) return;
  try {
    work(file.fd);
  } finally {
    closeSync(file.fd);
  }
}
