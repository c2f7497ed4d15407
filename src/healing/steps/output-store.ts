import { closeSync, constants, fdatasyncSync, lstatSync, mkdirSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../core/audit/hash.js';
import { systemErrorSentence } from '../../core/errors.js';
import { writeWhole } from '../../core/journal/replace-file.js';
import { fsyncDirectory } from '../../core/journal/sync.js';
import { redact } from './redact.js';

/**
 * What steps printed: redacted, bounded, beside the logs and not in them. The logs bind each file by its hash, and it may
 * expire.
 */

const DIRECTORY = 'output';
const MOST_BYTES = 64 * 1024;
/** More is not even looked at; what printed it was bounded before. */
const MOST_READ_BYTES = 256 * 1024;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
const SUFFIX = '.txt';
const MAX_NAMESAKES = 100;

export interface KeptOutput {
  /** Relative to the log directory. */
  readonly file: string;
  /** Of the file's bytes, in hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Keeps it in a new file for this account alone. A reason: it could not be kept, which is no reason to stop. */
export function keepOutput(dir: string, name: string, bytes: Uint8Array): KeptOutput | { readonly reason: string } {
  if (!NAME.test(name)) return { reason: `${JSON.stringify(name)} is not a name for a file of output` };
  const kept = boundedAndRedacted(bytes);
  try {
    const into = openOutputDirectory(dir);
    try {
      for (let n = 1; n <= MAX_NAMESAKES; n++) {
        const file = `${name}${n === 1 ? '' : `-${n}`}${SUFFIX}`;
        if (!writeNew(`/proc/self/fd/${into}/${file}`, kept)) continue;
        fsyncDirectory(`/proc/self/fd/${into}`);
        return { file: join(DIRECTORY, file), sha256: sha256(kept).toString('hex'), bytes: kept.length };
      }
      return { reason: `there are ${MAX_NAMESAKES} files of output of that name` };
    } finally {
      closeSync(into);
    }
  } catch (error) {
    return { reason: `${join(dir, DIRECTORY)}: ${sentenceOf(error)}` };
  }
}

/** Removes files of output last written more than so long ago; both in milliseconds, UTC. Answers how many. */
export function dropOldOutput(dir: string, olderThan_ms: number, now: number): number {
  let into: number;
  try {
    into = openSync(join(dir, DIRECTORY), DIRECTORY_FLAGS);
  } catch (error) {
    sentenceOf(error);
    return 0;
  }
  let dropped = 0;
  try {
    for (const file of readdirSync(`/proc/self/fd/${into}`)) {
      if (!file.endsWith(SUFFIX) || !NAME.test(file.slice(0, -SUFFIX.length))) continue;
      try {
        const path = `/proc/self/fd/${into}/${file}`;
        const stat = lstatSync(path);
        if (!stat.isFile() || now - stat.mtimeMs <= olderThan_ms) continue;
        unlinkSync(path);
        dropped++;
      } catch (error) {
        // Another process was quicker, or it stays until somebody may remove it.
        sentenceOf(error);
      }
    }
  } finally {
    closeSync(into);
  }
  return dropped;
}

const DIRECTORY_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

function openOutputDirectory(dir: string): number {
  const path = join(dir, DIRECTORY);
  try {
    mkdirSync(path, { mode: 0o700 });
    fsyncDirectory(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return openSync(path, DIRECTORY_FLAGS);
}

/** False when there is something of that name. */
function writeNew(path: string, bytes: Buffer): boolean {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  let fd: number;
  try {
    fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    writeWhole(fd, bytes);
    fdatasyncSync(fd);
    return true;
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Redacted before it is cut, so that no cut hides from a rule what a secret is. */
function boundedAndRedacted(bytes: Uint8Array): Buffer {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MOST_READ_BYTES)).toString('utf8');
  const whole = Buffer.from(redact(text));
  const unread = bytes.length - Math.min(bytes.length, MOST_READ_BYTES);
  if (whole.length + unread <= MOST_BYTES) return whole;
  const note = (n: number) => Buffer.from(`\n[${n} bytes left out]\n`);
  const room = (MOST_BYTES - note(bytes.length).length) / 2 - 4;
  const head = whole.subarray(0, charStart(whole, Math.floor(room)));
  const tail = whole.subarray(charStart(whole, Math.ceil(whole.length - room)));
  return Buffer.concat([head, note(whole.length - head.length - tail.length + unread), tail]);
}

/** The first byte of the character that stands there, or the end. */
function charStart(bytes: Buffer, at: number): number {
  let start = at;
  while (start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return start;
}

function sentenceOf(error: unknown): string {
  const sentence = systemErrorSentence(error);
  if (sentence === undefined) throw error;
  return sentence;
}
