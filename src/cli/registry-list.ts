import { EXIT } from '../core/errors.js';
import { TASK_STATUSES, type Task } from '../core/records/task.js';
import { quarantineCount } from '../core/registry/queries/quarantine.js';
import { listTasks, TASK_SORTS } from '../core/registry/queries/tasks.js';
import type { Context } from './context.js';
import { noteTrouble } from './notes.js';
import { choiceOption, countOption, sinceOption } from './options.js';
import { escapeText } from './output/escape.js';
import { renderTable, type TableColumn } from './output/table.js';
import { formatSeconds, formatUtc } from './output/time.js';
import { openForLooking } from './reading.js';
import { taskJson } from './task-json.js';
import type { WhereOptions } from './where.js';

export interface ListOptions extends WhereOptions {
  readonly json?: boolean;
  readonly subsystem?: string;
  readonly status?: string;
  readonly type?: string;
  readonly since?: string;
  readonly limit?: string;
  readonly sort?: string;
  readonly reverse?: boolean;
  readonly quiet?: boolean;
}

const DEFAULT_LIMIT = 50;

const COLUMNS: TableColumn[] = [
  { header: 'task', grow: 0 },
  { header: 'status', grow: 0 },
  { header: 'pri', align: 'right', grow: 0 },
  { header: 'subsystem' },
  { header: 'title', grow: 2 },
  { header: 'origin' },
  { header: 'created', grow: 0 },
  { header: 'took', align: 'right', grow: 0 },
  { header: 'verified' },
];

export async function runList(ctx: Context, options: ListOptions): Promise<number> {
  const filter = {
    subsystem: options.subsystem,
    status: choiceOption('--status', options.status, TASK_STATUSES),
    type: options.type,
    since: sinceOption(ctx, options.since),
    limit: countOption('--limit', options.limit, { least: 1, most: 1_000_000 }) ?? DEFAULT_LIMIT,
    sort: choiceOption('--sort', options.sort, TASK_SORTS) ?? 'created_at',
    ascending: options.reverse === true,
  };
  const reading = await openForLooking(ctx, options);
  const { registry } = reading;
  const { tasks, matching } = registry.read((db) => listTasks(db, filter));
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    const quarantined = registry.read(quarantineCount);
    writeJson(ctx.out, {
      schema: 'grace.tasks/1',
      matching,
      limit: filter.limit,
      quarantined,
      tasks: tasks.map(taskJson),
    });
  } else if (options.quiet) {
    for (const task of tasks) ctx.out.write(`${escapeText(task.task_id)}\n`);
  } else {
    const rows = tasks.map((task) => [
      task.task_id,
      task.status,
      task.priority,
      task.subsystem,
      task.title,
      originOf(task),
      formatUtc(task.created_at),
      formatSeconds(task.duration_seconds),
      task.verification_required ? (task.verification_status ?? 'no') : 'not needed',
    ]);
    if (rows.length > 0) ctx.out.write(await renderTable(COLUMNS, rows, ctx.out, await ctx.style()));
    ctx.err.write(shown(tasks.length, matching));
  }
  noteTrouble(ctx, reading);
  registry.close();
  return EXIT.done;
}

/** `real`, `drill` or `simulated` of an incident; other tasks are what they are. */
function originOf(task: Task): string | null {
  return task.source === 'incidents' ? ((JSON.parse(task.tags) as string[])[0] ?? null) : null;
}

function shown(n: number, matching: number): string {
  if (matching === 0) return 'no task matches\n';
  if (n === matching) return `${n} ${n === 1 ? 'task' : 'tasks'}\n`;
  return `${n} of ${matching} tasks; all of them: --limit ${matching}\n`;
}
