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
    throw unreadable(path, 'it holds bytes that are no UTF-8', error);
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

function unreadable(path: string, why: string, cause: unknown): OperatorError {
  return new OperatorError('GRACE_CONFIG_UNREADABLE', EXIT.usage, `${path}: ${why}`, {
    hint: `ls -ld ${shellArguments(dirname(path), path)}`,
    cause,
  });
}
