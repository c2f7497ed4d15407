import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { planTick } from '../../../src/learning/tick/plan-tick.js';
import { check, Log, triesOf } from './log.js';

const db = { name: 'db', target: 'db.service', mode: 'disk_full' };
const surprise = { predicted: 0.9, tried: [{ playbook: 'b', worked: false, seconds: 40 }], order: ['b', 'a'] };

/** Until each check has another order than its author's. */
function learnedLog(mode: 'apply' | 'propose' = 'apply'): Log {
  const log = new Log([check(['a', 'b']), check(['a', 'b'], db), check(['a', 'b'], { name: 'idle', mode: 'other' })]);
  for (let i = 0; i < 12; i++) {
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
  log.governance = { ...log.governance, mode };
  log.tick();
  return log;
}
const harmful = (log: Log) => versions(log).filter(({ reason }) => reason === 'harm');
const versions = (log: Log) => log.of(ACTION.configUpdate).map(({ decision }) => decision);

describe('harm', () => {
  it('sends every check back to its first order and holds it there, in apply and in propose', () => {
    for (const mode of ['apply', 'propose'] as const) {
      const log = learnedLog(mode);
      const before = versions(log).length;
      expect(before).toBe(2);
      log.harmed('web');
      expect(log.state.effect.time.below).toBeGreaterThanOrEqual(20);
      const { summary } = log.tick();
      const [one, other] = versions(log).slice(before);
      expect(one).toMatchObject({ kind: 'rollback', check: 'db', reason: 'harm', from: ['b', 'a'], to: ['a', 'b'] });
      expect(one).toMatchObject({ hold: true, rolls_back: 'v2', rule: 'going back needs no grant', proposal: null });
      expect(other).toMatchObject({ version: 4, check: 'web', reason: 'harm', rolls_back: 'v1' });
      expect(summary.rolled_back[1]).toBe('v4: web goes back to a, then b: harm was shown');
      expect(log.of(ACTION.learningTick).at(-1)?.decision).toMatchObject({ rolled_back: 2, applied: 0 });
      expect(log.state.harmed).toMatchObject([{ ended_by: 'v3', incidents: expect.any(Number) }]);
      expect(log.state.effect.incidents).toBe(0);
      for (const name of ['web', 'db']) {
        expect(log.state.checks[name]).toMatchObject({ incumbent: ['a', 'b'], candidate: ['a', 'b'], held: true });
        expect(log.serve(name)).toMatchObject({ arm: 'author', order: ['a', 'b'], propensity: 1 });
      }
      expect(log.tick().entries).toEqual([]);
    }
  });

  it('leaves what is better to a person there, and to itself again once one has said yes', () => {
    const log = learnedLog();
    log.harmed('web');
    log.tick();
    for (let i = 0; i < 3; i++) {
      log.incident(
        'web',
        triesOf(log.serve('web').order, (id) => id === 'b'),
        log.serve('web'),
      );
      log.tick();
    }
    const [open] = log.facts().open;
    expect(open?.decision).toMatchObject({ kind: 'order', check: 'web', to: ['b', 'a'] });
    expect(open?.decision.why).toMatch(/rolled back here, and no person has approved an order since/);
    log.decide(`${open?.subject}`, true);
    log.tick();
    expect(log.state.checks.web).toMatchObject({ incumbent: ['b', 'a'], held: false });
    expect(log.tick().entries).toEqual([]);
  });

  it('holds where only a candidate was tried, and all where nothing of the kind is left', () => {
    const log = learnedLog();
    const first = { first: ['a', 'b'], incumbent: ['a', 'b'], version: null, holdout: 0.2, waits: {}, p: {} };
    const arms = (name: string, candidate: string[]) =>
      log.append([
        {
          actor: 'learner',
          action: ACTION.learningArms,
          resource: name,
          decision: { ...first, candidate },
          metadata: {},
        },
      ]);
    for (const name of ['web', 'db', 'idle']) arms(name, ['a', 'b']);
    const copy = log.copy();
    arms('idle', ['b', 'a']);
    log.harmed('web');
    log.tick();
    expect(harmful(log)).toMatchObject([{ check: 'idle', from: ['a', 'b'], to: ['a', 'b'], hold: true }]);
    copy.harmed('web');
    copy.tick();
    expect(harmful(copy)).toMatchObject(['db', 'idle', 'web'].map((name) => ({ check: name, hold: true })));
    expect(copy.tick().entries).toEqual([]);
  });

  it('sends a check back that has opted out or is gone, for the day on which it returns', () => {
    const log = learnedLog();
    log.harmed('web');
    const [web, other] = log.checks as [(typeof log.checks)[0], (typeof log.checks)[0]];
    log.checks = [{ ...web, learn: false }];
    log.tick();
    expect(log.state.checks.db?.incumbent).toEqual(['a', 'b']);
    log.checks = [web, other];
    expect(log.serve('web').order).toEqual(['a', 'b']);
    log.tick();
    expect(log.serve('db').order).toEqual(['a', 'b']);
  });
});

describe('an order that surprises', () => {
  it('goes back to what it had replaced after three first failures in a row, and is not held', () => {
    for (const mode of ['apply', 'propose'] as const) {
      const log = learnedLog(mode);
      for (let i = 0; i < 2; i++) log.learned('web', surprise);
      log.tick();
      expect(versions(log)).toHaveLength(2);
      log.learned('web', surprise);
      log.tick();
      expect(versions(log)[2]).toEqual({
        ...{ version: 3, kind: 'rollback', check: 'web', from: ['b', 'a'], to: ['a', 'b'] },
        ...{ rule: 'going back needs no grant', account: 'learner', proposal: null },
        ...{ reason: 'surprises', rolls_back: 'v1' },
      });
      expect(log.state.checks.web).toMatchObject({ incumbent: ['a', 'b'], surprises: 0, held: false, version: 3 });
      expect(log.tick().entries).toEqual([]);
    }
  });

  it('goes back to the first order where what it replaced is not known, is gone, or was a way back itself', () => {
    const setUp = () => {
      const log = new Log([check(['a', 'b', 'c'])]);
      const update = (version: number, kind: string, from: string[], to: string[]) => ({
        ...{ actor: 'operator:anna', action: ACTION.configUpdate, resource: `v${version}`, metadata: {} },
        decision: { version, kind, check: 'web', from, to, rule: 'may', account: 'operator:anna', proposal: null },
      });
      return { log, update };
    };
    const sure = { predicted: 0.9, tried: [{ playbook: 'c', worked: false, seconds: 40 }], order: ['c', 'a', 'b'] };
    for (const [kind, from, to] of [
      ['order', ['b', 'a', 'c'], ['b', 'a', 'c']],
      ['rollback', ['b', 'a', 'c'], ['a', 'b', 'c']],
      ['order', ['b', 'gone', 'c'], ['a', 'b', 'c']],
    ] as const) {
      const { log, update } = setUp();
      log.append([update(1, 'order', ['a', 'b', 'c'], ['b', 'a', 'c'])]);
      log.learned('web');
      log.tick();
      log.append([update(2, kind, [...from], ['c', 'a', 'b'])]);
      log.tick();
      for (let i = 0; i < 3; i++) log.learned('web', sure);
      log.tick();
      expect(versions(log).find(({ reason }) => reason === 'surprises')?.to).toEqual(to);
    }
    const { log, update } = setUp();
    log.append([update(1, 'order', ['a', 'b', 'c'], ['c', 'a', 'b'])]);
    for (let i = 0; i < 3; i++) log.learned('web', sure);
    const { entries } = planTick({ ...log.facts(), versions: [] });
    expect(entries.find(({ action }) => action === ACTION.configUpdate)?.decision.to).toEqual(['a', 'b', 'c']);
  });

  it('stays where it is the author’s own', () => {
    const log = new Log([check(['b', 'a'])]);
    for (let i = 0; i < 5; i++) log.learned('web', { ...surprise, arm: 'author' });
    expect(log.state.checks.web?.surprises).toBe(5);
    log.tick();
    expect(versions(log).filter(({ kind }) => kind === 'rollback')).toEqual([]);
  });
});
