import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

const IS_NONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']);

/**
 * A small file whole. `undefined` when there is none, or something else in its place: a link, a pipe that would wait for
 * a writer, a directory, or more than `most` bytes. Throws what the system says when it cannot be read.
 */
export function readSmallFile(path: string, most: number): Buffer | undefined {
  const fd = openRegular(path, constants.O_RDONLY);
  if (fd === undefined) return undefined;
  try {
    const { size } = fstatSync(fd);
    if (size > most) return undefined;
    const bytes = Buffer.alloc(size);
    let done = 0;
    while (done < size) {
      const read = readSync(fd, bytes, done, size - done, done);
      if (read === 0) break;
      done += read;
    }
    return bytes.subarray(0, done);
  } finally {
    closeSync(fd);
  }
}

/** Opens a regular file; `undefined` when there is none, or something else in its place. */
export function openRegular(path: string, flags: number): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    // A directory that was to be written.
    if (IS_NONE.has(code) || code === 'EISDIR') return undefined;
    throw error;
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  return undefined;
}
