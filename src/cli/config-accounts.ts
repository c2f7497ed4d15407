import { basename } from 'node:path';
import { type AccountRule, accountRules, ruleFor } from '../core/config/grants.js';
import { type LoadedConfig, loadConfig } from '../core/config/load-config.js';
import { locateConfig } from '../core/config/logs-location.js';
import { EXIT } from '../core/errors.js';
import { effectiveUid } from '../core/host/account.js';
import { accountName, inspectDirectory } from '../core/journal/directory.js';
import { configKnowledge } from './config-knowledge.js';
import type { Context } from './context.js';
import { renderTable, type TableColumn } from './output/table.js';
import { findLogs } from './reading.js';
import type { WhereOptions } from './where.js';

export interface ConfigAccountsOptions extends WhereOptions {
  readonly json?: boolean;
}

const COLUMNS: TableColumn[] = [
  { header: 'account', grow: 0 },
  { header: 'may' },
  { header: 'rule' },
  { header: '', grow: 0, min: 3 },
];

export async function runConfigAccounts(ctx: Context, options: ConfigAccountsOptions): Promise<number> {
  const loaded = await configIfAny(ctx, options);
  const accounts = loaded?.config ?? { accounts: {} };
  const logs = await findLogs(ctx, options);
  const state = inspectDirectory(logs);
  const owner = state.exists ? accountName(state.uid) : undefined;
  const you = `operator:${accountName(effectiveUid())}`;
  const rules = accountRules(accounts, owner);
  // A pattern, or no rule at all, may be what counts for the one who asks.
  const yours = ruleFor(accounts, you, owner);
  const rows = rules.some(({ account }) => account === you) ? rules : [...rules, { ...yours, account: you }];
  const place = (rule: AccountRule) => (rule.written ? loaded?.sources.places.get(rule.rule) : undefined);

  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, {
      schema: 'grace.config_accounts/1',
      path: loaded?.path ?? null,
      logs,
      you,
      accounts: rows.map((rule) => ({
        account: rule.account,
        may: rule.may,
        rule: rule.rule,
        line: place(rule)?.line ?? null,
        you: rule.account === you,
      })),
    });
    return EXIT.done;
  }
  const file = basename(loaded?.path ?? '');
  const cells = rows.map((rule) => {
    const written = place(rule);
    const says = written === undefined ? rule.rule : `${file}:${written.line} ${rule.rule}`;
    return [rule.account, rule.may.join(', ') || 'nothing', says, rule.account === you ? 'you' : ''];
  });
  ctx.out.write(await renderTable(COLUMNS, cells, ctx.out, await ctx.style()));
  return EXIT.done;
}

/** What is built in holds without a file, too. */
async function configIfAny(ctx: Context, { config }: WhereOptions): Promise<LoadedConfig | undefined> {
  const where = { cwd: ctx.cwd, env: ctx.env, config };
  if (locateConfig(where) === undefined) return undefined;
  return loadConfig(where, { ...configKnowledge, trust: 'told' });
}
