import { readSync } from 'node:fs';

const LF = 0x0a;
const CHUNK_BYTES = 1 << 16;

/** A line of a file: its bytes without the LF that ends it. */
export interface PlacedLine {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** The line that begins `skip` lines after `from`, where one begins; `undefined` when so many are not ended before `to`. */
export function lineAt(fd: number, from: number, to: number, skip = 0): PlacedLine | undefined {
  let start = from;
  for (let left = skip; left >= 0; left--) {
    const end = lineEnd(fd, start, to);
    if (end === undefined) return undefined;
    if (left === 0) return { offset: start, bytes: bytesAt(fd, start, end - start) };
    start = end + 1;
  }
  return undefined;
}

/** As many of the bytes as are there. */
export function bytesAt(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const read = readSync(fd, bytes, done, length - done, offset + done);
    if (read === 0) break;
    done += read;
  }
  return bytes.subarray(0, done);
}

function lineEnd(fd: number, from: number, to: number): number | undefined {
  for (let at = from; at < to; at += CHUNK_BYTES) {
    const chunk = bytesAt(fd, at, Math.min(CHUNK_BYTES, to - at));
    const end = chunk.indexOf(LF);
    if (end !== -1) return at + end;
  }
  return undefined;
}

/** Where the last line ends that is whole; 0 when there is none. */
export function wholeLinesEnd(fd: number, size: number): number {
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const last = bytesAt(fd, start, end - start).lastIndexOf(LF);
    if (last !== -1) return start + last + 1;
    end = start;
  }
  return 0;
}

/** Lines that are ended in the first bytes of a file. */
export function countLines(fd: number, bytes: number): number {
  let lines = 0;
  for (let at = 0; at < bytes; ) {
    const chunk = bytesAt(fd, at, Math.min(CHUNK_BYTES, bytes - at));
    if (chunk.length === 0) break;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, end + 1)) lines++;
    at += chunk.length;
  }
  return lines;
}
