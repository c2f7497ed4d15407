import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { LearnablePlaybook } from '../../../src/learning/tick/facts.js';
import { check, GOVERNANCE, Log, playbook } from './log.js';

const bounds = { least_s: 5, most_s: 60 };
const bounded = (id: string, more: Partial<LearnablePlaybook> = {}) => playbook(id, { bounds, ...more });

function healthy(log: Log, n: number, verify_s: number, id = 'a'): void {
  for (let i = 0; i < n; i++) log.incident('web', [{ playbook: id, worked: true, verify_s }]);
}
const decisions = (log: Log, action: string) => log.of(action).map(({ decision }) => decision);

describe('a wait', () => {
  it('is set inside the author’s bounds, by a quarter for each tick that has seen more of it', () => {
    const log = new Log([check([bounded('a')])]);
    healthy(log, 9, 10);
    log.tick();
    expect(log.of(ACTION.configUpdate)).toEqual([]);
    healthy(log, 1, 10);
    log.tick();
    expect(decisions(log, ACTION.configUpdate)).toEqual([
      {
        ...{ version: 1, kind: 'wait', check: 'web', playbook: 'a', from: 30, to: 22.5 },
        ...{
          rule: expect.stringMatching(/^accounts.learner.may: wait: inside the bounds/),
          account: 'learner',
          proposal: null,
        },
      },
    ]);
    expect(log.of(ACTION.configUpdate)[0]?.metadata).toMatchObject({
      numbers: { observed: 10, given_up: 0, best_s: 10, best_cost_s: 10, next_step_s: 1800, wait_s: 22.5 },
      seed: null,
    });
    expect(log.serve('web').waits).toEqual({ a: 22.5 });
    expect(log.tick().entries).toEqual([]);
    healthy(log, 1, 10);
    log.tick();
    expect(log.state.checks.web?.waits).toEqual({ a: 16.875 });
    // What is seen of another remedy moves nothing here.
    log.checks = [check([bounded('a')]), check([bounded('b')], { name: 'db' })];
    log.incident('db', [{ playbook: 'b', worked: true, verify_s: 10 }]);
    log.tick();
    expect(log.state.checks.web?.waits).toEqual({ a: 16.875 });
  });

  it('weighs what comes after it in the order', () => {
    const log = new Log([check([bounded('a'), bounded('b')])]);
    healthy(log, 10, 10);
    log.tick();
    const [version] = log.of(ACTION.configUpdate).filter(({ decision }) => decision.kind === 'wait');
    // b has been tried by nobody: p = 1/2, 20 s or 80 s, then a person.
    expect(version?.metadata.numbers).toMatchObject({ next_step_s: 50 + 900 });
  });

  it('is proposed where its author has set no bounds, within a quarter and four times of it', () => {
    const log = new Log([check([playbook('a', { within_s: 8 })])]);
    healthy(log, 12, 1);
    log.tick();
    const [made] = decisions(log, ACTION.changeProposed);
    expect(made).toMatchObject({ kind: 'wait', playbook: 'a', from: 8, to: 6, needs: 'wait' });
    expect(made?.why).toMatch(/sets no bounds/);
    for (let i = 1; i < 8; i++) {
      const open = log.facts().open.at(-1);
      if (open) log.decide(open.subject, true);
      log.tick();
      healthy(log, 1, 1);
      log.tick();
    }
    expect(log.state.checks.web?.waits.a).toBeGreaterThanOrEqual(2);
    expect(log.facts().open).toEqual([]);
    expect(log.of(ACTION.changeProposed).every(({ decision }) => Number(decision.to) >= 2)).toBe(true);
  });

  it('is not proposed anew at every observation, nor after a no', () => {
    const log = new Log([check([playbook('a')])]);
    healthy(log, 10, 21.6);
    log.tick();
    expect(decisions(log, ACTION.changeProposed)).toMatchObject([{ to: 27 }]);
    healthy(log, 1, 21.7);
    log.tick();
    expect(log.facts().open.map(({ subject }) => subject)).toEqual(['p1']);
    log.decide('p1', false);
    healthy(log, 1, 21.8);
    log.tick();
    log.checks = [check([bounded('a')])];
    healthy(log, 1, 21.8);
    log.tick();
    expect(log.facts().open).toEqual([]);
    expect(log.of(ACTION.changeProposed)).toHaveLength(1);
    expect(log.of(ACTION.configUpdate)).toEqual([]);
    // Far enough from what was refused it is another matter.
    healthy(log, 80, 16);
    log.tick();
    expect(decisions(log, ACTION.configUpdate)).toMatchObject([{ kind: 'wait', to: 22.5 }]);
  });

  it('is proposed in propose and where no grant allows it, and left alone where its author has opted out', () => {
    const forbidden = { allowed: false, rule: 'nothing is granted' };
    for (const governance of [
      { ...GOVERNANCE, mode: 'propose' as const },
      { ...GOVERNANCE, may: { reorder: forbidden, wait: forbidden } },
    ]) {
      const log = new Log([check([bounded('a')])], governance);
      healthy(log, 12, 10);
      log.tick();
      expect(log.of(ACTION.configUpdate)).toEqual([]);
      expect(decisions(log, ACTION.changeProposed)).toMatchObject([{ kind: 'wait', to: 22.5 }]);
    }
    const log = new Log([check([bounded('a')], { learn: false })]);
    healthy(log, 12, 10);
    log.tick();
    expect([...log.of(ACTION.configUpdate), ...log.of(ACTION.changeProposed)]).toEqual([]);
  });

  it('comes back into bounds that were set since', () => {
    const log = new Log([check([bounded('a')])]);
    healthy(log, 12, 10);
    log.tick();
    log.checks = [check([bounded('a', { bounds: { least_s: 25, most_s: 60 } })])];
    log.tick();
    expect(log.state.checks.web?.waits).toEqual({ a: 25 });
    expect(log.tick().entries).toEqual([]);
  });
});
