import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { DetectionAdvice } from '../../../src/learning/tick/facts.js';
import { check, GOVERNANCE, Log, playbook, triesOf } from './log.js';

const works = (cure: string) => (id: string) => id === cure;

function lived(log: Log, n: number, cure: string): void {
  for (let i = 0; i < n; i++) {
    const served = log.serve('web');
    log.incident('web', triesOf(served.order, works(cure)), served);
    log.tick();
  }
}
const decisions = (log: Log, action: string) => log.of(action).map(({ decision }) => decision);

describe('a proposal', () => {
  it('is made once, with its numbers and why, and is a task that waits', () => {
    const log = new Log([check(['a', 'b'])], { mode: 'propose' });
    lived(log, 6, 'b');
    expect(decisions(log, ACTION.changeProposed)).toEqual([
      {
        ...{ proposal: 1, kind: 'order', check: 'web', from: ['a', 'b'], to: ['b', 'a'], needs: 'reorder' },
        why: 'learning.mode is propose',
      },
    ]);
    const [made] = log.of(ACTION.changeProposed);
    expect(made?.metadata).toMatchObject({ seed: expect.any(String), state: expect.any(String), outcomes: 2 });
    expect(made?.metadata.numbers).toMatchObject({
      playbooks: [{ id: 'b' }, { id: 'a' }],
      incidents: 2,
      person_s: 1800,
    });
    expect(made?.metadata.playbooks).toHaveLength(2);
    expect(log.tasks.get('config_update_p1')).toMatchObject({ status: 'pending', title: 'p1: web would try b first' });
  });

  it('is not made again after a person’s no, until the order it starts from is another', () => {
    const log = new Log([check(['a', 'b', 'c'])], { mode: 'propose' });
    lived(log, 6, 'b');
    const [made] = log.of(ACTION.changeProposed);
    log.decide('p1', false);
    lived(log, 6, 'b');
    const same = decisions(log, ACTION.changeProposed).filter(({ to }) => `${to}` === `${made?.decision.to}`);
    expect(same).toHaveLength(1);
    // Nor is it applied, or tried, where it might be.
    log.governance = GOVERNANCE;
    log.tick();
    expect(log.of(ACTION.configUpdate)).toEqual([]);
    log.checks = [check(['a', 'c', 'b'])];
    lived(log, 3, 'b');
    expect(log.state.checks.web?.incumbent[0]).toBe('b');
  });

  it('is withdrawn when it has been applied, and what was approved is not withdrawn', () => {
    const log = new Log([check(['a', 'b'])], { mode: 'propose' });
    lived(log, 6, 'b');
    const copy = log.copy();
    log.governance = GOVERNANCE;
    log.tick();
    expect(decisions(log, ACTION.configUpdate)).toMatchObject([{ version: 1, to: ['b', 'a'] }]);
    expect(decisions(log, ACTION.changeWithdrawn)).toEqual([
      {
        ...{ proposal: 1, kind: 'order', check: 'web', from: ['a', 'b'], to: ['b', 'a'] },
        ...{ reason: 'what holds has changed since', rule: 'whoever has proposed a change may withdraw it' },
      },
    ]);
    expect(log.tasks.get('config_update_p1')?.status).toBe('cancelled');
    copy.decide('p1', true);
    copy.tick();
    expect(copy.of(ACTION.changeWithdrawn)).toEqual([]);
    expect(copy.serve('web')).toMatchObject({ order: ['b', 'a'], version: 1, arm: 'incumbent' });
    expect(copy.tick().entries).toEqual([]);
    expect([...log.refused, ...copy.refused]).toEqual([]);
  });

  it('is withdrawn when it is no longer better, its check is gone, or its author has opted out', () => {
    const open = () => {
      const log = new Log([check(['a', 'b'])], { mode: 'propose' });
      lived(log, 4, 'b');
      expect(log.facts().open).toHaveLength(1);
      return log;
    };
    const worse = open();
    lived(worse, 30, 'a');
    expect(decisions(worse, ACTION.changeWithdrawn)).toMatchObject([{ reason: 'it is no longer what is wanted' }]);
    expect(worse.facts().open).toEqual([]);
    for (const checks of [[], [check(['a', 'b'], { learn: false })]]) {
      const log = open();
      log.checks = checks;
      expect(log.tick().summary.withdrawn).toHaveLength(1);
      expect(log.facts().open).toEqual([]);
      expect(log.tick().entries).toEqual([]);
    }
  });

  it('says which risk would be overtaken, and is not tried either', () => {
    const log = new Log([check(['a', playbook('b', { risk: 'high' })])]);
    lived(log, 8, 'b');
    expect(decisions(log, ACTION.changeProposed)).toMatchObject([
      { kind: 'order', to: ['b', 'a'], why: 'b (high risk) would come before a (low risk)' },
    ]);
    expect(log.of(ACTION.configUpdate)).toEqual([]);
    expect(log.state.checks.web?.candidate).toEqual(['a', 'b']);
    expect(log.serve('web').arm).toBe('author');
  });

  it('is what dropping a playbook always is, and what a person has dropped does not come back', () => {
    const log = new Log([check(['a', 'b'])]);
    const failed = { playbook: 'b', worked: false, seconds: 600 };
    for (let i = 0; i < 40; i++) {
      log.learned('web', { tried: i % 2 ? [{ playbook: 'a', worked: true, seconds: 20 }] : [failed] });
    }
    log.tick();
    expect(decisions(log, ACTION.changeProposed)).toMatchObject([
      {
        kind: 'drop',
        from: ['a', 'b'],
        to: ['a'],
        needs: 'reorder',
        why: 'adding or dropping a playbook needs a person',
      },
    ]);
    log.decide('p1', true);
    log.tick();
    expect(log.state.checks.web).toMatchObject({ first: ['a', 'b'], incumbent: ['a'], candidate: ['a'] });
    expect(log.serve('web').order.length).toBeLessThanOrEqual(2);
    for (let i = 0; i < 10; i++) log.learned('web', { tried: [{ playbook: 'b', worked: true, seconds: 5 }] });
    log.tick();
    expect(log.state.checks.web?.incumbent).toEqual(['a']);
    expect(log.facts().open).toEqual([]);
  });

  it('never drops the last', () => {
    const log = new Log([check(['a', 'b'])]);
    const failed = ['a', 'b'].map((id) => ({ playbook: id, worked: false, seconds: 900 }));
    for (let i = 0; i < 40; i++) log.learned('web', { tried: failed });
    log.tick();
    const [drop] = decisions(log, ACTION.changeProposed).filter(({ kind }) => kind === 'drop');
    expect([drop?.to].flat()).toHaveLength(1);
  });
});

