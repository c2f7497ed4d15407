import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { seededRandom } from '../../../src/learning/order/random.js';
import { check, Log, playbook, triesOf } from './log.js';

const remedies = [playbook('worst'), playbook('middling'), playbook('best')];
const CHANCE: Readonly<Record<string, number>> = { worst: 0.1, middling: 0.5, best: 0.9 };

/** Lives through so many incidents, a tick after each. */
function lived(log: Log, incidents: number, seed: string): number {
  const random = seededRandom(seed);
  for (let i = 0; i < incidents; i++) {
    const served = log.serve('web');
    const works = Object.fromEntries(Object.entries(CHANCE).map(([id, p]) => [id, random() < p]));
    log.incident(
      'web',
      triesOf(served.order, (id) => works[id] === true),
      served,
    );
    log.tick();
    expect(log.refused).toEqual([]);
    if (log.state.checks.web?.incumbent[0] === 'best') return i + 1;
  }
  return Number.POSITIVE_INFINITY;
}

describe('a check whose author put the worst remedy first', () => {
  it('has the best first within 60 incidents, by versions that say why', () => {
    for (const seed of ['one', 'two', 'three', 'four', 'five']) {
      const log = new Log([check(remedies)]);
      expect(lived(log, 60, seed)).toBeLessThanOrEqual(60);
      const version = log.of(ACTION.configUpdate).at(-1);
      expect(version?.decision).toMatchObject({ kind: 'order', check: 'web', account: 'learner', proposal: null });
      expect(version?.decision.rule).toMatch(/reorder/);
      expect(version?.metadata.numbers).toMatchObject({ person_s: 1800 });
      const openings = log.episodes.map(({ opening }) => opening.decision.arm);
      expect(new Set(openings).size).toBeGreaterThan(1);
      expect(log.tasks.get(`config_update_${version?.subject}`)?.status).toBe('completed');
    }
  });

  it('ends in one open proposal where only proposing is allowed, and nothing was drawn', () => {
    for (const seed of ['one', 'two', 'three']) {
      const log = new Log([check(remedies)], { mode: 'propose' });
      lived(log, 60, seed);
      expect(log.episodes).toHaveLength(60);
      expect(log.episodes.every(({ opening: { decision } }) => decision.arm === 'author')).toBe(true);
      expect(log.episodes.every(({ opening: { decision } }) => decision.holdout_share === 1)).toBe(true);
      expect(log.of(ACTION.configUpdate)).toEqual([]);
      const open = log.facts().open.filter(({ decision }) => decision.kind === 'order');
      expect(open).toHaveLength(1);
      expect(open[0]?.decision).toMatchObject({ kind: 'order', from: ['worst', 'middling', 'best'], needs: 'reorder' });
      expect([open[0]?.decision.to].flat()[0]).not.toBe('worst');
      expect(open[0]?.decision.why).toMatch(/learning.mode is propose/);
      const pending = [...log.tasks.values()].filter(({ status }) => status === 'pending');
      expect(pending.map(({ task_id }) => task_id)).toEqual(
        log.facts().open.map(({ subject }) => `config_update_${subject}`),
      );
    }
  });
});
