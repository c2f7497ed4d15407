import type Database from 'better-sqlite3';
import { LOG_NAMES, type LogName } from '../../journal/log-files.js';
import type { Window } from './evidence-window.js';

/** Where a line stands that could not be read, and why it could not. */
export interface QuarantinedLine {
  readonly log: LogName;
  /** Which file of the log; 0 is the oldest. */
  readonly ordinal: number;
  /** Of that file, to find its name by. */
  readonly dev: number;
  readonly ino: number;
  /** Byte offset in that file. */
  readonly position: number;
  readonly length: number;
  readonly reason: string;
}

export interface LogFacts {
  readonly log: LogName;
  /** Ended lines that were read, the quarantined ones too. */
  readonly lines: number;
  readonly quarantined: number;
  /** The first of them. */
  readonly first_quarantined: readonly QuarantinedLine[];
}

/** An audit entry that says that bytes of a log are gone. */
export interface NotedLoss {
  readonly at: string;
  readonly resource: string;
}

export interface RecordFacts {
  readonly logs: readonly LogFacts[];
  readonly losses: readonly NotedLoss[];
}

/** How many bad lines of each log are named; the count beside them is complete. */
const LISTED = 3;

/** Lines that cannot be read have no time, so a window leaves out none of them. */
export function recordFacts(db: Database.Database, window: Window): RecordFacts {
  const lines = db.prepare<[string], { n: number }>(LINES);
  const count = db.prepare<[string], { n: number }>(QUARANTINED);
  const first = db.prepare<[string, number], QuarantinedLine>(FIRST_QUARANTINED);
  return {
    logs: LOG_NAMES.map((log) => ({
      log,
      lines: lines.get(log)?.n ?? 0,
      quarantined: count.get(log)?.n ?? 0,
      first_quarantined: first.all(log, LISTED),
    })),
    losses: db.prepare<Window, NotedLoss>(LOSSES).all(window),
  };
}

const LINES = 'SELECT coalesce(sum(lines), 0) AS n FROM segments WHERE log = ?';

const QUARANTINED = 'SELECT count(*) AS n FROM quarantine WHERE log = ?';

const FIRST_QUARANTINED = `
  SELECT log, ordinal, dev, ino, position, length, reason
  FROM quarantine JOIN segments USING (log, ordinal)
  WHERE log = ? ORDER BY ordinal, position LIMIT ?`;

// The list of actions stands as in the index; the plus keeps SQLite from putting one action in the place of the list.
const LOSSES = `
  SELECT at, resource FROM audit_entries INDEXED BY audit_entries_of_note
  WHERE action IN ('escalated', 'incident_notified', 'log_loss_noted') AND +action = 'log_loss_noted' AND own = 1
    AND (@since IS NULL OR at >= @since)
  ORDER BY line`;
