import { fieldOf } from './field-path.js';
import { matchesPattern } from './name-pattern.js';
import type { GraceConfig, Grant } from './schema/grace-schema.js';

/** What a person can do; `heal` means to have a playbook run by hand. */
const OF_A_PERSON: readonly Grant[] = [
  ...(['heal', 'approve', 'silence', 'brake', 'ack', 'close'] as const),
  ...(['reorder', 'wait', 'threshold'] as const),
];

/** Where nothing in the file says otherwise. */
const BUILT_IN: readonly { readonly account: string; readonly may: readonly Grant[] }[] = [
  { account: 'healer', may: ['heal'] },
  { account: 'learner', may: ['reorder', 'wait'] },
  { account: 'operator:root', may: OF_A_PERSON },
  { account: 'alert:*', may: ['report'] },
];

/** What one account may do, and what says so. */
export interface AccountRule {
  readonly account: string;
  readonly may: readonly Grant[];
  /** `accounts["operator:anna"]`, or a sentence on what is built in. */
  readonly rule: string;
  /** It stands in the file, at the field that `rule` names. */
  readonly written: boolean;
}

/**
 * Which rule counts for an account: what the file says of it by name, else what is built in for it by name, else the longest pattern of
 * the file that fits, else a built-in pattern. So `operator:*` never takes from root or from the owner of the logs what they have. `owner`:
 * the name of who owns the log directory.
 */
export function ruleFor(config: Pick<GraceConfig, 'accounts'>, account: string, owner?: string): AccountRule {
  const rules = accountRules(config, owner);
  const named = rules.find((rule) => rule.account === account);
  if (named) return named;
  const fitting = rules.filter((rule) => rule.account.includes('*') && matchesPattern(rule.account, account));
  const [best] = fitting.toSorted(
    (a, b) => Number(b.written) - Number(a.written) || b.account.length - a.account.length,
  );
  return best ?? { account, may: [], rule: 'no rule names this account', written: false };
}

/** Every rule there is, those of the file first; what the file says of an account stands in the place of what is built in. */
export function accountRules({ accounts }: Pick<GraceConfig, 'accounts'>, owner?: string): AccountRule[] {
  const written = Object.entries(accounts).map(([account, { may }]) => ({
    account,
    may,
    rule: fieldOf(['accounts', account]),
    written: true,
  }));
  const ofOwner =
    owner === undefined || owner === 'root'
      ? []
      : [
          {
            account: `operator:${owner}`,
            may: OF_A_PERSON,
            rule: 'built in: owns the directory of the logs',
            written: false,
          },
        ];
  const builtIn = BUILT_IN.map((rule) => ({ ...rule, rule: 'built in', written: false }));
  return [...written, ...[...ofOwner, ...builtIn].filter(({ account }) => !Object.hasOwn(accounts, account))];
}

export function mayAccount(
  config: Pick<GraceConfig, 'accounts'>,
  account: string,
  grant: Grant,
  owner?: string,
): { readonly allowed: boolean; readonly rule: string } {
  const { may, rule } = ruleFor(config, account, owner);
  return { allowed: may.includes(grant), rule };
}
