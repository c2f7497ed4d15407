import { PASSABLE_RAILS } from '../core/records/rails.js';
import type { Done, Program } from './command.js';
import type { Context } from './context.js';
import { withJson, withKey, withWhere } from './options.js';

export function registerHeal(program: Program, ctx: Context, done: Done): void {
  const heal = program
    .command('heal')
    .summary('check, decide, remedy, verify: once, or as a watch that never sleeps')
    .description('Look at what grace.yaml names, and heal what is broken there, as far as it allows.');

  withJson(withWhere(heal.command('status')))
    .summary('what is wrong now, what is being done, what was refused, what needs a person')
    .description('The page for three in the morning. Looks at the logs only; probes nothing.')
    .action(async (options) => {
      const { runHealStatus } = await import('./heal-status.js');
      done(await runHealStatus(ctx, options));
    });
  withJson(withWhere(heal.command('check')))
    .summary("probe once; the exit code is a monitoring plugin's")
    .description('Probe all checks, or those named, once. Acts on nothing and writes nothing.')
    .argument('[check...]', 'names of checks')
    .action(async (names: string[], options) => {
      const { runHealCheck } = await import('./heal-check.js');
      done(await runHealCheck(ctx, names, options));
    });
  withJson(withWhere(heal.command('plan')))
    .summary('what would be done now, and why; does nothing')
    .description(
      'Probe, confirm and decide as `heal run` would, and show each decision with its reasons. Nothing is run or written.',
    )
    .argument('[check...]', 'names of checks')
    .action(async (names: string[], options) => {
      const { runHealPlan } = await import('./heal-plan.js');
      done(await runHealPlan(ctx, names, options));
    });
  withKey(withJson(heal.command('run')))
    .summary('one pass: for cron, and by hand')
    .description(
      'Probe, confirm, decide, act and verify once, then end. Silent where all is well; one line of each incident that stays open.',
    )
    .argument('[check...]', 'names of checks')
    .option('--pass-over <rails>', `rails that this run passes over, separated by commas: ${PASSABLE_RAILS.join(', ')}`)
    .option('-v, --verbose', 'say also what is well')
    .action(async (names: string[], options) => {
      const { runHealRun } = await import('./heal-run.js');
      done(await runHealRun(ctx, names, options));
    });
  withKey(heal.command('watch'))
    .summary('watch and heal until told to stop')
    .description(
      'One process for all checks. SIGHUP or a changed grace.yaml: reads it again; SIGTERM: ends what it does and stops.',
    )
    .option('--metrics <file>', 'keep metrics for Prometheus fresh in this file (a .prom of the textfile collector)')
    .option('-v, --verbose', 'say every probe that is not ok')
    .action(async (options) => {
      const { runHealWatch } = await import('./heal-watch.js');
      done(await runHealWatch(ctx, options));
    });
  withJson(withWhere(heal.command('playbooks')))
    .summary('the remedies: what each does, what it can destroy')
    .description('Show each remedy of grace.yaml, or those named: its steps, its risk, who uses it. Runs nothing.')
    .argument('[playbook...]', 'names of playbooks')
    .action(async (names: string[], options) => {
      const { runHealPlaybooks } = await import('./heal-playbooks.js');
      done(await runHealPlaybooks(ctx, names, options));
    });
  registerPersonal(heal, ctx, done);
  heal
    .command('init')
    .summary('write a commented grace.yaml for what runs on this host')
    .description('Print, or write to a file, a grace.yaml in which nothing is active until you uncomment it.')
    .option('--out <file>', 'write it there; a file that is there is never replaced')
    .action(async (options) => {
      const { runHealInit } = await import('./heal-init.js');
      done(await runHealInit(ctx, options));
    });
  withWhere(heal.command('install'))
    .summary('write the units that keep a watch running')
    .description(
      'Write the unit of a watch, and a timer for a pass every minute, for what grace.yaml asks for and nothing more. Starts ' +
        'neither; says how.',
    )
    .option('--dry-run', 'print them, and a line for cron, and write nothing')
    .option('--user <name>', 'the account that it runs as (default: the owner of the logs)')
    .option('--metrics <file>', 'have the watch keep metrics for Prometheus fresh in this file')
    .option('--force', 'write over units that are there')
    .action(async (options) => {
      const { runHealInstall } = await import('./heal-install.js');
      done(await runHealInstall(ctx, options));
    });
}

/** What a person does about incidents. */
function registerPersonal(heal: Program, ctx: Context, done: Done): void {
  const incident = () => import('./heal-incident.js');
  withKey(withJson(heal.command('ack')))
    .summary('say that you have seen an incident')
    .description(
      'Put on record that a person has seen it. It stays open, and nobody is told of it again until there is news.',
    )
    .argument('<incident>', 'its id, or the beginning of it')
    .option('--note <text>', 'a remark to keep with it')
    .action(async (id: string, options) => done(await (await incident()).runHealAck(ctx, id, options)));
  withKey(withJson(heal.command('close')))
    .summary('close an incident by hand; it is not verified')
    .description(
      'Put on record that it is over, and why. That counts as closed by hand: nothing is probed, and nothing is verified.',
    )
    .argument('<incident>', 'its id, or the beginning of it')
    .option('--reason <text>', 'why it is over (required)')
    .action(async (id: string, options) => done(await (await incident()).runHealClose(ctx, id, options)));
  withKey(withJson(heal.command('approve')))
    .summary('allow one run of a remedy for one incident')
    .description(
      'Allow a remedy that waits for an approval to run once, for this incident. The next look or `heal run` runs it.',
    )
    .argument('<incident>', 'its id, or the beginning of it')
    .argument('[playbook]', 'the remedy (default: the one that was asked for)')
    .action(async (id: string, playbook: string | undefined, options) =>
      done(await (await incident()).runHealApprove(ctx, id, playbook, options)),
    );
  withKey(withJson(heal.command('silence')))
    .summary('stop acting on checks for a while; without arguments: list the silences')
    .description(
      'While it lasts nothing is done about these checks. They are looked at, and what would have been done is logged.',
    )
    .argument('[pattern...]', 'names of checks; * stands for any characters')
    .option('--for <duration>', 'how long, e.g. 30m or 2h (default: 1h)')
    .option('--reason <text>', 'why')
    .option('--end <silence>', 'end this one early')
    .action(async (patterns: string[], options) => {
      const { runHealSilence } = await import('./heal-silence.js');
      done(await runHealSilence(ctx, patterns, options));
    });
  withKey(withJson(heal.command('brake')))
    .summary('stop all acting at once, or release that')
    .description('While it is on, no remedy is begun on this host, by whatever process. Only a person releases it.')
    .argument('<state>', 'on or off')
    .option('--reason <text>', 'why')
    .action(async (state: string, options) => {
      const { runHealBrake } = await import('./heal-brake.js');
      done(await runHealBrake(ctx, state, options));
    });
}
