import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { stateHash } from '../../../src/learning/state/state-hash.js';
import { planTick } from '../../../src/learning/tick/plan-tick.js';
import { check, Log, playbook, triesOf } from './log.js';

const bounds = { least_s: 5, most_s: 60 };
const three = [playbook('a', { bounds }), playbook('b', { bounds }), playbook('c')];
const db = { name: 'db', target: 'db.service', mode: 'disk_full' };

function past(mode: 'apply' | 'propose', n = 11): Log {
  const log = new Log([check(three), check(['a', 'b'], db)], { mode });
  for (let i = 0; i < n; i++) {
    for (const name of ['web', 'db']) {
      const served = log.serve(name);
      log.incident(
        name,
        triesOf(served.order, (id) => id === 'b'),
        served,
      );
      log.tick();
    }
  }
  return log;
}

/** Each leaves a tick with much to do. */
const SITUATIONS: Readonly<Record<string, () => Log>> = {
  'many episodes, a promotion and waits': () => {
    const log = past('propose', 0);
    log.governance = { ...log.governance, mode: 'apply' };
    for (let i = 0; i < 12; i++) {
      for (const name of ['web', 'db']) {
        const order = name === 'web' ? ['a', 'b', 'c'] : ['a', 'b'];
        const tries = triesOf(order, (id) => id === 'b').map((one) => ({ ...one, verify_s: one.worked ? 10 : 30 }));
        log.incident(name, tries);
      }
    }
    return log;
  },
  'proposals that are applied now': () => {
    const log = past('propose');
    log.governance = { ...log.governance, mode: 'apply' };
    return log;
  },
  'another list, and advice': () => {
    const log = past('propose');
    log.checks = [check(['c', 'a', 'b'])];
    log.advice = [{ check: 'web', kind: 'confirm', from: '1', to: '2 of 3', numbers: {}, why: 'it flaps' }];
    log.incident(
      'web',
      triesOf(['c', 'a', 'b'], (id) => id === 'b'),
    );
    return log;
  },
  'harm in two checks': () => {
    const log = past('apply');
    log.harmed('web');
    log.incident(
      'db',
      triesOf(['b', 'a'], (id) => id === 'b'),
    );
    return log;
  },
  'harm where only candidates are left': () => {
    const log = past('apply');
    const first = { incumbent: ['a', 'b'], first: ['a', 'b'], version: null, holdout: 0.2, waits: {}, p: {} };
    const decision = { ...first, candidate: ['b', 'a'] };
    log.append([{ actor: 'learner', action: ACTION.learningArms, resource: 'db', decision, metadata: {} }]);
    log.harmed('web');
    return log;
  },
  'surprises, and a wait that moves': () => {
    const log = past('apply');
    const failed = { playbook: 'b', worked: false, seconds: 40 };
    const waits = Array.from({ length: 3 }, () => ({ playbook: 'b', seconds: 9, healthy: true }));
    for (let i = 0; i < 3; i++) log.learned('web', { predicted: 0.9, tried: [failed], order: ['b', 'a', 'c'], waits });
    return log;
  },
};

describe('a tick that was cut off', () => {
  for (const [situation, begin] of Object.entries(SITUATIONS)) {
    it(`is completed by the next one, wherever it was cut: ${situation}`, () => {
      const before = begin();
      const whole = before.copy();
      const { entries } = whole.tick();
      expect(entries.length).toBeGreaterThan(4);
      expect(whole.tick().entries).toEqual([]);
      const said = (log: Log) =>
        [ACTION.configUpdate, ACTION.changeProposed, ACTION.changeWithdrawn].map((action) =>
          log.of(action).map(({ subject, decision }) => ({ subject, decision })),
        );
      const tasks = (log: Log) =>
        [...log.tasks.values()]
          .filter(({ task_type }) => task_type === 'config_update')
          .map(({ task_id, status, title }) => ({ task_id, status, title }))
          .sort((one, other) => (one.task_id < other.task_id ? -1 : 1));
      for (let cut = 0; cut <= entries.length; cut++) {
        const log = before.copy();
        log.append(entries.slice(0, cut));
        log.ticks += 1;
        const rest = log.tick();
        expect(rest.entries.length === 0).toBe(cut === entries.length);
        expect(stateHash(log.state)).toBe(stateHash(whole.state));
        expect(log.of(ACTION.learningTick).at(-1)?.metadata.state).toBe(stateHash(log.state));
        expect(said(log)).toEqual(said(whole));
        expect(tasks(log)).toEqual(tasks(whole));
        expect(log.refused).toEqual([]);
        const open = [...log.tasks.values()].filter(
          ({ status, task_type }) => status === 'pending' && task_type === 'learning_tick',
        );
        expect(open).toEqual([]);
        expect(log.tick().entries).toEqual([]);
      }
    });
  }

  it('is completed when the one that completes it is cut off as well', () => {
    const before = (SITUATIONS['harm in two checks'] as () => Log)();
    const whole = before.copy();
    whole.tick();
    const { entries } = planTick(before.facts());
    for (let cut = 0; cut < entries.length; cut += 3) {
      const log = before.copy();
      log.append(entries.slice(0, cut));
      for (let again = 1; again < 4; again++) {
        log.ticks += 1;
        log.append(planTick(log.facts()).entries.slice(0, again * 3));
      }
      log.ticks += 1;
      log.tick();
      expect(stateHash(log.state)).toBe(stateHash(whole.state));
      expect(log.refused).toEqual([]);
      expect(log.tick().entries).toEqual([]);
    }
  });

  it('leaves alone what a person has decided since', () => {
    const log = past('apply');
    log.harmed('web');
    const { entries } = planTick(log.facts());
    const cut = entries.findIndex(({ action, resource }) => action === ACTION.configUpdate && resource === 'v3') + 1;
    const versions = log.of(ACTION.configUpdate).length;
    log.append(entries.slice(0, cut || entries.findIndex(({ action }) => action === ACTION.configUpdate) + 1));
    const number = log.of(ACTION.configUpdate).length + 1;
    const rolled = `${log.of(ACTION.configUpdate).at(-1)?.decision.check}`;
    const other = rolled === 'db' ? 'web' : 'db';
    const stands = log.state.checks[other];
    const change = { check: other, from: [...(stands?.incumbent ?? [])], to: [...(stands?.first ?? [])].reverse() };
    log.append([
      {
        ...{ actor: 'operator:anna', action: ACTION.configUpdate, resource: `v${number}`, metadata: {} },
        decision: { version: number, kind: 'order', ...change, rule: 'may', account: 'operator:anna', proposal: 'p9' },
      },
    ]);
    log.ticks += 1;
    log.tick();
    expect(log.state.checks[rolled]?.held).toBe(true);
    expect(log.state.checks[other]).toMatchObject({ incumbent: change.to, version: number, held: false });
    expect(log.of(ACTION.configUpdate).length).toBe(versions + 2);
  });
});
