import { closeSync, constants, fstatSync, readFileSync, type Stats } from 'node:fs';
import { isOurs } from '../../core/config/trusted-file.js';
import { effectiveUid } from '../../core/host/account.js';
import { openRegular } from '../../core/journal/small-file.js';
import type { ProcessIdentity } from '../../core/records/claim.js';
import { isJsonObject } from '../../core/records/json.js';
import type { FilePlace } from './file-place.js';
import { writtenByOthers } from './pidfile-trust.js';

/** Beside a pidfile that grace has written: which process it named, told apart from any other by its start. */
export const NOTE_SUFFIX = '.grace';
/** More than any note has. */
export const NOTE_BYTES = 512;

/** Of that very file: one that somebody has written since is another, or has another time. The times are compared for equality only. */
export function noteOf(identity: ProcessIdentity, { ino, mtimeMs }: Pick<Stats, 'ino' | 'mtimeMs'>): string {
  return `${JSON.stringify({ ...identity, file: { ino, mtime_ms: mtimeMs } })}\n`;
}

/** `undefined` when there is no note on this file that we can believe. */
export function readNote(pidfile: FilePlace, stats: Pick<Stats, 'ino' | 'mtimeMs'>): ProcessIdentity | undefined {
  const text = textOf(pidfile.beside(NOTE_SUFFIX).at);
  if (text === undefined) return undefined;
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(said) || !isJsonObject(said.file)) return undefined;
  if (said.file.ino !== stats.ino || said.file.mtime_ms !== stats.mtimeMs) return undefined;
  const { boot_id, pid_ns, time_ns, pid, start_time } = said;
  if (typeof boot_id !== 'string' || typeof pid !== 'number' || typeof start_time !== 'number') return undefined;
  return {
    boot_id,
    ...(typeof pid_ns === 'string' ? { pid_ns } : {}),
    ...(typeof time_ns === 'string' ? { time_ns } : {}),
    pid,
    start_time,
  };
}

/** Of a file that nobody else could have written. */
function textOf(path: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openRegular(path, constants.O_RDONLY);
    if (fd === undefined) return undefined;
    const stats = fstatSync(fd);
    const ours = effectiveUid();
    if (stats.size > NOTE_BYTES || !isOurs(stats.uid, ours) || writtenByOthers(stats, ours) !== undefined) {
      return undefined;
    }
    return readFileSync(fd, 'utf8');
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
