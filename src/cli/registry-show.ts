import { EXIT, OperatorError } from '../core/errors.js';
import { findTasks, incidentSnapshot } from '../core/registry/queries/tasks.js';
import type { Context } from './context.js';
import { nextCommand } from './next-command.js';
import { noteTrouble } from './notes.js';
import { writeFields } from './output/fields.js';
import { openForLooking } from './reading.js';
import { taskJson } from './task-json.js';
import type { WhereOptions } from './where.js';

export interface ShowOptions extends WhereOptions {
  readonly json?: boolean;
}

export async function runShow(ctx: Context, id: string, options: ShowOptions): Promise<number> {
  const reading = await openForLooking(ctx, options);
  const { registry } = reading;
  const [task, ...others] = registry.read((db) => findTasks(db, id));
  if (!task) {
    throw new OperatorError('GRACE_NO_SUCH_TASK', EXIT.notFound, `no task is named ${id}`, {
      hint: nextCommand(['registry', 'list'], options),
    });
  }
  if (others.length > 0) {
    throw new OperatorError('GRACE_AMBIGUOUS', EXIT.usage, `${id} may be ${others.length + 1} tasks or more`, {
      hint: nextCommand(['registry', 'show', ...(task.task_id.startsWith('-') ? ['--'] : []), task.task_id], options),
    });
  }
  const text = task.source === 'incidents' ? registry.read((db) => incidentSnapshot(db, task.task_id)) : undefined;
  const incident = text === undefined ? undefined : (JSON.parse(text) as object);
  const shown = taskJson(task);
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, { schema: 'grace.task_detail/1', task: shown, incident: incident ?? null });
  } else {
    const style = await ctx.style();
    writeFields(ctx.out, shown);
    if (incident) {
      ctx.out.write(`\n${style.bold('last record of the incident')}\n`);
      writeFields(ctx.out, incident);
    }
  }
  noteTrouble(ctx, reading);
  registry.close();
  return EXIT.done;
}
