import { closeSync, constants, fdatasync, fdatasyncSync, fsyncSync, openSync } from 'node:fs';

/** Makes a created or renamed name durable: the directory itself must be synced. */
export function fsyncDirectory(dir: string): void {
  const fd = openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Waits until the file's bytes are on the disk. Runs beside other syncs, of this process and of others: the filesystem
 * lets those that wait at the same time share one commit. `alone`: nothing else in this process wants to go on meanwhile,
 * so that a detour through another thread would only take longer. A failed sync is never retried: the kernel has already
 * dropped the pages, and a second call would say "done" about bytes that are gone.
 */
export async function syncData(fd: number, alone: boolean): Promise<void> {
  if (alone) {
    fdatasyncSync(fd);
    return;
  }
  await new Promise<void>((resolve, reject) => {
    fdatasync(fd, (error) => (error ? reject(error) : resolve()));
  });
}
