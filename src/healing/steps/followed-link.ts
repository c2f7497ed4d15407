import type { Stats } from 'node:fs';
import { isOurs, isWritableByOthers } from '../../core/config/trusted-file.js';

/**
 * Whether a symbolic link among directories is followed, such as /var/run: if it belongs to root or to us, and nobody else
 * can write to a directory on the way to it. `way`: these directories, from / on; `ours`: a uid.
 */
export function mayFollow(
  link: Pick<Stats, 'uid'>,
  way: readonly Pick<Stats, 'uid' | 'mode'>[],
  ours: number,
): boolean {
  return isOurs(link.uid, ours) && way.every(({ uid, mode }) => isOurs(uid, ours) && !isWritableByOthers(mode));
}
