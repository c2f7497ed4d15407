import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';

/** How many bytes at either end of what was read are remembered by their hash. */
export const FINGERPRINT_BYTES = 4096;

export interface Fingerprint {
  readonly head: string;
  readonly tail: string;
}

/** Hashes of the first and the last bytes before `folded`: a file that was replaced or rewritten answers others. */
export function fingerprint(fd: number, folded: number): Fingerprint {
  const span = Math.min(FINGERPRINT_BYTES, folded);
  const head = hashRange(fd, 0, span);
  return { head, tail: span === folded ? head : hashRange(fd, folded - span, span) };
}

function hashRange(fd: number, from: number, length: number): string {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const n = readSync(fd, bytes, read, length - read, from + read);
    if (n === 0) break;
    read += n;
  }
  return createHash('sha256').update(bytes.subarray(0, read)).digest('hex');
}
