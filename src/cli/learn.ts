import type { Done, Program } from './command.js';
import type { Context } from './context.js';
import { withJson, withKey, withWhere } from './options.js';

export function registerLearn(program: Program, ctx: Context, done: Done): void {
  const learn = program
    .command('learn')
    .summary('which remedy first, how long to wait: learned from what has happened')
    .description('Learn from real incidents, as far as grace.yaml allows (learning.mode: off, propose or apply).');

  withKey(withJson(learn.command('tick')))
    .summary('learn from what has happened since the last tick; for cron')
    .description(
      'Learn from incidents that are over, propose or apply what follows, and undo what does harm. Silent where there is nothing to do.',
    )
    .option('-v, --verbose', 'say also that there was nothing to do')
    .action(async (options) => {
      const { runLearnTick } = await import('./learn-tick.js');
      done(await runLearnTick(ctx, options));
    });
  withJson(withWhere(learn.command('status')))
    .summary('the orders in force and being tried, what waits, what is proposed')
    .description('Show how learning stands: for each check the orders, waits and outcomes. Changes nothing.')
    .action(async (options) => {
      const { runLearnStatus } = await import('./learn-status.js');
      done(await runLearnStatus(ctx, options));
    });
  withJson(withWhere(learn.command('proposals')))
    .summary('changes that wait for a person')
    .description('List what learning has proposed and nobody has decided yet. Changes nothing.')
    .action(async (options) => {
      const { runLearnProposals } = await import('./learn-proposals.js');
      done(await runLearnProposals(ctx, options));
    });
  registerDecisions(learn, ctx, done);
  withJson(withWhere(learn.command('history')))
    .summary('every learned change, and what became of it')
    .description('List the versions that learning and people have made, the newest first. Changes nothing.')
    .option('--check <name>', 'only of this check')
    .option('--limit <n>', 'so many at most (default: 20)')
    .option('--all', 'also the proposals that were decided or withdrawn')
    .action(async (options) => {
      const { runLearnHistory } = await import('./learn-history.js');
      done(await runLearnHistory(ctx, options));
    });
  withJson(withWhere(learn.command('explain')))
    .summary('the numbers behind a change')
    .description('Show what a version or a proposal rests on, and what has happened since. Changes nothing.')
    .argument('<change>', 'a version such as v7, or a proposal such as p3')
    .action(async (id: string, options) => {
      const { runLearnExplain } = await import('./learn-explain.js');
      done(await runLearnExplain(ctx, id, options));
    });
  withJson(withWhere(learn.command('replay')))
    .summary('compute everything learned once more from the logs, or what would have been')
    .description(
      'Fold the logs once more and compare with every state that ticks have written down, or answer what another setting would have done. Changes nothing.',
    )
    .option('--verify', 'compare the states (what it does without --what-if)')
    .option('--what-if <question>', 'order=CHECK:FIRST,SECOND,… or gamma=NUMBER; may be repeated', collect)
    .option('--check <name>', 'the check that is asked about, for --what-if')
    .action(async (options) => {
      const { runLearnReplay } = await import('./learn-replay.js');
      done(await runLearnReplay(ctx, options));
    });
}

/** What a person decides. */
function registerDecisions(learn: Program, ctx: Context, done: Done): void {
  const decide = () => import('./learn-decide.js');
  withKey(withJson(learn.command('approve')))
    .summary('allow what was proposed')
    .description('Put on record that a person allows a proposal. An order or a wait is in force at once.')
    .argument('<proposal>', 'such as p3')
    .option('--reason <text>', 'why, to keep with it')
    .action(async (id: string, options) => done(await (await decide()).runLearnApprove(ctx, id, options)));
  withKey(withJson(learn.command('reject')))
    .summary('refuse what was proposed')
    .description(
      'Put on record that a person refuses a proposal. The same is not proposed again while nothing else changes.',
    )
    .argument('<proposal>', 'such as p3')
    .option('--reason <text>', 'why (required)')
    .action(async (id: string, options) => done(await (await decide()).runLearnReject(ctx, id, options)));
  withKey(withJson(learn.command('rollback')))
    .summary('put back what a version has replaced')
    .description(
      'Undo a learned change by a new version. Learning then only proposes for that check until a person approves.',
    )
    .argument('<version>', 'such as v7')
    .option('--reason <text>', 'why (required)')
    .action(async (id: string, options) => {
      const { runLearnRollback } = await import('./learn-rollback.js');
      done(await runLearnRollback(ctx, id, options));
    });
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
