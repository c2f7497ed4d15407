import type { Done, Program } from './command.js';
import type { Context } from './context.js';
import { withJson, withKey, withWhere } from './options.js';

export function registerTrigger(program: Program, ctx: Context, done: Done): void {
  const trigger = program
    .command('trigger')
    .summary('cause a drill, or record an incident from outside')
    .description('Cause a real, contained fault and watch it being healed; or record what another system reports.');

  withKey(withJson(trigger.command('incident')))
    .summary('a drill; with --failure-mode or --from: record a report')
    .description(
      'Without options: cause a real, contained fault (a drill), heal it and verify it.\n' +
        'With --failure-mode or --from: record an incident that somebody else reports. Nothing is acted on, and a ' +
        'recovery that is merely reported counts as unverified.',
    )
    .option('--failure-mode <mode>', 'what failed, e.g. port_in_use')
    .option('--severity <severity>', 'low, medium, high or critical (default: medium)')
    .option('--target <target>', 'what it happened to')
    .option('--meta <k=v>', 'a fact to keep with it; may be repeated', collect)
    .option('--status <status>', 'detected, or resolved for a recovery (default: detected)')
    .option('--source <name>', 'who reports it (default: cli)')
    .option('--ref <ref>', "the source's own name for it: the same one is never recorded twice")
    .option('--from <file>', 'a stream of reports, one JSON object a line; - is stdin')
    .addHelpText(
      'after',
      `
Examples:
  grace trigger incident
  grace trigger incident --failure-mode disk_full --severity high --target /var --ref alert-17
  grace trigger incident --from reports.ndjson`,
    )
    .action(async (options) => {
      const { runIncident } = await import('./trigger-incident.js');
      done(await runIncident(ctx, options));
    });

  withKey(withJson(trigger.command('drill')))
    .summary('list the drills there are, or run one')
    .description('List the drills there are, or run one of them.')
    .argument('[drill]', 'the drill to run')
    .option('--port <port>', 'the port it is about (default: one that is free)')
    .option('--show', 'print the checks and remedies that heal it, as grace.yaml has them, and run nothing')
    .option('--all', "run every drill that can run here: a host's acceptance test")
    .action(async (id: string | undefined, options) => {
      const { runDrillCommand } = await import('./trigger-drill.js');
      done(await runDrillCommand(ctx, id, options));
    });

  withWhere(trigger.command('heartbeat'))
    .summary('say that something lives, for a heartbeat check')
    .description(
      'Note that something has reported just now. A check of the kind `heartbeat` fails when it does not in time.',
    )
    .argument('<name>', 'the name that the check waits for')
    .action(async (name: string, options) => {
      const { runHeartbeat } = await import('./trigger-heartbeat.js');
      done(await runHeartbeat(ctx, name, options));
    });
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
