import { closeSync, constants, openSync, readSync } from 'node:fs';

/** The first bytes of a file, one character each; empty for what cannot be read. `flags` besides those for reading. */
export function headOf(path: string, bytes: number, flags = 0): string {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | flags);
    const buffer = Buffer.alloc(bytes);
    return buffer.toString('latin1', 0, readSync(fd, buffer, 0, bytes, 0));
  } catch {
    return '';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
