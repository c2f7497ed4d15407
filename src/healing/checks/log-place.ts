import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { z } from 'zod';

/** By its first bytes a file is known again: the kernel gives the number of a deleted one to the next. */
const HEAD_BYTES = 64;
const MAX_NEIGHBOURS = 4096;

/** How far a file has been read. What is remembered is small and holds none of the text. */
export interface Place {
  readonly device: string;
  readonly inode: string;
  /** Behind the last line that was looked at. */
  readonly offset: number;
  /** Of the whole file at that time. */
  readonly size: number;
  /** SHA-256 of its first `head_bytes` bytes. */
  readonly head: string;
  readonly head_bytes: number;
}

const count = z.int().min(0);
const placeSchema = z.strictObject({
  device: z.string(),
  inode: z.string(),
  offset: count,
  size: count,
  head: z.string(),
  head_bytes: count.max(HEAD_BYTES),
});

/** There was no file when it was last looked for: the next one is new from its first line on. */
export const NOWHERE: Place = { device: '', inode: '', offset: 0, size: 0, head: '', head_bytes: 0 };

/** `undefined`: nothing, or something else, is remembered. */
export function placeIn(remembered: unknown): Place | undefined {
  return placeSchema.safeParse(remembered).data;
}

export async function placeAt(fd: number, offset: number): Promise<Place> {
  const { device, inode, size } = identityOf(fd);
  const head_bytes = Math.min(HEAD_BYTES, size);
  return { device, inode, offset, size, head: await headOf(fd, head_bytes), head_bytes };
}

/** Whether it is that file, and what was read of it still stands there as far as can be told. */
export async function isAt(place: Place, fd: number): Promise<boolean> {
  const { device, inode, size } = identityOf(fd);
  if (device !== place.device || inode !== place.inode || size < place.offset) return false;
  return (await headOf(fd, place.head_bytes)) === place.head;
}

/** The regular file of that path; `undefined` if there is none. Throws when it is something else or cannot be opened. */
export function openRegular(path: string): number | undefined {
  let fd: number | undefined;
  try {
    // To open a FIFO waits for who writes it, and to open a device may do something.
    if (!statSync(path).isFile()) throw new Error(`${path} is not a regular file`);
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!fstatSync(fd).isFile()) throw new Error(`${path} is not a regular file`);
    return fd;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The file of that place if it now lies under another name beside the path, as after a rotation. */
export async function openRenamed(path: string, place: Place): Promise<number | undefined> {
  const stem = basename(path, extname(path));
  for (const name of neighboursOf(path)
    .filter((name) => name.startsWith(stem))
    .slice(0, MAX_NEIGHBOURS)) {
    const fd = openIfInode(join(dirname(path), name), place);
    if (fd === undefined) continue;
    if (await isAt(place, fd)) return fd;
    closeSync(fd);
  }
  return undefined;
}

function neighboursOf(path: string): string[] {
  try {
    return readdirSync(dirname(path));
  } catch {
    // Who may read the file need not be able to list its directory.
    return [];
  }
}

function openIfInode(path: string, { device, inode }: Place): number | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return String(dev) === device && String(ino) === inode ? openRegular(path) : undefined;
  } catch {
    return undefined;
  }
}

export function identityOf(fd: number): { device: string; inode: string; size: number } {
  const { dev, ino, size } = fstatSync(fd, { bigint: true });
  return { device: String(dev), inode: String(ino), size: Number(size) };
}

async function headOf(fd: number, bytes: number): Promise<string> {
  const { createHash } = await import('node:crypto');
  const buffer = Buffer.alloc(bytes);
  const read = bytes === 0 ? 0 : readSync(fd, buffer, 0, bytes, 0);
  return createHash('sha256').update(buffer.subarray(0, read)).digest('hex');
}
