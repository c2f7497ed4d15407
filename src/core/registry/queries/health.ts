import type Database from 'better-sqlite3';

/** Incident lines for which no audit entry vouches, and audit entries whose line is not there or another. */
export interface BindingHealth {
  readonly lines: number;
  readonly unbound: number;
  readonly dangling: number;
}

export function bindingHealth(db: Database.Database): BindingHealth {
  const one = (sql: string) => db.prepare<[], { n: number }>(sql).get()?.n ?? 0;
  return {
    lines: one('SELECT count(*) AS n FROM incident_lines'),
    unbound: one(
      `SELECT count(*) AS n FROM incident_lines AS l
       WHERE NOT EXISTS (SELECT 1 FROM bindings AS b
                         WHERE b.sha256 = l.sha256 AND b.position = l.position AND b.length = l.length)`,
    ),
    dangling: one(
      `SELECT count(*) AS n FROM bindings AS b
       WHERE NOT EXISTS (SELECT 1 FROM incident_lines AS l
                         WHERE l.sha256 = b.sha256 AND l.position = b.position AND l.length = b.length)`,
    ),
  };
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
    db.prepare<[string], { n: number }>('SELECT coalesce(sum(n), 0) AS n FROM audit_sums WHERE action = ?').get(action)
      ?.n ?? 0
  );
}
