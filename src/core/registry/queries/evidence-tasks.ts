import type Database from 'better-sqlite3';
import type { TaskStatus } from '../../records/task.js';
import type { Window } from './evidence-window.js';

export interface TaskGroup {
  readonly subsystem: string;
  readonly task_type: string;
  readonly status: TaskStatus;
  readonly n: number;
}

/** What a completed task took, in seconds. */
export interface TaskDuration {
  readonly subsystem: string;
  readonly duration_seconds: number;
}

export interface TaskLine {
  readonly task_id: string;
  readonly subsystem: string;
  readonly title: string;
  readonly status: TaskStatus;
  readonly priority: number;
  readonly progress: number | null;
  readonly created_at: string;
  readonly completed_at: string | null;
  readonly duration_seconds: number | null;
}

/** Entries of the old system that look like a task's and belong to none; over the whole log. */
export interface LegacyTasks {
  readonly action: string;
  readonly n: number;
  readonly resources: number;
}

export interface TaskFacts {
  readonly groups: readonly TaskGroup[];
  readonly durations: readonly TaskDuration[];
  /** Being worked on at this moment, whenever they began; the most urgent ones. */
  readonly active: readonly TaskLine[];
  readonly active_n: number;
  /** The newest of those that have ended. */
  readonly recent: readonly TaskLine[];
  readonly legacy: readonly LegacyTasks[];
}

/** How many tasks a list names; the counts beside it are complete. */
const LISTED = 5;

export function taskFacts(db: Database.Database, window: Window): TaskFacts {
  return {
    groups: db.prepare<Window, TaskGroup>(GROUPS).all(window),
    durations: db.prepare<Window, TaskDuration>(DURATIONS).all(window),
    active: db.prepare<[number], TaskLine>(ACTIVE).all(LISTED),
    active_n: db.prepare<[], { n: number }>(ACTIVE_N).get()?.n ?? 0,
    recent: db.prepare<[Window, number], TaskLine>(RECENT).all(window, LISTED),
    legacy: db.prepare<[], LegacyTasks>(LEGACY).all(),
  };
}

const IN_WINDOW = '(@since IS NULL OR created_at >= @since)';
const LINE = 'task_id, subsystem, title, status, priority, progress, created_at, completed_at, duration_seconds';

const GROUPS = `
  SELECT subsystem, task_type, status, count(*) AS n
  FROM tasks WHERE ${IN_WINDOW} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;

const DURATIONS = `
  SELECT subsystem, duration_seconds FROM tasks
  WHERE status = 'completed' AND duration_seconds IS NOT NULL AND ${IN_WINDOW}`;

const ACTIVE = `SELECT ${LINE} FROM tasks WHERE status = 'active' ORDER BY priority DESC, created_at, task_id LIMIT ?`;
const ACTIVE_N = "SELECT count(*) AS n FROM tasks WHERE status = 'active'";

const RECENT = `
  SELECT ${LINE} FROM tasks WHERE status IN ('completed', 'failed', 'cancelled') AND ${IN_WINDOW}
  ORDER BY created_at DESC, task_id LIMIT ?`;

const LEGACY = `
  SELECT action, sum(n) AS n, count(*) AS resources FROM legacy_task_resources GROUP BY action ORDER BY action`;
