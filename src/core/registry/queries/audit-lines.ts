import type Database from 'better-sqlite3';

/** Where an entry of the audit log stands, as it was read. */
export interface EntryPlace {
  /** From 1, over all files of the log. */
  readonly line: number;
  readonly position: number;
  readonly entry_id: string;
  readonly action: string;
  readonly resource: string;
  /** 0: another program's, sealed without effect. */
  readonly own: 0 | 1;
}

/** One file of the audit log. */
export interface LineFile {
  readonly ordinal: number;
  readonly dev: number;
  readonly ino: number;
  /** Bytes that were read; always the end of a line. */
  readonly folded: number;
  /** Lines of the log before the first one of this file. */
  readonly first: number;
  readonly lines: number;
}

/** What an entry says about the line of incidents.jsonl that it vouches for. */
export interface Binding {
  readonly line: number;
  readonly position: number;
  readonly length: number;
  readonly sha256: string;
}

/** Old ids begin anew at every boot: several entries may have one. At most 20. */
export function entriesNamed(db: Database.Database, entry_id: string): EntryPlace[] {
  return db
    .prepare<[string], EntryPlace>(
      'SELECT line, position, entry_id, action, resource, own FROM audit_entries WHERE entry_id = ? ORDER BY line LIMIT 20',
    )
    .all(entry_id);
}

/** The file that holds a line, be it an entry or not. */
export function fileOfLine(db: Database.Database, line: number): LineFile | undefined {
  return db
    .prepare<[{ line: number }], LineFile>(
      `SELECT ordinal, dev, ino, folded, first, lines FROM segments
       WHERE log = 'audit' AND first < @line AND first + lines >= @line`,
    )
    .get({ line });
}

/** The last entry of a file that stands at a line or before it: bad lines may come between. */
export function entryUpTo(db: Database.Database, { ordinal, first }: LineFile, line: number): EntryPlace | undefined {
  return db
    .prepare<[{ ordinal: number; first: number; line: number }], EntryPlace>(
      `SELECT line, position, entry_id, action, resource, own FROM audit_entries
       WHERE line > @first AND line <= @line AND ordinal = @ordinal ORDER BY line DESC LIMIT 1`,
    )
    .get({ ordinal, first, line });
}

/** Lines of files that are not there any more, and lines that were read, those before them included. */
export function auditExtent(db: Database.Database): { readonly gone: number; readonly lines: number } {
  const extent = db
    .prepare<[], { gone: number; lines: number }>(
      `SELECT coalesce(min(first), 0) AS gone, coalesce(max(first + lines), 0) AS lines FROM segments WHERE log = 'audit'`,
    )
    .get();
  return extent ?? { gone: 0, lines: 0 };
}

/** What vouches for the last snapshot of an incident. From the entries: an altered snapshot has no row of its own. */
export function lastBinding(db: Database.Database, incident_id: string): Binding | undefined {
  return db
    .prepare<[string], Binding>(
      'SELECT line, position, length, sha256 FROM bindings WHERE incident_id = ? ORDER BY line DESC LIMIT 1',
    )
    .get(incident_id);
}

export function isIncident(db: Database.Database, incident_id: string): boolean {
  return db.prepare<[string]>('SELECT 1 FROM incidents WHERE incident_id = ?').get(incident_id) !== undefined;
}
