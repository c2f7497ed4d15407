import { EXIT } from '../core/errors.js';
import { registryStats } from '../core/registry/queries/tasks.js';
import type { Context } from './context.js';
import { noteTrouble } from './notes.js';
import { renderTable } from './output/table.js';
import { openForLooking } from './reading.js';
import type { WhereOptions } from './where.js';

export interface StatsOptions extends WhereOptions {
  readonly json?: boolean;
}

export async function runStats(ctx: Context, options: StatsOptions): Promise<number> {
  const reading = await openForLooking(ctx, options);
  const { registry } = reading;
  const stats = registry.read(registryStats);
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, { schema: 'grace.registry_stats/1', registry: registry.path ?? null, ...stats });
  } else {
    const style = await ctx.style();
    const count = { align: 'right', grow: 0 } as const;
    const tasks = stats.by_subsystem.map((row) => [row.subsystem, row.task_type, row.status, row.n]);
    if (tasks.length > 0) {
      const columns = [
        { header: 'subsystem' },
        { header: 'type' },
        { header: 'status' },
        { header: 'tasks', ...count },
      ];
      ctx.out.write(await renderTable(columns, tasks, ctx.out, style));
    } else ctx.out.write('no tasks\n');
    const logs = stats.logs.map((row) => [row.log, row.files, row.bytes, row.lines, row.quarantined]);
    if (logs.length > 0) {
      const columns = ['files', 'bytes', 'lines', 'quarantined'].map((header) => ({ header, ...count }));
      ctx.out.write(`\n${await renderTable([{ header: 'log' }, ...columns], logs, ctx.out, style)}`);
    }
    const { incidents, incident_lines, duplicates, audit_entries, open_claims } = stats;
    ctx.out.write(
      `\nincidents ${incidents} (${incident_lines} lines, ${duplicates} of them duplicates)\naudit entries ${audit_entries}, open claims ${open_claims}\n`,
    );
  }
  noteTrouble(ctx, reading);
  registry.close();
  return EXIT.done;
}
