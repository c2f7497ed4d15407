import { closeSync, fstatSync, fsyncSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { logFailed } from '../journal/append.js';
import { type OpenLog, openForReading } from '../journal/open-log.js';
import { listSegments } from '../journal/segments.js';
import { ACTION } from '../records/audit-actions.js';
import type { AuditDraft } from '../records/audit-entry.js';
import { leavesOfLines, sha256OfRange } from '../seal/line-leaves.js';
import type { Position } from '../seal/position.js';
import { endTail } from './torn-tail.js';

/** Leaves handed on together. */
const BATCH = 4096;
const LF = 0x0a;

export interface TakenIn {
  /** After every line that is in the log now. */
  readonly position: Position;
  /** What has to be written down about them. */
  readonly entries: readonly AuditDraft[];
}

/**
 * Takes into the record what stands in the audit log after grace's own last line: lines of other programs, those of a
 * writer that was killed before it was acknowledged, and torn ones, which are ended. They are sealed like all others; the
 * entry that names them makes them data only. Follows a rotation into the new file. `onLeaves` keeps their leaves.
 */
export function takeInForeignLines(
  dir: string,
  position: Position,
  live: OpenLog,
  onLeaves: (index: number, leaves: readonly Buffer[]) => void,
): TakenIn {
  const entries: AuditDraft[] = [];
  let audit = position.audit;
  const segments = listSegments(dir, 'audit');
  const known = segments.findIndex(({ dev, ino }) => dev === audit.dev && ino === audit.ino);
  for (const { path, dev, ino } of segments.slice(known === -1 ? -1 : known)) {
    const goesOn = dev === audit.dev && ino === audit.ino;
    const file = openForReading(path);
    if (!file) continue;
    try {
      let { size } = fstatSync(file.fd);
      // Shorter than it was: what is there now was not there before; what was lost is stated apart.
      const from = goesOn && size >= audit.bytes ? audit.bytes : 0;
      const lines = goesOn && from === 0 && audit.bytes > 0 ? position.sealed : audit.lines;
      const first = goesOn && from > 0 ? audit.first : lines;
      // Only where the file before is still there: one that vanished was not rotated, it is lost.
      if (!goesOn && known !== -1) entries.push(rotated(path, first));
      const torn = size - from - wholeLines(file, from, size);
      if (torn > 0) {
        entries.push(...endTail({ log: 'audit', path, dev, ino, offset: size - torn, length: torn }, live));
        size = fstatSync(file.fd).size;
      }
      // A note will cover it, and later syncs go to the live file alone.
      if (dev !== live.dev || ino !== live.ino) syncNow(file);
      const taken = leavesFrom(file, from, size, lines, onLeaves);
      if (taken > 0) entries.push(foreign(file, from, size - from, lines, taken));
      audit = { dev, ino, first, lines: lines + taken, bytes: size };
    } finally {
      closeSync(file.fd);
    }
  }
  return { position: { ...position, audit }, entries };
}

function syncNow({ fd, path }: OpenLog): void {
  try {
    fsyncSync(fd);
  } catch (error) {
    throw logFailed(path, 'synced', error);
  }
}

/** Bytes up to and with the last LF. */
function wholeLines({ fd, path }: OpenLog, from: number, to: number): number {
  const chunk = Buffer.allocUnsafe(1 << 16);
  try {
    for (let end = to; end > from; ) {
      const start = Math.max(from, end - chunk.length);
      const read = readSync(fd, chunk, 0, end - start, start);
      const at = chunk.subarray(0, read).lastIndexOf(LF);
      if (at !== -1) return start + at + 1 - from;
      end = start;
    }
  } catch (error) {
    throw logFailed(path, 'read', error);
  }
  return 0;
}

function leavesFrom(
  { fd, path }: OpenLog,
  from: number,
  to: number,
  index: number,
  onLeaves: (index: number, leaves: readonly Buffer[]) => void,
): number {
  let taken = 0;
  let batch: Buffer[] = [];
  const flush = () => {
    if (batch.length > 0) onLeaves(index + taken - batch.length, batch);
    batch = [];
  };
  try {
    leavesOfLines(fd, from, to, (leaf) => {
      taken++;
      if (batch.push(leaf) === BATCH) flush();
    });
  } catch (error) {
    throw logFailed(path, 'read', error);
  }
  flush();
  return taken;
}

function foreign(file: OpenLog, offset: number, bytes: number, index: number, lines: number): AuditDraft {
  return {
    actor: 'grace',
    action: ACTION.foreignLinesSealed,
    resource: basename(file.path),
    decision: { effect: 'none' },
    metadata: { first_line: index + 1, lines, offset, bytes, sha256: sha256OfRange(file.fd, offset, bytes) },
  };
}

/** Where a new file of the log begins: its place in the tree stays known when the older files are gone. */
export function rotated(path: string, index: number): AuditDraft {
  return {
    actor: 'grace',
    action: ACTION.logRotated,
    resource: basename(path),
    decision: {},
    metadata: { log: 'audit', first_line: index + 1 },
  };
}