describe('advice on detection', () => {
  const advice: DetectionAdvice = {
    ...{ check: 'web', kind: 'confirm', from: '2 of 3', to: '3 of 4', numbers: { false_alarms: 3 } },
    why: '3 of 40 confirmed failures were gone at the next probe',
  };

  it('is only ever proposed, once, and withdrawn when it is given no more', () => {
    const log = new Log([check(['a'])]);
    log.advice = [advice];
    log.tick();
    expect(decisions(log, ACTION.changeProposed)).toEqual([
      {
        ...{ proposal: 1, kind: 'confirm', check: 'web', from: '2 of 3', to: '3 of 4', needs: 'threshold' },
        why: '3 of 40 confirmed failures were gone at the next probe; how a check detects is for a person to change',
      },
    ]);
    expect(log.of(ACTION.changeProposed)[0]?.metadata.numbers).toEqual({ false_alarms: 3 });
    expect(log.tick().entries).toEqual([]);
    log.advice = [{ ...advice, to: '4 of 5' }];
    expect(log.tick().summary).toMatchObject({ withdrawn: [expect.any(String)], proposed: [expect.any(String)] });
    log.decide('p2', false);
    expect(log.tick().entries).toEqual([]);
    log.advice = [];
    expect(log.tick().entries).toEqual([]);
    log.advice = [{ ...advice, check: 'gone' }];
    expect(log.tick().entries).toEqual([]);
  });
});
