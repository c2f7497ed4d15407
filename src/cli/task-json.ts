import type { Task } from '../core/records/task.js';
import { inMillis } from '../core/records/time.js';

/** A task as docs/json.md describes it: the columns, with JSON where the registry keeps JSON text. */
export function taskJson(task: Task) {
  return {
    ...task,
    created_at: inMillis(task.created_at),
    started_at: inMillis(task.started_at),
    completed_at: inMillis(task.completed_at),
    sla_deadline: inMillis(task.sla_deadline),
    verification_required: task.verification_required === 1,
    sla_met: task.sla_met === null ? null : task.sla_met === 1,
    task_metadata: JSON.parse(task.task_metadata) as unknown,
    tags: JSON.parse(task.tags) as unknown,
  };
}
