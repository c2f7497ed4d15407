import { EXIT, OperatorError } from '../core/errors.js';
import { findTasks, incidentSnapshot } from '../core/registry/queries/tasks.js';
import type { Context } from './context.js';
import { nextCommand } from './next-command.js';
import { noteTrouble } from './notes.js';
import { escapeText } from './output/escape.js';
import { displayWidth, wrap } from './output/width.js';
import { openForLooking } from './reading.js';
import { taskJson } from './task-json.js';
import type { WhereOptions } from './where.js';

export interface ShowOptions extends WhereOptions {
  readonly json?: boolean;
}

const GAP = 2;
/** With less room than this beside the names, wrapped text would be a ladder. */
const LEAST_ROOM = 16;

/** Of the names that stand before the values; a longer one only stands out. */
const MAX_NAME_WIDTH = 24;

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
    writeFields(ctx, shown);
    if (incident) {
      ctx.out.write(`\n${style.bold('last record of the incident')}\n`);
      writeFields(ctx, incident);
    }
  }
  noteTrouble(ctx, reading);
  registry.close();
  return EXIT.done;
}

function writeFields(ctx: Context, record: object): void {
  // Of an incident the names are data too: a reader keeps the fields that it does not know.
  const fields = Object.entries(record)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [
      escapeText(name),
      escapeText(typeof value === 'object' ? JSON.stringify(value) : String(value)),
    ]);
  const width = fields.reduce((most, [name = '']) => Math.max(most, Math.min(MAX_NAME_WIDTH, displayWidth(name))), 0);
  const room = ctx.out.columns - width - GAP;
  for (const [name = '', text = ''] of fields) {
    // A pipe gets each field on one line, whatever its length; a name may leave no room to wrap in.
    const lines = ctx.out.isTTY && room >= LEAST_ROOM ? wrap(text, room) : [text];
    const [first = '', ...rest] = lines;
    ctx.out.write(`${name}${' '.repeat(Math.max(0, width - displayWidth(name)) + GAP)}${first}\n`);
    for (const line of rest) ctx.out.write(`${' '.repeat(width + GAP)}${line}\n`);
  }
}
