import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { stateHash } from '../../../src/learning/state/state-hash.js';
import { planTick } from '../../../src/learning/tick/plan-tick.js';
import { check, Log, playbook, triesOf } from './log.js';

const worksFor = (id: string) => (one: string) => one === id;
const actions = (log: Log, from = 0) => log.lines.slice(from).map(({ action }) => action);

/** So many incidents in the order that is served, of which one remedy is the cure; a tick after each. */
function lived(log: Log, n: number, cure: string, name = 'web'): void {
  for (let i = 0; i < n; i++) {
    const served = log.serve(name);
    log.incident(name, triesOf(served.order, worksFor(cure)), served);
    log.tick();
  }
}

describe('a tick', () => {
  it('does nothing where there is nothing to do, and nothing at all where learning is off', () => {
    for (const mode of ['apply', 'propose', 'off'] as const) {
      const log = new Log([check(['a', 'b'])], { mode });
      expect(log.tick().entries).toEqual([]);
      if (mode !== 'off') continue;
      log.incident('web', triesOf(['a', 'b'], worksFor('b')));
      expect(log.tick()).toMatchObject({ entries: [], state: log.state, summary: { outcomes: 0, more: false } });
    }
  });

  it('is a task, and says at its end what the state is then', () => {
    const log = new Log([check(['a', 'b'])]);
    log.incident('web', triesOf(['a', 'b'], worksFor('b')));
    const { summary, state } = log.tick();
    expect(actions(log)).toEqual([
      ...['task_registered', ACTION.outcomeLearned, ACTION.learningArms, ACTION.learningTick, 'task_completed'],
    ]);
    expect(summary).toEqual({
      ...{ outcomes: 1, left_out: 0, more: false, applied: [], proposed: [], rolled_back: [], withdrawn: [] },
    });
    const ticked = log.of(ACTION.learningTick)[0];
    expect(ticked?.decision).toEqual({ outcomes: 1, left_out: 0, applied: 0, proposed: 0, rolled_back: 0 });
    expect(ticked?.metadata).toMatchObject({ prefix: { lines: 0 }, state: stateHash(log.state), mode: 'apply' });
    expect(stateHash(state)).toBe(stateHash(log.state));
    expect(log.tasks.get('learning_tick_t0')).toMatchObject({
      ...{ status: 'completed', subsystem: 'learning', task_type: 'learning_tick', verification_status: 'none' },
    });
    expect(log.lines.every(({ actor, metadata }) => actor === 'learner' && metadata.clock !== undefined)).toBe(true);
    expect(log.tick().entries).toEqual([]);
  });

  it('plans the same from the same facts, and nothing once that is written', () => {
    const log = new Log([check(['a', 'b', 'c']), check(['c', 'a'], { name: 'db', target: 'db.service' })]);
    for (let i = 0; i < 12; i++) {
      for (const name of ['web', 'db']) {
        const served = log.serve(name);
        log.incident(name, triesOf(served.order, worksFor(i < 6 ? 'c' : 'a')), served);
      }
      const facts = log.facts();
      expect(planTick(facts)).toEqual(planTick(structuredClone(facts)));
      expect(log.tick().entries.length).toBeGreaterThan(0);
      expect(log.tick().entries).toEqual([]);
      const last = log.of(ACTION.learningTick).at(-1);
      expect(last?.metadata.state).toBe(stateHash(log.state));
    }
    expect(log.refused).toEqual([]);
  });

  it('says before each version what the state was', () => {
    const log = new Log([check(['a', 'b'])]);
    lived(log, 12, 'b');
    const version = log.of(ACTION.configUpdate)[0];
    expect(version?.decision).toEqual({
      ...{ version: 1, kind: 'order', check: 'web', from: ['a', 'b'], to: ['b', 'a'] },
      ...{ rule: expect.any(String), account: 'learner', proposal: null },
    });
    const before = log.copy();
    before.lines = log.lines.slice(0, (version?.line ?? 0) - 1);
    expect(version?.metadata).toMatchObject({ state: stateHash(before.state), outcomes: before.state.outcomes });
    expect(version?.metadata.seed).toMatch(/^web api_timeout \d+$/);
    expect(log.tasks.get('config_update_v1')).toMatchObject({ status: 'completed', title: 'v1: web tries b first' });
  });

  it('learns from at most 200 episodes at a time', () => {
    const log = new Log([check(['a', 'b'])]);
    for (let i = 0; i < 201; i++) log.incident('web', triesOf(['a', 'b'], worksFor('b')));
    expect(log.tick().summary).toMatchObject({ outcomes: 200, more: true });
    expect(log.tick().summary).toMatchObject({ outcomes: 1, more: false });
    expect(log.tick().entries).toEqual([]);
  });

  it('learns from episodes of checks that are gone or have opted out, and changes nothing there', () => {
    const log = new Log([check(['a', 'b'], { learn: false })]);
    for (let i = 0; i < 10; i++) log.incident('web', triesOf(['a', 'b'], worksFor('b')));
    log.tick();
    expect(log.of(ACTION.learningArms)).toEqual([]);
    log.checks = [];
    log.tick();
    expect(log.state.outcomes).toBe(10);
    expect([...log.of(ACTION.configUpdate), ...log.of(ACTION.changeProposed)]).toEqual([]);
  });

  it('counts a person’s own mending as left out', () => {
    const log = new Log([check(['a', 'b'])]);
    log.incident('web', []);
    expect(log.tick().summary).toMatchObject({ outcomes: 1, left_out: 1 });
  });

  it('has a check of its own mode try what others have seen, but never without anything seen', () => {
    const quick = playbook('b', { declared_s: 1 });
    const log = new Log([check(['a', quick]), check(['a', quick], { name: 'db', target: 'db.service' })]);
    expect(log.tick().entries).toEqual([]);
    for (let i = 0; i < 5; i++) log.incident('web', triesOf(['a', 'b'], worksFor('b')));
    log.tick();
    expect(log.state.checks.db).toMatchObject({ first: ['a', 'b'], incumbent: ['a', 'b'], candidate: ['b', 'a'] });
  });

  it('takes names as data', () => {
    const log = new Log([check(['__proto__', 'constructor'], { name: '__proto__', mode: 'constructor' })]);
    lived(log, 12, 'constructor', '__proto__');
    expect(Object.hasOwn(log.state.checks, '__proto__')).toBe(true);
    expect(log.of(ACTION.configUpdate)[0]?.decision).toMatchObject({ check: '__proto__' });
    expect(log.of(ACTION.configUpdate)[0]?.decision.to).toEqual(['constructor', '__proto__']);
    expect(log.tick().entries).toEqual([]);
  });

  it('writes no line that is too long for the log', () => {
    const ids = Array.from({ length: 64 }, (_, i) => `${i}`.padStart(64, 'p'));
    for (const mode of ['apply', 'propose'] as const) {
      const log = new Log([check(ids)], { mode });
      const last = ids.at(-1) as string;
      for (let i = 0; i < 4; i++) {
        log.incident(
          'web',
          [ids[0] as string, last].map((id) => ({ playbook: id, worked: id === last })),
        );
      }
      log.tick();
      expect(log.of(mode === 'apply' ? ACTION.configUpdate : ACTION.changeProposed)).not.toEqual([]);
      for (const entry of log.lines) expect(JSON.stringify(entry).length).toBeLessThan(60_000);
    }
    const log = new Log([check([...ids, 'more'])]);
    log.incident(
      'web',
      triesOf(ids.slice(0, 2), () => false),
    );
    log.tick();
    expect(log.of(ACTION.learningArms)).toEqual([]);
  });
});

