import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { systemErrorSentence } from '../../core/errors.js';

/** What others append to a file from now on. */
export interface PrintedSince {
  /** The end of it, from the beginning of a line. */
  tail(): Buffer;
  close(): void;
}

/** What is kept of it is bounded further where it is stored. */
const MOST_BYTES = 256 * 1024;

/** `fd` need not be readable; where its file may not be read, nothing is answered. */
export function printedSince(fd: number): PrintedSince {
  const reading = openAgain(fd);
  if (reading === undefined) return { tail: () => Buffer.alloc(0), close: () => undefined };
  const from = fstatSync(reading).size;
  return { tail: () => tailOf(reading, from), close: () => closeSync(reading) };
}

/** The same file, whatever its name leads to by now. */
function openAgain(fd: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (systemErrorSentence(error) === undefined) throw error;
    return undefined;
  }
}

function tailOf(fd: number, from: number): Buffer {
  const { size } = fstatSync(fd);
  const begin = Math.max(from, size - MOST_BYTES);
  const bytes = Buffer.alloc(Math.max(0, size - begin));
  const read = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, begin));
  if (begin === from) return read;
  const cut = read.subarray(read.indexOf(0x0a) + 1);
  return Buffer.concat([Buffer.from(`[${size - cut.length - from} bytes before this]\n`), cut]);
}
