import { mayAccount } from '../core/config/grants.js';
import { loadConfig } from '../core/config/load-config.js';
import { locateConfig } from '../core/config/logs-location.js';
import type { GraceConfig, Grant } from '../core/config/schema/grace-schema.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { effectiveUid } from '../core/host/account.js';
import { bootId } from '../core/host/process-identity.js';
import { ownPid } from '../core/host/signal.js';
import { ACTION } from '../core/records/audit-actions.js';
import type { JsonObject } from '../core/records/json.js';
import { clockOf } from '../core/records/moment.js';
import { configKnowledge } from './config-knowledge.js';
import type { Context } from './context.js';
import { accountOf } from './healing.js';
import { escapeText } from './output/escape.js';
import type { WhereOptions } from './where.js';
import type { Writing } from './writing.js';

/** Who asks for something: the kernel says which uid; what sudo says is a remark. */
export interface Person {
  readonly account: string;
  readonly facts: JsonObject;
}

/** The configuration, if there is one: what it says of accounts counts, and its absence forbids nothing. */
export interface Rights {
  readonly config: Pick<GraceConfig, 'accounts'> & Partial<GraceConfig>;
  readonly version: string | null;
}

export async function rightsOf(ctx: Context, { logs, config }: WhereOptions): Promise<Rights> {
  const where = { cwd: ctx.cwd, env: ctx.env, logs, config };
  if (locateConfig(where) === undefined) return { config: { accounts: {} }, version: null };
  const loaded = await loadConfig(where, { ...configKnowledge, trust: 'told' });
  // Whoever may change the file must not give themselves rights by it.
  const accounts = loaded.untrusted.length > 0 ? {} : loaded.config.accounts;
  return { config: { ...loaded.config, accounts }, version: loaded.version };
}

const BROKEN: readonly string[] = ['GRACE_CONFIG_INVALID', 'GRACE_CONFIG_UNREADABLE'];

/**
 * For what only keeps grace from acting. A grace.yaml that somebody has just broken must not be in the way of that: then
 * what is built in holds, and it is said.
 */
export async function rightsToStop(ctx: Context, where: WhereOptions): Promise<Rights> {
  try {
    return await rightsOf(ctx, where);
  } catch (error) {
    if (!(error instanceof OperatorError && BROKEN.includes(error.code))) throw error;
    ctx.err.write(
      `grace: note: grace.yaml cannot be used, and the built-in grants hold: ${escapeText(error.message)}\n`,
    );
    return { config: { accounts: {} }, version: null };
  }
}

export function personOf(ctx: Context): Person {
  const { SUDO_USER: sudo, SUDO_UID: sudoUid } = ctx.env;
  const account = `operator:${accountOf()}`;
  return {
    account,
    facts: {
      account,
      uid: effectiveUid(),
      pid: ownPid(),
      ...(sudo === undefined ? {} : { sudo_user: sudo.slice(0, 64), sudo_uid: (sudoUid ?? '').slice(0, 16) }),
      ...clockOf({ boot_id: bootId(), elapsed_s: ctx.clock.elapsed() }),
    },
  };
}

/** Throws, and says so in the log, unless the person may. Answers the rule that allows it. */
export async function requireGrant(
  { config }: Rights,
  { account, facts }: Person,
  grant: Grant,
  writing: Writing,
  about: string,
): Promise<string> {
  const { allowed, rule } = mayAccount(config, account, grant, accountOf());
  if (allowed) return rule;
  await writing.ledger.transact(() => ({
    entries: [
      {
        actor: account,
        action: ACTION.requestDenied,
        resource: about,
        decision: { allowed: false, grant, rule },
        metadata: facts,
      },
    ],
    value: undefined,
  }));
  throw new OperatorError('GRACE_NOT_GRANTED', EXIT.refused, `${account} may not ${grant}: ${rule}`, {
    hint: 'grace config accounts   # who may do what',
  });
}
