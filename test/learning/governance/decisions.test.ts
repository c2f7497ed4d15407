import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { AuditDraft } from '../../../src/core/records/audit-entry.js';
import { chronicleOf } from '../../../src/learning/governance/chronicle.js';
import { approveProposal, rejectProposal } from '../../../src/learning/governance/decide-proposal.js';
import type { Decision, DecisionFacts } from '../../../src/learning/governance/decision.js';
import { rollbackVersion } from '../../../src/learning/governance/rollback-version.js';
import type { Today } from '../../../src/learning/governance/why-stale.js';
import { readArms } from '../../../src/learning/serving/choose-order.js';
import { checkState } from '../../../src/learning/state/check-state.js';
import { foldEntry } from '../../../src/learning/state/fold.js';
import { NOTHING_LEARNED } from '../../../src/learning/state/learn-state.js';
import { stateHash } from '../../../src/learning/state/state-hash.js';
import { arms, asControls, ended, learned, playbook, proposed, update, webCheck } from './entries.js';

const CLOCK = { clock: { boot_id: 'b', elapsed_s: 5 } };
const TODAY: Today = {
  ...{ mode: 'propose', holdout: 0.1, check: webCheck() },
  detection: [
    { section: null, field: 'confirm', value: '2 of 3' },
    { section: 'disk', field: 'used_below', value: '90%' },
  ],
};
const WAIT = { kind: 'wait', playbook: 'restart', from: 30, to: 22.5, needs: 'wait' };
const CONFIRM = { kind: 'confirm', from: '2 of 3', to: '3 of 5', needs: 'threshold' };

function stateOf(drafts: readonly AuditDraft[]) {
  return asControls(drafts).reduce(foldEntry, NOTHING_LEARNED);
}

function factsOf(
  drafts: readonly AuditDraft[],
  today: Partial<Today> = {},
  reason: string | null = null,
): DecisionFacts {
  return {
    ...{ chronicle: chronicleOf(asControls(drafts)), state: stateOf(drafts), today: { ...TODAY, ...today } },
    arms: drafts.findLast(({ action }) => action === ACTION.learningArms),
    by: {
      account: 'operator:anna',
      rule: 'accounts["operator:anna"]',
      facts: { account: 'operator:anna', ...CLOCK },
      reason,
    },
  };
}

function written(decision: Decision) {
  if (!decision.ok) throw new Error(decision.why);
  return { ...decision, of: (action: string) => decision.entries.find((one) => one.action === action) };
}

const whyNot = (decision: Decision) => (decision.ok ? undefined : decision.why);
const before = [learned({}), arms(), proposed(3)];

