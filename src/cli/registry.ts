import type { Done, Program } from './command.js';
import type { Context } from './context.js';
import { withJson, withKey, withWhere } from './options.js';

export function registerRegistry(program: Program, ctx: Context, done: Done): void {
  const registry = program
    .command('registry')
    .summary('the tasks of every subsystem')
    .description('The registry of tasks: a projection of the two logs that may be deleted and rebuilt at any time.');

  withWhere(withJson(registry.command('list')))
    .summary('list tasks')
    .description('List tasks, the newest first.')
    .option('--subsystem <name>', 'only of this subsystem')
    .option('--status <status>', 'only pending, active, completed, failed or cancelled ones')
    .option('--type <type>', 'only of this type')
    .option('--since <time>', 'only created since: 24h, 7d, 2026-11-20')
    .option('--limit <n>', 'at most so many (default: 50)')
    .option('--sort <column>', 'created_at, started_at, completed_at, priority, status, duration_seconds or title')
    .option('--reverse', 'the other way round')
    .option('-q, --quiet', 'ids only')
    .action(async (options) => {
      const { runList } = await import('./registry-list.js');
      done(await runList(ctx, options));
    });

  withWhere(withJson(registry.command('show')))
    .summary('show one task whole')
    .description('Show one task whole; of an incident its last record as well.')
    .argument('<id>', 'its id, or the beginning of it')
    .action(async (id: string, options) => {
      const { runShow } = await import('./registry-show.js');
      done(await runShow(ctx, id, options));
    });

  withWhere(withJson(registry.command('stats')))
    .summary('counts by subsystem, type and status; what was read of each log')
    .description('Counts by subsystem, type and status, and what was read of each log.')
    .action(async (options) => {
      const { runStats } = await import('./registry-stats.js');
      done(await runStats(ctx, options));
    });

  withWhere(withJson(registry.command('metrics')))
    .summary('incidents, times to recover, remedies and more, for Prometheus')
    .description(
      'Metrics of these logs: OpenMetrics on standard output, or the text of the textfile collector in a file. A watch keeps ' +
        'such a file fresh by itself: heal watch --metrics FILE.',
    )
    .option('--textfile <file>', 'write them to this file (a .prom) instead')
    .action(async (options) => {
      const { runRegistryMetrics } = await import('./registry-metrics.js');
      done(await runRegistryMetrics(ctx, options));
    });

  withKey(withJson(registry.command('sync')))
    .summary('read on to the ends of the logs, and settle what a crash left')
    .description(
      'Read on to the ends of the logs. Settles what a crash left in them: ends torn lines, closes the claims of ' +
        'processes that are gone, and writes down which bytes have been lost.',
    )
    .action(async (options) => {
      const { runSync } = await import('./registry-sync.js');
      done(await runSync(ctx, options));
    });

  withKey(withJson(registry.command('rebuild')))
    .summary('build the registry anew from the logs')
    .description('Builds the registry anew from the logs: it holds nothing that they do not.')
    .action(async (options) => {
      const { runRebuild } = await import('./registry-sync.js');
      done(await runRebuild(ctx, options));
    });
}
