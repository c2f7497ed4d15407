import { Option } from 'commander';
import type { Done, Program } from './command.js';
import type { Context } from './context.js';
import { withJson, withWhere } from './options.js';

export function registerDoctor(program: Program, ctx: Context, done: Done): void {
  withWhere(withJson(program.command('doctor')))
    .summary('look for what is wrong with the installation and the logs')
    .description(
      'Look for what is wrong with the installation and the logs; each finding names the command that mends it.',
    )
    .addOption(new Option('--logrotate', 'print the rule of logrotate that is right for these logs').conflicts('json'))
    .action(async (options) => {
      const { runDoctor } = await import('./doctor-run.js');
      done(await runDoctor(ctx, options));
    });
}
