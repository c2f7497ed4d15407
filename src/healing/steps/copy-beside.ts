import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, rm } from 'node:fs/promises';
import type { Clock } from '../../core/host/clock.js';
import { openRegularFile, troubleOf } from '../regular-file.js';
import type { FilePlace } from './file-place.js';

const CHUNK_BYTES = 1024 * 1024;

export interface CopyOrder {
  readonly from: FilePlace;
  /** Nothing stands there. */
  readonly to: FilePlace;
  /** Whose owner, group and mode the copy gets; without it those of `from`. */
  readonly like: Stats | undefined;
  /** Monotonic seconds. */
  readonly until: number;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

export type Copied =
  | { readonly kind: 'copied'; readonly sha256: string; readonly bytes: number }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'stopped' };

/** Copies a regular file, no link, to a new name, and waits until it is on the disk. Leaves nothing unless it was copied. */
export async function copyBeside(order: CopyOrder): Promise<Copied> {
  const { from, to, like } = order;
  const opened = await openRegularFile(from.at, { nofollow: true });
  if ('trouble' in opened) return { kind: 'refused', reason: `${from.path}: ${opened.trouble.sentence}` };
  let copied: Copied | undefined;
  let made: FileHandle | undefined;
  try {
    made = await open(to.at, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    const written = await pour(opened.handle, made, order);
    if (written.kind === 'copied') {
      const { uid, gid, mode } = like ?? opened.stats;
      const own = await made.stat();
      if (own.uid !== uid || own.gid !== gid) await made.chown(uid, gid);
      // Not what makes a program run as another account: no file that is restored should need it.
      await made.chmod(mode & 0o777);
      await made.sync();
    }
    copied = written;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const owner = code === 'EPERM' ? 'this account may not give it the owner of the former file' : undefined;
    copied = { kind: 'refused', reason: `${to.path}: ${owner ?? troubleOf(error).sentence}` };
  } finally {
    await opened.handle.close();
    await made?.close();
    if (made !== undefined && copied?.kind !== 'copied') await rm(to.at, { force: true });
  }
  return copied;
}

async function pour(from: FileHandle, to: FileHandle, { until, clock, stop }: CopyOrder): Promise<Copied> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let bytes = 0; ; ) {
    if (stop.aborted) return { kind: 'stopped' };
    if (clock.elapsed() >= until) return { kind: 'timed_out' };
    const { bytesRead } = await from.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return { kind: 'copied', sha256: hash.digest('hex'), bytes };
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    for (let done = 0; done < chunk.length; ) {
      done += (await to.write(chunk, done, chunk.length - done, null)).bytesWritten;
    }
    bytes += bytesRead;
  }
}

export type Standing =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'file'; readonly stats: Stats }
  | { readonly kind: 'refused'; readonly reason: string };

/** What stands in a place that is to be restored; anything but a regular file is left alone, a link too. */
export async function whatStandsAt({ path, at }: FilePlace): Promise<Standing> {
  try {
    const stats = await lstat(at);
    if (stats.isFile()) return { kind: 'file', stats };
    const what = stats.isSymbolicLink() ? 'a symbolic link' : 'no regular file';
    return { kind: 'refused', reason: `${path} is ${what} and is left alone` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { kind: 'nothing' };
    return { kind: 'refused', reason: `${path}: ${troubleOf(error).sentence}` };
  }
}
