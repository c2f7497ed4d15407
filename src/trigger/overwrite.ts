import { closeSync, openSync, writeSync } from 'node:fs';

/** Puts bytes of 0xff in the place of what a file holds there; it becomes no longer. */
export function overwrite(path: string, at: number, bytes: number): void {
  const fd = openSync(path, 'r+');
  try {
    writeSync(fd, Buffer.alloc(bytes, 0xff), 0, bytes, at);
  } finally {
    closeSync(fd);
  }
}
