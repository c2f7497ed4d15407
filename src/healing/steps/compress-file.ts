import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  futimesSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  rmSync,
  statfsSync,
  unlinkSync,
} from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { writeWhole } from '../../core/journal/replace-file.js';
import type { FoundFile } from './choose-files.js';
import type { DirectoryHandle } from './directory-handle.js';

export type Compressed = { readonly freed_bytes: number } | { readonly reason: string };

/** Ends the name of a file that is being written; one that a killed process has left is replaced. */
const UNFINISHED = '.grace-unfinished';
const CHUNK_BYTES = 128 * 1024;

/**
 * Puts a .gz, synced and with the owner, mode and times of the original, in the place of a file. The original is removed
 * last, and stays if it changed meanwhile. Throws what the system says.
 */
export async function compressFile(
  directory: DirectoryHandle,
  file: FoundFile,
  isOver: () => boolean,
): Promise<Compressed> {
  const { bavail, bsize } = statfsSync(`/proc/self/fd/${directory.fd}`);
  // What cannot be compressed becomes no smaller, and until then both are there.
  if (bavail * bsize < file.size_bytes * 1.01 + 65_536) {
    return { reason: 'there is too little room to compress it' };
  }
  if (lstatSync(directory.at(`${file.name}.gz`), { throwIfNoEntry: false }))
    return { reason: 'its .gz is there already' };
  const aside = directory.at(`${file.name}.gz${UNFINISHED}`);
  const original = openSync(directory.at(file.name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const before = fstatSync(original, { bigint: true });
    if (before.dev !== file.dev || before.ino !== file.ino || !before.isFile())
      return { reason: 'it has changed meanwhile' };
    rmSync(aside, { force: true });
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const target = openSync(aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      const fault = await copyCompressed(original, target, isOver);
      if (fault !== undefined) return { reason: fault };
      fchownSync(target, Number(before.uid), Number(before.gid));
      fchmodSync(target, Number(before.mode & 0o777n));
      futimesSync(target, Number(before.atimeMs) / 1000, file.mtime_ms / 1000);
      fsyncSync(target);
      const after = fstatSync(original, { bigint: true });
      if (after.mtimeNs !== before.mtimeNs || after.size !== before.size || after.nlink !== 1n) {
        return { reason: 'it has changed meanwhile' };
      }
      try {
        linkSync(aside, directory.at(`${file.name}.gz`));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return { reason: 'its .gz is there already' };
        throw error;
      }
      fsyncSync(directory.fd);
      const named = lstatSync(directory.at(file.name), { bigint: true, throwIfNoEntry: false });
      // What has taken its name is another file, and stays.
      if (named?.ino === file.ino && named.dev === file.dev) unlinkSync(directory.at(file.name));
      return { freed_bytes: file.allocated_bytes - Number(fstatSync(target).blocks) * 512 };
    } finally {
      closeSync(target);
      rmSync(aside, { force: true });
    }
  } finally {
    closeSync(original);
  }
}

async function copyCompressed(from: number, to: number, isOver: () => boolean): Promise<string | undefined> {
  const late = new Error('no time is left to compress it');
  try {
    await pipeline(
      async function* () {
        for (;;) {
          if (isOver()) throw late;
          const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
          const bytes = readSync(from, chunk, 0, chunk.length, null);
          if (bytes === 0) return;
          yield chunk.subarray(0, bytes);
        }
      },
      createGzip(),
      async (compressed: AsyncIterable<Buffer>) => {
        for await (const chunk of compressed) writeWhole(to, chunk);
      },
    );
    return undefined;
  } catch (error) {
    if (error === late) return late.message;
    throw error;
  }
}
