import { closeSync, fdatasyncSync, fstatSync } from 'node:fs';
import { basename } from 'node:path';
import { appendBytes, logFailed } from '../journal/append.js';
import { type OpenLog, openForAppending } from '../journal/open-log.js';
import { ACTION } from '../records/audit-actions.js';
import type { AuditDraft } from '../records/audit-entry.js';
import type { Tail } from '../registry/sync.js';
import { sha256OfRange } from '../seal/line-leaves.js';

/** Ends a line that was cut off, so that the next record stands on a line of its own; the stub stays. */
export function endTail(tail: Tail, live: OpenLog): AuditDraft[] {
  if (isTailOf(tail, live)) return endIn(tail, live);
  // It was renamed after it was torn. Synced at once: later syncs go to the live file alone.
  const file = openForAppending(tail.path);
  try {
    // Renamed once more meanwhile: whoever writes next finds it.
    if (!isTailOf(tail, file)) return [];
    const entries = endIn(tail, file);
    fdatasyncSync(file.fd);
    return entries;
  } catch (error) {
    throw logFailed(file.path, 'synced', error);
  } finally {
    closeSync(file.fd);
  }
}

function endIn({ log, offset, length }: Tail, file: OpenLog): AuditDraft[] {
  // Under the lock nothing grows; a file that is shorter by now was truncated, which the next look reports as a loss.
  if (fstatSync(file.fd).size !== offset + length) return [];
  const sha256 = hashOf(file, offset, length);
  appendBytes(file, Buffer.from('\n'));
  return [
    {
      actor: 'grace',
      action: ACTION.tailEnded,
      resource: basename(file.path),
      decision: { quarantined: true },
      metadata: { log, offset, length, sha256 },
    },
  ];
}

function hashOf(file: OpenLog, offset: number, length: number): string {
  try {
    return sha256OfRange(file.fd, offset, length);
  } catch (error) {
    throw logFailed(file.path, 'read', error);
  }
}

function isTailOf(tail: Tail, { dev, ino }: OpenLog): boolean {
  return tail.dev === dev && tail.ino === ino;
}
