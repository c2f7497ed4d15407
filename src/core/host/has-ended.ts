import { readdirSync } from 'node:fs';
import type { ProcessIdentity } from '../records/claim.js';
import { identityOf, isAlive } from './process-identity.js';

/** To the last thread: the first to end is seldom that, and what a process had open is closed only then. */
export function hasEnded(identity: ProcessIdentity): boolean {
  if (isAlive(identity)) return false;
  if (identityOf(identity.pid) !== undefined) return true;
  try {
    return readdirSync(`/proc/${identity.pid}/task`).length <= 1;
  } catch {
    return true;
  }
}
