import { closeSync, constants, fstatSync, readSync } from 'node:fs';
import { notesIn, type StreamedNote } from '../../core/audit/checkpoint-stream.js';
import { openRegular } from '../../core/journal/small-file.js';
import { SIDECAR_FILE, sidecarPath } from '../../core/seal/sidecar.js';

const READ_BYTES = 1 << 20;

/**
 * Every whole note that stands beside the log, oldest first, in memory that does not grow with them. Returns how many
 * bytes are in none.
 */
export function eachNote(
  dir: string,
  origin: string,
  onNote: (note: StreamedNote) => void,
  onProgress: (done: number, total: number) => void = () => undefined,
): number {
  const fd = openRegular(sidecarPath(dir, SIDECAR_FILE.checkpoints), constants.O_RDONLY);
  if (fd === undefined) return 0;
  try {
    const total = fstatSync(fd).size;
    let stray = total;
    for (let from = 0; from < total; onProgress(from, total)) {
      // A note that begins in the first half is whole: it is much shorter than the second.
      const bytes = Buffer.alloc(Math.min(2 * READ_BYTES, total - from));
      const read = readSync(fd, bytes, 0, bytes.length, from);
      let next = from + Math.max(1, Math.min(read, READ_BYTES));
      for (const one of notesIn(bytes.subarray(0, read), origin)) {
        if (one.offset >= READ_BYTES) break;
        next = Math.max(next, from + one.offset + one.length);
        stray -= one.length;
        onNote(one);
      }
      from = next;
    }
    return stray;
  } finally {
    closeSync(fd);
  }
}