describe('what its author changes in grace.yaml', () => {
  it('is the first order from then on, and served as it is', () => {
    const log = new Log([check(['a', 'b', 'c'])]);
    lived(log, 12, 'b');
    expect(log.state.checks.web?.incumbent[0]).toBe('b');
    log.checks = [check(['c', 'a', 'b'])];
    expect(log.serve('web')).toMatchObject({ order: ['c', 'a', 'b'], arm: 'author' });
    const [begun] = [log.lines.length];
    log.tick();
    const [arms] = log.lines.slice(begun).filter(({ action }) => action === ACTION.learningArms);
    expect(arms?.decision).toMatchObject({ first: ['c', 'a', 'b'], incumbent: ['c', 'a', 'b'], version: null });
    expect(log.state.checks.web).toMatchObject({
      version: null,
      candidate: ['b', expect.any(String), expect.any(String)],
    });
    expect(log.tick().entries).toEqual([]);
    // Two more incidents, and what was known before is enough.
    lived(log, 2, 'b');
    expect(log.state.checks.web?.incumbent[0]).toBe('b');
  });

  it('ends an order in which a playbook comes before one of lower risk, once its risk was raised', () => {
    const log = new Log([check(['a', 'b', 'c'])]);
    lived(log, 40, 'c');
    expect(log.state.checks.web?.incumbent[0]).toBe('c');
    log.checks = [check(['a', 'b', playbook('c', { risk: 'medium' })])];
    log.tick();
    expect(log.state.checks.web).toMatchObject({ incumbent: ['a', 'b', 'c'], version: null });
    expect(log.tick().entries).toEqual([]);
    // What it would like to do now is for a person to decide.
    lived(log, 6, 'c');
    expect(log.state.checks.web?.incumbent).toEqual(['a', 'b', 'c']);
    expect(log.facts().open.map(({ decision }) => decision.why)).toEqual([expect.stringContaining('medium risk')]);
  });

  it('leaves an order alone of which only the last has become riskier', () => {
    const log = new Log([check(['a', 'b', 'c'])]);
    lived(log, 40, 'c');
    const { incumbent = [], version } = log.state.checks.web ?? {};
    const last = incumbent.at(-1) ?? '';
    log.checks = [check(['a', 'b', 'c'].map((id) => (id === last ? playbook(id, { risk: 'high' }) : id)))];
    log.tick();
    expect(log.state.checks.web).toMatchObject({ incumbent, version });
  });

  it('ends what was proposed of the list before', () => {
    const log = new Log([check(['a', 'b'])], { mode: 'propose' });
    lived(log, 6, 'b');
    expect(log.facts().open).toHaveLength(1);
    log.checks = [check(['b', 'a'])];
    expect(log.tick().summary.withdrawn).toEqual(['p1: web would try b first; what holds has changed since']);
    expect(log.facts().open).toEqual([]);
    expect(log.tasks.get('config_update_p1')?.status).toBe('cancelled');
  });

  it('takes the place of the wait that was learned, if it is a wait', () => {
    const bounds = { least_s: 5, most_s: 60 };
    const log = new Log([check([playbook('a', { bounds })])]);
    for (let i = 0; i < 12; i++) log.incident('web', [{ playbook: 'a', worked: true, verify_s: 10 }]);
    log.tick();
    expect(log.state.checks.web?.waits).toEqual({ a: 22.5 });
    log.checks = [check([playbook('a', { bounds, declared_s: 7 })])];
    log.tick();
    expect(log.state.checks.web?.waits).toEqual({ a: 22.5 });
    log.checks = [check([playbook('a', { bounds, within_s: 40 })])];
    log.tick();
    expect(log.state.checks.web?.waits).toEqual({});
    expect(log.tick().entries).toEqual([]);
  });
});
