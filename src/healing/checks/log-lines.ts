import { readSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';

/** Others have their turn after so much. */
const CHUNK_BYTES = 256 * 1024;
/** A longer line may be cut into several. */
const MAX_LINE_BYTES = 64 * 1024;

export interface LinesRead {
  /** Behind the last line that was passed on. */
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Passes on the lines of a file from an offset to its end, but reads no further than `most` bytes and a chunk. A last line
 * without an end is only passed on if `unended` says so.
 */
export async function readLines(
  fd: number,
  offset: number,
  { most, unended }: { readonly most: number; readonly unended: boolean },
  onLine: (line: string) => void,
): Promise<LinesRead> {
  const buffer = Buffer.allocUnsafe(MAX_LINE_BYTES + CHUNK_BYTES);
  let at = offset;
  /** Bytes at the start of the buffer: a line whose end has not been seen. */
  let held = 0;
  while (at - offset < most) {
    const read = readSync(fd, buffer, held, CHUNK_BYTES, at);
    if (read === 0) {
      if (unended && held > 0) {
        onLine(textOf(buffer.subarray(0, held)));
        held = 0;
      }
      break;
    }
    at += read;
    const filled = held + read;
    const end = buffer.lastIndexOf(0x0a, filled - 1) + 1;
    if (end > 0) for (const line of buffer.toString('utf8', 0, end - 1).split('\n')) onLine(withoutCr(line));
    held = filled - end;
    if (held > MAX_LINE_BYTES) {
      onLine(textOf(buffer.subarray(end, filled)));
      held = 0;
    }
    buffer.copyWithin(0, end, end + held);
    await turn();
  }
  return { offset: at - held, bytes: at - offset };
}

function textOf(bytes: Buffer): string {
  return withoutCr(bytes.toString('utf8'));
}

function withoutCr(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