describe('an approval', () => {
  it('makes the next version, by the person and by the rule that allows it, and ends the task', () => {
    const { entries, version, of } = written(approveProposal('p3', factsOf(before)));
    expect(version).toBe('v1');
    expect(entries.map(({ action, resource, actor }) => [action, resource, actor])).toEqual([
      ['change_approved', 'p3', 'operator:anna'],
      ['config_update', 'v1', 'operator:anna'],
      ['learning_arms', 'web', 'operator:anna'],
      ['task_completed', 'config_update_p3', 'operator:anna'],
    ]);
    expect(of('config_update')?.decision).toEqual({
      ...{ version: 1, kind: 'order', check: 'web', from: ['cache', 'restart'], to: ['restart', 'cache'] },
      ...{ rule: 'accounts["operator:anna"]', account: 'operator:anna', proposal: 'p3', hold: false },
    });
    expect(of('config_update')?.metadata).toMatchObject({
      ...{ numbers: before[2]?.metadata.numbers, outcomes: 1, seed: 's', state: stateHash(stateOf(before)) },
      playbooks: [{ id: 'cache', risk: 'low', bounds: null }, { id: 'restart' }],
    });
    for (const { metadata } of entries) {
      expect(Object.keys(metadata).at(-1)).toBe('clock');
      expect(metadata.clock).toEqual(CLOCK.clock);
    }
  });

  it('is what is served from then on, with nothing tried beside it', () => {
    const { entries, of } = written(approveProposal('p3', factsOf(before)));
    expect(readArms(of('learning_arms')?.decision)).toEqual({
      ...{ first: ['cache', 'restart'], incumbent: ['restart', 'cache'], candidate: ['restart', 'cache'], version: 1 },
      ...{ holdout: 0.2, waits: {}, p: { cache: 0.25, restart: 0.875 } },
    });
    expect(checkState(stateOf([...before, ...entries]), 'web')).toMatchObject({
      ...{ incumbent: ['restart', 'cache'], version: 1, held: false, outcomes: 1, outcomes_at_change: 1 },
    });
  });

  it('ends what a rollback holds', () => {
    const undo = {
      kind: 'rollback',
      from: ['restart', 'cache'],
      to: ['cache', 'restart'],
      reason: 'person',
      hold: true,
    };
    const held = [arms(), update(1), update(2, { ...undo, rolls_back: 'v1' }), arms(), proposed(3)];
    expect(checkState(stateOf(held), 'web')?.held).toBe(true);
    const { entries } = written(approveProposal('p3', factsOf(held)));
    expect(checkState(stateOf([...held, ...entries]), 'web')).toMatchObject({ held: false, version: 3 });
  });

  it('of a wait leaves the orders as they are', () => {
    const stands = { candidate: ['restart', 'cache'], version: null, waits: { cache: 7 } };
    const drafts = [arms(stands), proposed(1, WAIT)];
    const { entries, of } = written(approveProposal('p1', factsOf(drafts)));
    expect(of('config_update')?.decision).toMatchObject({ kind: 'wait', playbook: 'restart', from: 30, to: 22.5 });
    expect(of('learning_arms')?.decision).toMatchObject({ ...stands, waits: { cache: 7, restart: 22.5 } });
    expect(checkState(stateOf([...drafts, ...entries]), 'web')).toMatchObject({ waits: { cache: 7, restart: 22.5 } });
  });

  it('of a drop leaves the first order whole, for comparison', () => {
    const drafts = [arms(), proposed(1, { kind: 'drop', to: ['restart'] })];
    const { of } = written(approveProposal('p1', factsOf(drafts)));
    expect(of('learning_arms')?.decision).toMatchObject({ first: ['cache', 'restart'], incumbent: ['restart'] });
  });

  it.each([
    ['confirm', CONFIRM],
    ['threshold', { kind: 'threshold', from: 'used_below: 90%', to: 'used_below: 95%', needs: 'threshold' }],
  ])('of a %s is written down, and changes nothing that is served', (_, decision) => {
    const drafts = [arms(), proposed(1, decision)];
    const { entries, version } = written(approveProposal('p1', factsOf(drafts)));
    expect(version).toBeNull();
    expect(entries.map(({ action }) => action)).toEqual(['change_approved', 'task_completed']);
    expect(stateOf([...drafts, ...entries])).toEqual(stateOf(drafts));
  });

  it('counts once', () => {
    const { entries } = written(approveProposal('p3', factsOf(before)));
    const after = [...before, ...entries];
    expect(whyNot(approveProposal('p3', factsOf(after)))).toBe('p3 was approved by operator:anna, as v1');
    expect(whyNot(rejectProposal('p3', factsOf(after)))).toBe('p3 was approved by operator:anna, as v1');
  });
});

describe('is refused', () => {
  const elsewhere = webCheck({ playbooks: [playbook('cache'), playbook('other')] });
  it.each<[string, readonly AuditDraft[], Partial<Today>, string]>([
    [
      'rejected',
      [...before, ended(ACTION.changeRejected, 3, 'operator:bob', { reason: 'no' })],
      {},
      'p3 was rejected by operator:bob: no',
    ],
    ['withdrawn', [...before, ended(ACTION.changeWithdrawn, 3, 'learner')], {}, 'p3 was withdrawn by learner'],
    ['never made', [arms()], {}, 'no proposal is named p3'],
    ['for a check that is gone', before, { check: undefined }, 'grace.yaml has no check web any more'],
    ['for a playbook that is gone', before, { check: elsewhere }, 'restart is no remedy of web in grace.yaml any more'],
    ['where nothing is learned', before, { check: webCheck({ learn: false }) }, 'grace.yaml says learn: false for web'],
    ['where learning is off', before, { mode: 'off' }, 'learning.mode is off in grace.yaml'],
    [
      'for a list that its author has changed',
      before,
      { check: webCheck({ playbooks: [playbook('restart'), playbook('cache')] }) },
      'grace.yaml lists restart, then cache for web, and no longer cache, then restart',
    ],
    [
      'from what does not stand any more',
      [...before, update(1)],
      {},
      'web is at restart, then cache now, and not at cache, then restart',
    ],
    [
      'beside a wait whose author has changed it since',
      [arms({ waits: { cache: 37.5 } }, 'web', [{ id: 'cache', within_s: 30 }]), proposed(3)],
      { check: webCheck({ playbooks: [playbook('cache', { within_s: 60 }), playbook('restart')] }) },
      'within of cache is 60 s in grace.yaml now, and no longer 30 s',
    ],
    [
      'from a wait that does not stand any more',
      [arms({ waits: { restart: 37.5 } }), proposed(3, WAIT)],
      {},
      'the wait after restart for web is at 37.5 s now, and not at 30 s',
    ],
    [
      'from a rule that does not stand any more',
      [proposed(3, { ...CONFIRM, from: '1 of 1' })],
      {},
      'grace.yaml does not say confirm: 1 of 1 for web any more',
    ],
    [
      'from a limit that is none',
      [proposed(3, { ...CONFIRM, kind: 'threshold' })],
      {},
      'grace.yaml does not say 2 of 3 for web any more',
    ],
  ])('what was %s', (_, drafts, today, why) => {
    expect(whyNot(approveProposal('p3', factsOf(drafts, today)))).toContain(why);
  });

  it('a check that is named like a built-in is no harm', () => {
    const odd = webCheck({ name: '__proto__' });
    const drafts = [arms({}, '__proto__'), proposed(3, { check: '__proto__' })];
    const { entries } = written(approveProposal('p3', factsOf(drafts, { check: odd })));
    const state = stateOf([...drafts, ...entries]);
    expect(checkState(state, '__proto__')).toMatchObject({ incumbent: ['restart', 'cache'] });
    expect(Object.getPrototypeOf(state.checks)).toBe(Object.prototype);
  });
});

