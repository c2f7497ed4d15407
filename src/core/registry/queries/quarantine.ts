import type Database from 'better-sqlite3';

/** A bad line: where it stands and why it was not taken. */
export interface QuarantinedLine {
  readonly log: string;
  /** Which file of the log; 0 is the oldest. */
  readonly ordinal: number;
  readonly offset: number;
  readonly length: number;
  readonly reason: string;
}

export function quarantinedLines(db: Database.Database, limit: number): QuarantinedLine[] {
  return db
    .prepare<[number], QuarantinedLine>(
      'SELECT log, ordinal, position AS offset, length, reason FROM quarantine ORDER BY log DESC, ordinal, position LIMIT ?',
    )
    .all(limit);
}

export function quarantineCount(db: Database.Database): number {
  return db.prepare<[], { n: number }>('SELECT count(*) AS n FROM quarantine').get()?.n ?? 0;
}
