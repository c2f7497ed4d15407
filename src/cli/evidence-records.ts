import type Database from 'better-sqlite3';
import { LOG_FILE } from '../core/journal/log-files.js';
import { listSegments } from '../core/journal/segments.js';
import { inMillis } from '../core/records/time.js';
import { type LogFacts, recordFacts } from '../core/registry/queries/evidence-records.js';
import type { Window } from '../core/registry/queries/evidence-window.js';
import { bindingHealth, saysSealed, unboundLines } from '../core/registry/queries/health.js';
import { hasNotes } from '../core/seal/note-file.js';
import type { LogState, RecordState } from '../evidence/records.js';
import type { Reading } from './reading.js';

/** What of the logs could be read, with the names that their files have now. */
export function recordState(db: Database.Database, { dir, registry, sync }: Reading, window: Window): RecordState {
  const { logs, losses } = recordFacts(db, window);
  return {
    logs: logs.map((log) => logState(dir, log, sync.logs[log.log].unterminated)),
    losses: registry.notes.losses,
    noted_losses: losses.map(({ at, resource }) => ({ at: inMillis(at), resource })),
    dangling: bindingHealth(db).dangling,
    unbound: unboundLines(db),
    seal_gone: saysSealed(db) && !hasNotes(dir),
  };
}

function logState(dir: string, { first_quarantined, ...log }: LogFacts, unterminated_bytes: number): LogState {
  const files = first_quarantined.length > 0 ? listSegments(dir, log.log) : [];
  return {
    ...log,
    first_quarantined: first_quarantined.map(({ dev, ino, position, length, reason }) => ({
      file: files.find((file) => file.dev === dev && file.ino === ino)?.name ?? LOG_FILE[log.log],
      offset: position,
      length,
      reason,
    })),
    unterminated_bytes,
  };
}
