import type Database from 'better-sqlite3';

/** A task of the learner: whether it has come to an end, whatever it was. */
export interface LearnerTask {
  readonly task_id: string;
  readonly ended: boolean;
}

/** The learner's tasks that have not ended, and those of these ids, in the order of their ids. */
export function learnerTasks(db: Database.Database, ids: readonly string[]): LearnerTask[] {
  // The condition stands as in the index.
  const open = db
    .prepare<[], { task_id: string }>(
      `SELECT task_id FROM tasks INDEXED BY tasks_of_learner
       WHERE source = 'audit' AND subsystem = 'learning' AND status IN ('pending', 'active')
         AND (task_id GLOB 'config_update_*' OR task_id GLOB 'learning_tick_*')`,
    )
    .all();
  const named = db
    .prepare<[string], { task_id: string }>(
      `SELECT task_id FROM tasks
       WHERE source = 'audit' AND subsystem = 'learning' AND status NOT IN ('pending', 'active')
         AND task_id IN (SELECT value FROM json_each(?))`,
    )
    .all(JSON.stringify(ids));
  const tasks = [
    ...open.map(({ task_id }) => ({ task_id, ended: false })),
    ...named.map(({ task_id }) => ({ task_id, ended: true })),
  ];
  return tasks.sort((a, b) => (a.task_id < b.task_id ? -1 : 1));
}
