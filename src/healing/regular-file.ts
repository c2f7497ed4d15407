import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { systemErrorSentence } from '../core/errors.js';

/** Why a file cannot be read. `missing` and `not_regular` are what stands there; `unreadable` is our own trouble. */
export interface FileTrouble {
  readonly kind: 'missing' | 'not_regular' | 'unreadable';
  /** Follows the path: `/etc/x: …`. */
  readonly sentence: string;
}

export type Opened = { readonly handle: FileHandle; readonly stats: Stats } | { readonly trouble: FileTrouble };

/**
 * Opens a regular file for reading; links are followed unless `nofollow`. Nothing else is ever opened: a pipe would wait
 * for a writer, and some devices act when they are opened.
 */
export async function openRegularFile(path: string, options: { nofollow?: boolean } = {}): Promise<Opened> {
  let handle: FileHandle | undefined;
  try {
    if (options.nofollow !== true && !(await stat(path)).isFile()) return { trouble: NOT_REGULAR };
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | (options.nofollow === true ? constants.O_NOFOLLOW : 0);
    handle = await open(path, flags);
    const stats = await handle.stat();
    if (stats.isFile()) return { handle, stats };
  } catch (error) {
    await handle?.close();
    return { trouble: troubleOf(error) };
  }
  await handle.close();
  return { trouble: NOT_REGULAR };
}

const NOT_REGULAR: FileTrouble = { kind: 'not_regular', sentence: 'it is not a regular file' };

export function troubleOf(error: unknown): FileTrouble {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing', sentence: 'there is no such file' };
  // A socket cannot be opened.
  if (code === 'ENXIO') return NOT_REGULAR;
  if (code === 'ELOOP') return { kind: 'not_regular', sentence: 'it is a symbolic link that is not followed' };
  return { kind: 'unreadable', sentence: systemErrorSentence(error) ?? message };
}

export type SmallFile = { readonly bytes: Buffer } | { readonly trouble: FileTrouble };

/** The whole of a regular file of at most `most` bytes. */
export async function readRegularFile(path: string, most: number): Promise<SmallFile> {
  const opened = await openRegularFile(path);
  if ('trouble' in opened) return opened;
  const { handle } = opened;
  try {
    const bytes = await readUpTo(handle, most + 1);
    if (bytes.length <= most) return { bytes };
    return { trouble: { kind: 'unreadable', sentence: `it is longer than the ${most} bytes that are read of it` } };
  } catch (error) {
    return { trouble: troubleOf(error) };
  } finally {
    await handle.close();
  }
}

/** From where the descriptor stands. What a file grows by while it is read is read too, up to `most`. */
export async function readUpTo(handle: FileHandle, most: number): Promise<Buffer> {
  const { size } = await handle.stat();
  const chunks: Buffer[] = [];
  for (let have = 0; have < most; ) {
    const chunk = Buffer.allocUnsafe(Math.min(most - have, Math.max(4096, size - have + 1)));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) break;
    chunks.push(chunk.subarray(0, bytesRead));
    have += bytesRead;
  }
  return Buffer.concat(chunks);
}
