import { isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, OperatorError, systemErrorSentence } from '../errors.js';
import { shellArguments } from '../shell-quoted.js';

/** Bytes. */
export const MAX_CONFIG_BYTES = 1 << 20;

/** The text of a configuration. Throws `GRACE_CONFIG_UNREADABLE`, for bytes that are no UTF-8 as well. */
export function readConfigText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readRegular(path);
  } catch (error) {
    const sentence = systemErrorSentence(error);
    if (sentence === undefined && !(error instanceof Unfit)) throw error;
    throw unreadable(path, sentence ?? (error as Unfit).message, error);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const isWide = /^(\xff\xfe|\xfe\xff)/.test(bytes.toString('latin1', 0, 2));
    const why = isWide ? 'it is UTF-16' : `it holds bytes that are no UTF-8, the first in line ${firstBadLine(bytes)}`;
    const hint = `iconv -f ${isWide ? 'UTF-16' : 'ISO-8859-1'} -t UTF-8 ${shellArguments(path)}   # if it is text`;
    throw unreadable(path, why, error, hint);
  }
}

class Unfit extends Error {}

function readRegular(path: string): Buffer {
  // A pipe would wait for a writer.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (fstatSync(fd).isDirectory()) throw new Unfit('it is a directory');
    if (!fstatSync(fd).isFile()) throw new Unfit('it is no regular file');
    const bytes = Buffer.alloc(MAX_CONFIG_BYTES + 1);
    let done = 0;
    for (let read = -1; read !== 0 && done < bytes.length; done += read) {
      read = readSync(fd, bytes, done, bytes.length - done, null);
    }
    if (done > MAX_CONFIG_BYTES) throw new Unfit(`it is longer than ${MAX_CONFIG_BYTES / 1024} KiB`);
    return bytes.subarray(0, done);
  } finally {
    closeSync(fd);
  }
}

function firstBadLine(bytes: Buffer): number {
  for (let line = 1, start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, start);
    const next = end === -1 ? bytes.length : end + 1;
    if (!isUtf8(bytes.subarray(start, next))) return line;
    start = next;
  }
  return 1;
}

function unreadable(path: string, why: string, cause: unknown, hint?: string): OperatorError {
  return new OperatorError('GRACE_CONFIG_UNREADABLE', EXIT.usage, `${path}: ${why}`, {
    hint: hint ?? `ls -ld ${shellArguments(dirname(path), path)}`,
    cause,
  });
}
