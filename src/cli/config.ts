import { Option } from 'commander';
import type { Done, Program } from './command.js';
import type { Context } from './context.js';
import { withJson, withWhere } from './options.js';

export function registerConfig(program: Program, ctx: Context, done: Done): void {
  const config = program
    .command('config')
    .summary('look at grace.yaml')
    .description('Looks at grace.yaml: what is wrong with it, what it comes to, and who may do what. Changes nothing.');

  withWhere(withJson(config.command('check')))
    .summary('say everything that is wrong with it')
    .description(
      'Says everything that is wrong with a configuration, each with file, line and column: first what keeps it from being ' +
        'used, then what is only worth knowing. Exits 0 when it is right, 2 when it is not, 4 when others could change it ' +
        'or what it names.',
    )
    .argument('[file]', 'instead of the configuration that counts')
    .action(async (file: string | undefined, options) => {
      const { runConfigCheck } = await import('./config-check.js');
      done(await runConfigCheck(ctx, file, options));
    });

  withWhere(withJson(config.command('show')))
    .summary('show every setting, and where it comes from')
    .description('Shows every setting as it counts, the defaults among them, and where each comes from.')
    .addOption(new Option('--schema', 'print the JSON Schema of grace.yaml, for an editor').conflicts('json'))
    .action(async (options) => {
      const { runConfigShow } = await import('./config-show.js');
      done(await runConfigShow(ctx, options));
    });

  withWhere(withJson(config.command('accounts')))
    .summary('show who may do what, and which rule says so')
    .description('Shows who may do what, and which rule says so. The account that asks is marked.')
    .action(async (options) => {
      const { runConfigAccounts } = await import('./config-accounts.js');
      done(await runConfigAccounts(ctx, options));
    });
}
