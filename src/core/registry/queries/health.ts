import type Database from 'better-sqlite3';
import { ACTION } from '../../records/audit-actions.js';

/** Incident lines for which no audit entry vouches, and audit entries whose line is not there or another. */
export interface BindingHealth {
  readonly lines: number;
  /** In grace's own form: they have no effect. */
  readonly unbound: number;
  /** The old system's, or another program's in its form. */
  readonly old: number;
  readonly dangling: number;
}

export function bindingHealth(db: Database.Database): BindingHealth {
  const one = (sql: string) => db.prepare<[], { n: number }>(sql).get()?.n ?? 0;
  return {
    lines: one('SELECT count(*) AS n FROM incident_lines'),
    unbound: unboundLines(db),
    old: one('SELECT count(*) AS n FROM incident_lines WHERE old = 1'),
    dangling: one(
      `SELECT count(*) AS n FROM bindings AS b
       WHERE NOT EXISTS (SELECT 1 FROM incident_lines AS l
                         WHERE l.sha256 = b.sha256 AND l.position = b.position AND l.length = b.length)`,
    ),
  };
}

/** Lines in grace's form for which nobody vouches, and which do not merely repeat one. */
export function unboundLines(db: Database.Database): number {
  const sql = 'SELECT count(*) AS n FROM incident_lines WHERE bound = 0 AND old = 0 AND duplicate = 0';
  return db.prepare<[], { n: number }>(sql).get()?.n ?? 0;
}

/** Whether the audit log says that it was sealed. */
export function saysSealed(db: Database.Database): boolean {
  return countEntries(db, ACTION.logAdopted) > 0;
}

/** The newest time that any record carries. */
export function newestRecord(db: Database.Database): string | undefined {
  const row = db
    .prepare<[], { at: string | null }>(
      'SELECT max(at) AS at FROM (SELECT max(at) AS at FROM audit_entries UNION ALL SELECT max(detected_at) FROM incidents)',
    )
    .get();
  return row?.at ?? undefined;
}

/** How many entries of an action there are. */
export function countEntries(db: Database.Database, action: string): number {
  return (
    db
      .prepare<[string], { n: number }>('SELECT coalesce(sum(n), 0) AS n FROM audit_sums WHERE action = ? AND own = 1')
      .get(action)?.n ?? 0
  );
}

/** Lines of the audit log that are missing; 1-based, the last one included. */
export interface AuditGap {
  readonly from: number;
  readonly to: number;
}

/**
 * Between files that are there; and before the first of them, unless it says itself where it begins, as a file does that a
 * rotation began: then older ones were put away, and what still held was said once more.
 */
export function auditGaps(db: Database.Database): AuditGap[] {
  return db
    .prepare<[], AuditGap>(
      `SELECT before + 1 AS "from", first AS "to"
       FROM (SELECT first, lag(first + lines) OVER (ORDER BY ordinal) AS before FROM segments WHERE log = 'audit')
       WHERE first > before
       UNION ALL
       SELECT 1, first FROM (SELECT first, lines FROM segments WHERE log = 'audit' ORDER BY ordinal LIMIT 1) AS oldest
       WHERE first > 0 AND NOT EXISTS (
         SELECT 1 FROM controls
         WHERE action = '${ACTION.logRotated}' AND line > oldest.first AND line <= oldest.first + oldest.lines)
       ORDER BY 1`,
    )
    .all();
}