it('a rejection says why, ends the task, and changes nothing that is served', () => {
  const { entries, of } = written(rejectProposal('p3', factsOf(before, {}, 'keep it warm')));
  expect(entries.map(({ action, resource }) => [action, resource])).toEqual([
    ['change_rejected', 'p3'],
    ['task_cancelled', 'config_update_p3'],
  ]);
  expect(of('change_rejected')?.decision).toEqual({
    ...{ proposal: 3, kind: 'order', check: 'web', from: ['cache', 'restart'], to: ['restart', 'cache'] },
    ...{ reason: 'keep it warm', rule: 'accounts["operator:anna"]' },
  });
  expect(stateOf([...before, ...entries])).toEqual(stateOf(before));
});

describe('a rollback', () => {
  const changed = [arms(), update(1), arms({ incumbent: ['restart', 'cache'], version: 1 })];

  it('puts back what the version has replaced, and holds', () => {
    const { entries, version, of } = written(rollbackVersion('v1', factsOf(changed, {}, 'too slow')));
    expect(version).toBe('v2');
    expect(entries.map(({ action, resource }) => [action, resource])).toEqual([
      ['task_registered', 'config_update_v2'],
      ['config_update', 'v2'],
      ['learning_arms', 'web'],
      ['task_completed', 'config_update_v2'],
    ]);
    expect(of('config_update')).toMatchObject({
      decision: {
        ...{ version: 2, kind: 'rollback', check: 'web', from: ['restart', 'cache'], to: ['cache', 'restart'] },
        ...{ reason: 'person', rolls_back: 'v1', hold: true, account: 'operator:anna', proposal: null },
      },
      metadata: { note: 'too slow', numbers: { incidents: 0, median_s: null } },
    });
    const after = [...changed, ...entries];
    expect(checkState(stateOf(after), 'web')).toMatchObject({
      incumbent: ['cache', 'restart'],
      version: 2,
      held: true,
    });
    const [first] = chronicleOf(asControls(after)).versions;
    expect(first?.fate).toMatchObject({ now: 'rolled_back', by: 'v2' });
  });

  it('can itself be rolled back', () => {
    const { entries } = written(rollbackVersion('v1', factsOf(changed)));
    const again = written(rollbackVersion('v2', factsOf([...changed, ...entries])));
    expect(again.of('config_update')?.decision).toMatchObject({ to: ['restart', 'cache'], rolls_back: 'v2' });
  });

  it('of a wait puts back the wait', () => {
    const drafts = [arms(), update(1, WAIT), arms({ waits: { restart: 22.5 } })];
    const { entries } = written(rollbackVersion('v1', factsOf(drafts)));
    expect(checkState(stateOf([...drafts, ...entries]), 'web')).toMatchObject({
      waits: { restart: 30 },
      version: null,
    });
  });

  it.each<[string, readonly AuditDraft[], Partial<Today>, string]>([
    [
      'that another has replaced',
      [...changed, update(2, { from: ['restart', 'cache'], to: ['cache', 'restart'] })],
      {},
      'v1 is not in force: the order of web is v2 now',
    ],
    [
      'that grace.yaml has replaced',
      [...changed, arms()],
      {},
      'v1 is not in force: the order of web is what grace.yaml says now',
    ],
    ['that never was', [arms()], {}, 'no version is named v1'],
    ['of a check that is gone', changed, { check: undefined }, 'grace.yaml has no check web any more'],
  ])('of a version %s is refused', (_, drafts, today, why) => {
    expect(whyNot(rollbackVersion('v1', factsOf(drafts, today)))).toBe(why);
  });
});
