import type Database from 'better-sqlite3';
import type { Task } from '../../records/task.js';

/** The columns a list of tasks may be sorted by, and how they are told apart when equal. */
export const TASK_SORTS = [
  'created_at',
  'started_at',
  'completed_at',
  'priority',
  'status',
  'duration_seconds',
  'title',
] as const;
export type TaskSort = (typeof TASK_SORTS)[number];

export interface TaskFilter {
  readonly subsystem?: string | undefined;
  readonly status?: string | undefined;
  readonly type?: string | undefined;
  /** Created at or after; in the registry's spelling. */
  readonly since?: string | undefined;
  readonly limit: number;
  readonly sort: TaskSort;
  readonly ascending: boolean;
}

const WHERE = `(@subsystem IS NULL OR subsystem = @subsystem)
  AND (@status IS NULL OR status = @status)
  AND (@type IS NULL OR task_type = @type)
  AND (@since IS NULL OR created_at >= @since)`;

export interface TaskList {
  readonly tasks: Task[];
  /** How many match, shown or not. */
  readonly matching: number;
}

export function listTasks(db: Database.Database, filter: TaskFilter): TaskList {
  const { subsystem = null, status = null, type = null, since = null, limit } = filter;
  const where = { subsystem, status, type, since };
  const direction = filter.ascending ? 'ASC' : 'DESC';
  const tasks = db
    .prepare<object, Task>(
      `SELECT * FROM tasks WHERE ${WHERE}
       ORDER BY ${filter.sort} ${direction} NULLS LAST, task_id ${direction} LIMIT @limit`,
    )
    .all({ ...where, limit });
  const { n = 0 } =
    db.prepare<object, { n: number }>(`SELECT count(*) AS n FROM tasks WHERE ${WHERE}`).get(where) ?? {};
  return { tasks, matching: n };
}

/** Every task whose id is the text, or begins with it. */
export function findTasks(db: Database.Database, id: string): Task[] {
  const exact = db.prepare<[string], Task>('SELECT * FROM tasks WHERE task_id = ?').all(id);
  if (exact.length > 0) return exact;
  return db
    .prepare<[string, string], Task>(
      'SELECT * FROM tasks WHERE substr(task_id, 1, length(?)) = ? ORDER BY task_id LIMIT 20',
    )
    .all(id, id);
}

/** The incident's last line, for whoever wants all of it. */
export function incidentSnapshot(db: Database.Database, id: string): string | undefined {
  return db.prepare<[string], { snapshot: string }>('SELECT snapshot FROM incidents WHERE incident_id = ?').get(id)
    ?.snapshot;
}

export interface RegistryStats {
  readonly by_subsystem: { subsystem: string; task_type: string; status: string; n: number }[];
  readonly logs: { log: string; files: number; bytes: number; lines: number; quarantined: number }[];
  readonly incidents: number;
  readonly incident_lines: number;
  readonly duplicates: number;
  readonly audit_entries: number;
  readonly open_claims: number;
}

export function registryStats(db: Database.Database): RegistryStats {
  const one = (sql: string) => db.prepare<[], { n: number }>(sql).get()?.n ?? 0;
  return {
    by_subsystem: db
      .prepare<[], { subsystem: string; task_type: string; status: string; n: number }>(
        `SELECT subsystem, task_type, status, count(*) AS n FROM tasks
         GROUP BY subsystem, task_type, status ORDER BY subsystem, task_type, status`,
      )
      .all(),
    logs: db
      .prepare<[], { log: string; files: number; bytes: number; lines: number; quarantined: number }>(
        `SELECT log, count(*) AS files, sum(folded) AS bytes, sum(lines) AS lines,
                (SELECT count(*) FROM quarantine WHERE quarantine.log = segments.log) AS quarantined
         FROM segments GROUP BY log ORDER BY log DESC`,
      )
      .all(),
    incidents: one('SELECT count(*) AS n FROM incidents'),
    incident_lines: one('SELECT count(*) AS n FROM incident_lines'),
    duplicates: one('SELECT coalesce(sum(duplicates), 0) AS n FROM incidents'),
    audit_entries: one('SELECT coalesce(sum(n), 0) AS n FROM audit_sums'),
    open_claims: one('SELECT count(*) AS n FROM claims WHERE ended_at IS NULL'),
  };
}
