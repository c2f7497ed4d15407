import { createHash, type Hash } from 'node:crypto';
import { readSync } from 'node:fs';
import { leafHash } from '../audit/hash.js';
import { readLines } from '../journal/line-reader.js';

const CHUNK_BYTES = 1 << 18;

/** One line as a leaf of the tree. */
export type OnLeaf = (leaf: Buffer, offset: number, length: number) => void;

/**
 * The leaf of every LF-terminated line between two offsets, lines of any length among them. Returns where the first
 * line without LF begins. Memory does not grow with the file or the line.
 */
export function leavesOfLines(fd: number, from: number, to: number, onLeaf: OnLeaf): number {
  return readLines(fd, from, to, {
    line: (bytes, offset) => onLeaf(leafHash(bytes), offset, bytes.length),
    tooLong: (offset, length) => onLeaf(leafOfRange(fd, offset, length), offset, length),
  });
}

/** The leaf of a line that is too long to be held in memory. */
export function leafOfRange(fd: number, offset: number, length: number): Buffer {
  const hash = createHash('sha256').update(Buffer.of(0x00));
  hashInto(hash, fd, offset, length);
  return hash.digest();
}

/** SHA-256 of a range of a file, as hex. */
export function sha256OfRange(fd: number, offset: number, length: number): string {
  const hash = createHash('sha256');
  hashInto(hash, fd, offset, length);
  return hash.digest('hex');
}

/** Adds a range of a file to what is hashed. */
export function hashInto(hash: Hash, fd: number, offset: number, length: number): void {
  const chunk = Buffer.allocUnsafe(Math.min(length, CHUNK_BYTES));
  for (let done = 0; done < length; ) {
    const read = readSync(fd, chunk, 0, Math.min(chunk.length, length - done), offset + done);
    if (read === 0) break;
    hash.update(chunk.subarray(0, read));
    done += read;
  }
}
