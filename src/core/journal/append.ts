import { writeSync } from 'node:fs';
import { EXIT, OperatorError, systemErrorSentence } from '../errors.js';
import { shellArguments } from '../shell-quoted.js';
import type { OpenLog } from './open-log.js';

/**
 * Appends whole lines. Only ever called under the ledger's lock: the runtime may split one write in two, and another
 * process's bytes must not come between. A write that fails half way leaves a stub, which stays; whoever writes next
 * ends it with an LF. Nothing is ever truncated: what looks like our torn tail may be somebody else's record.
 */
export function appendBytes(log: OpenLog, bytes: Buffer): void {
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(log.fd, bytes, done, bytes.length - done);
  } catch (error) {
    throw logFailed(log.path, 'written', error);
  }
}

export function logFailed(path: string, what: 'written' | 'synced' | 'read', error: unknown): unknown {
  const sentence = systemErrorSentence(error);
  if (sentence === undefined) return error;
  return new OperatorError('GRACE_WRITE_FAILED', EXIT.badAnswer, `${path} could not be ${what}: ${sentence}`, {
    hint: `df -h ${shellArguments(path)}   # see what the disk says; nothing was acknowledged`,
    cause: error,
  });
}
