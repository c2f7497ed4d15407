import { readSync } from 'node:fs';
import { MAX_LINE_BYTES } from './log-files.js';

const LF = 0x0a;
const CHUNK_BYTES = 1 << 18;

export interface LineHandler {
  /** A line without its LF. The bytes are a view into a buffer that is used again: copy what must outlive the call. */
  line(bytes: Buffer, offset: number): void;
  /** A line longer than the bound; its bytes were passed over. `length` without its LF. */
  tooLong(offset: number, length: number): void;
  /** After each chunk; `position` is the end of what was read. */
  chunk?(position: number): void;
}

/**
 * Reads every LF-terminated line between two offsets, in memory that does not grow with the file or the line. Returns
 * where the first line without LF begins: that is where the next call goes on.
 */
export function readLines(fd: number, from: number, to: number, handler: LineHandler): number {
  // No larger than needed: a ledger reads a line or two at a time, and a megabyte for each keeps the collector busy.
  const buffer = Buffer.allocUnsafe(Math.min(Math.max(to - from, 0), CHUNK_BYTES + MAX_LINE_BYTES));
  /** Bytes at the buffer's start that belong to a line whose end has not been read yet. */
  let held = 0;
  /** Offset of that line's first byte. */
  let lineStart = from;
  /** The line is already longer than the bound: forget its bytes, look for its end. */
  let passing = false;
  let position = from;

  while (position < to) {
    const read = readSync(fd, buffer, held, Math.min(CHUNK_BYTES, to - position), position);
    if (read === 0) break;
    position += read;
    const filled = held + read;
    const bytes = buffer.subarray(0, filled);
    let start = 0;
    let end = bytes.indexOf(LF, held);
    while (end !== -1) {
      const length = passing ? position - filled + end - lineStart : end - start;
      if (passing || length > MAX_LINE_BYTES) handler.tooLong(lineStart, length);
      else handler.line(bytes.subarray(start, end), lineStart);
      passing = false;
      lineStart += length + 1;
      start = end + 1;
      end = bytes.indexOf(LF, start);
    }
    held = filled - start;
    if (passing || held > MAX_LINE_BYTES) {
      passing = true;
      held = 0;
    } else if (start > 0) buffer.copyWithin(0, start, filled);
    handler.chunk?.(position);
  }
  return lineStart;
}
