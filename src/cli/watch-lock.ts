import { join } from 'node:path';
import { lockHolder } from '../core/journal/lock.js';

/** Held as long as a watch runs: two of them would do everything twice, and find out at every claim. */
export const WATCH_LOCK_FILE = 'watch.lock';

/** Whether some process watches with the logs in that directory. */
export function isWatched(dir: string): boolean {
  return lockHolder(join(dir, WATCH_LOCK_FILE)) !== undefined;
}
