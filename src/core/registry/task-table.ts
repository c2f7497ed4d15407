import type Database from 'better-sqlite3';
import type { Task } from '../records/task.js';

/** The columns in the order of the table. */
const COLUMNS = [
  'source',
  'task_id',
  'task_type',
  'subsystem',
  'title',
  'description',
  'created_by',
  'assigned_to',
  'status',
  'priority',
  'created_at',
  'started_at',
  'completed_at',
  'duration_seconds',
  'cpu_seconds',
  'memory_peak_mb',
  'memory_avg_mb',
  'disk_read_mb',
  'disk_write_mb',
  'progress',
  'verification_required',
  'verification_status',
  'sla_deadline',
  'sla_met',
  'error_message',
  'task_metadata',
  'tags',
] as const satisfies readonly (keyof Task)[];

export class TaskTable {
  readonly #find: Database.Statement<[string, string], Task>;
  readonly #replace: Database.Statement;

  constructor(db: Database.Database) {
    this.#find = db.prepare('SELECT * FROM tasks WHERE source = ? AND task_id = ?');
    this.#replace = db.prepare(
      `REPLACE INTO tasks (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map((name) => `@${name}`).join(', ')})`,
    );
  }

  find(source: Task['source'], taskId: string): Task | undefined {
    return this.#find.get(source, taskId);
  }

  put(task: Task): void {
    this.#replace.run(task);
  }
}
