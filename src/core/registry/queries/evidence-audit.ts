import type Database from 'better-sqlite3';
import type { Window } from './evidence-window.js';

/** Audit entries of one actor and one action. */
export interface AuditSum {
  readonly actor: string;
  readonly action: string;
  /** 0: sealed as lines of another program. */
  readonly own: 0 | 1;
  readonly n: number;
  /** How many of them the old report would have counted as learning. */
  readonly old_rule: number;
  /** How many of them the old system wrote. */
  readonly old: number;
}

export interface AuditFacts {
  readonly sums: readonly AuditSum[];
}

/** Reads the sums when the window holds everything, else the entries in it. */
export function auditFacts(db: Database.Database, { since }: Window): AuditFacts {
  const first = since === null ? null : db.prepare<[], { at: string | null }>(FIRST).get();
  if (since === null || (typeof first?.at === 'string' && first.at >= since)) {
    return { sums: db.prepare<[], AuditSum>(SUMS).all() };
  }
  return { sums: db.prepare<[string], AuditSum>(SUMS_SINCE).all(since) };
}

const FIRST = 'SELECT min(at) AS at FROM audit_entries';

const SUMS = 'SELECT actor, action, own, n, old_rule, old FROM audit_sums ORDER BY actor, action, own';

const SUMS_SINCE = `
  SELECT actor, action, own, count(*) AS n, sum(old_rule) AS old_rule, sum(old) AS old
  FROM audit_entries WHERE at >= ? GROUP BY actor, action, own ORDER BY actor, action, own`;
