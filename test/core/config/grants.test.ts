import { describe, expect, it } from 'vitest';
import { accountRules, mayAccount } from '../../../src/core/config/grants.js';
import { matchesPattern } from '../../../src/core/config/name-pattern.js';
import { GRANTS, type GraceConfig, type Grant } from '../../../src/core/config/schema/grace-schema.js';

const PERSON: readonly Grant[] = [
  ...(['heal', 'approve', 'silence', 'brake', 'ack', 'close'] as const),
  ...(['reorder', 'wait', 'threshold'] as const),
];

/** What that account may, of all there is. */
function grantsOf(accounts: GraceConfig['accounts'], account: string, owner?: string): Grant[] {
  return GRANTS.filter((grant) => mayAccount({ accounts }, account, grant, owner).allowed);
}

describe('what is built in', () => {
  it.each<[string, readonly Grant[]]>([
    ['healer', ['heal']],
    ['learner', ['reorder', 'wait']],
    ['operator:root', PERSON],
    ['operator:grace', PERSON],
    ['operator:anna', []],
    ['alert:prometheus', ['report']],
    ['alert:', ['report']],
    ['nobody', []],
    ['operator:*', []],
    ['__proto__', []],
  ])('%s', (account, grants) => {
    expect(grantsOf({}, account, 'grace')).toEqual(grants);
  });

  it('holds for nobody but root where there are no logs yet', () => {
    expect(grantsOf({}, 'operator:grace')).toEqual([]);
    expect(grantsOf({}, 'operator:root')).toEqual(PERSON);
  });
});

describe('what the file says', () => {
  it('stands in the place of what is built in for that account', () => {
    const accounts = { healer: { may: [] }, 'operator:root': { may: ['ack' as const] }, 'alert:*': { may: [] } };
    expect(grantsOf(accounts, 'healer')).toEqual([]);
    expect(grantsOf(accounts, 'operator:root', 'root')).toEqual(['ack']);
    expect(grantsOf(accounts, 'alert:x')).toEqual([]);
    expect(grantsOf(accounts, 'learner')).toEqual(['reorder', 'wait']);
  });

  it('by a pattern holds for those whom nothing names, the longest first', () => {
    const accounts = {
      'operator:*': { may: ['ack' as const] },
      'operator:dba-*': { may: ['ack' as const, 'silence' as const] },
      'operator:dba-eve': { may: [] },
    };
    expect(grantsOf(accounts, 'operator:anna', 'grace')).toEqual(['ack']);
    expect(grantsOf(accounts, 'operator:dba-bob', 'grace')).toEqual(['silence', 'ack']);
    expect(grantsOf(accounts, 'operator:dba-eve', 'grace')).toEqual([]);
    expect(grantsOf(accounts, 'operator:root', 'grace')).toEqual(PERSON);
    expect(grantsOf(accounts, 'operator:grace', 'grace')).toEqual(PERSON);
    expect(grantsOf(accounts, 'alert:anna', 'grace')).toEqual(['report']);
  });

  it('is named', () => {
    const accounts = { 'operator:*': { may: ['ack' as const] } };
    expect(mayAccount({ accounts }, 'operator:anna', 'ack')).toEqual({ allowed: true, rule: 'accounts["operator:*"]' });
    expect(mayAccount({ accounts }, 'operator:anna', 'heal')).toEqual({
      allowed: false,
      rule: 'accounts["operator:*"]',
    });
    expect(mayAccount({ accounts }, 'healer', 'heal')).toEqual({ allowed: true, rule: 'built in' });
    expect(mayAccount({ accounts }, 'operator:grace', 'heal', 'grace').rule).toBe(
      'built in: owns the directory of the logs',
    );
    expect(mayAccount({ accounts: {} }, 'operator:anna', 'heal').rule).toBe('no rule names this account');
  });

  it('leaves each account one rule', () => {
    const rules = accountRules({ accounts: { healer: { may: [] } } }, 'root').map(({ account }) => account);
    expect(rules).toEqual(['healer', 'learner', 'operator:root', 'alert:*']);
  });
});

it.each([
  ['*', '', true],
  ['*', 'x', true],
  ['a', 'a', true],
  ['a', 'ab', false],
  ['a*', 'a', true],
  ['a*b', 'ab', true],
  ['a*b', 'aXb', true],
  ['a*a', 'a', false],
  ['*b*', 'abc', true],
  ['a*b*c', 'aXbYc', true],
  ['a*b*c', 'aXc', false],
  ['a*bc*c', 'abc', false],
  ['a.c', 'abc', false],
])('the pattern %j and the name %j: %j', (pattern, name, matches) => {
  expect(matchesPattern(pattern, name)).toBe(matches);
});
