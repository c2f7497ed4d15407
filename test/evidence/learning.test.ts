import { describe, expect, it } from 'vitest';
import type { AuditSum } from '../../src/core/registry/queries/evidence-audit.js';
import { learningReport } from '../../src/evidence/learning.js';
import { logState, wholeRecords } from './facts.js';

const entries = (actor: string, action: string, n: number, change: Partial<AuditSum> = {}): AuditSum => ({
  ...{ actor, action, own: 1, n, old_rule: 0, old: 0 },
  ...change,
});
const report = (...sums: AuditSum[]) => learningReport({ sums }, wholeRecords());

describe('activity', () => {
  it('is PASS in the old words when the learner completed a tick', () => {
    expect(report(entries('learner', 'learning_tick', 2), entries('x', 'y', 8)).claims[0]).toMatchObject({
      id: 'learning_activity',
      verdict: 'PASS',
      headline: 'LEARNING SYSTEM IS ACTIVE!',
      n: 2,
      numbers: { entries: 10, loop_entries: 2, ticks: 2 },
      excluded: [expect.objectContaining({ id: 'other_entries', n: 8 })],
    });
  });

  it('is PARTIAL when a loop did something and completed no tick', () => {
    expect(report(entries('learner', 'proposal', 1)).claims[0].verdict).toBe('PARTIAL');
    // A tick of anybody else is no tick of the loop.
    const others = [entries('someone', 'learning_tick', 5), entries('continuous_learning_loop', 'learning_tick', 5)];
    expect(report(...others).claims[0]).toMatchObject({ verdict: 'PARTIAL', numbers: { ticks: 0, loop_entries: 5 } });
  });

  it('is INCONCLUSIVE when the loop only ever started', () => {
    expect(report(entries('continuous_learning_loop', 'system_start', 7)).claims[0]).toMatchObject({
      verdict: 'INCONCLUSIVE',
      reasons: ['7 entries by the loop itself, all system_start'],
    });
  });

  it('is INCONCLUSIVE when others merely use its words', () => {
    expect(report(entries('kernel', 'model_trained', 100, { old_rule: 100 })).claims[0]).toMatchObject({
      verdict: 'INCONCLUSIVE',
      headline: 'learning: the loop left no entry',
      n: 0,
    });
  });

  it('names what could not be read', () => {
    const records = wholeRecords({ logs: [logState('audit', { quarantined: 3 })] });
    const [{ excluded }] = learningReport({ sums: [] }, records).claims;
    expect(excluded.map(({ id, n }) => [id, n])).toEqual([['quarantined', 3]]);
  });
});

describe('effect', () => {
  const effect = (n: number) => report(entries('learner', 'outcome_learned', n)).claims[1];

  it('is INCONCLUSIVE and says how many incidents are missing', () => {
    expect(effect(0)).toMatchObject({
      id: 'learning_effect',
      verdict: 'INCONCLUSIVE',
      headline: 'learning effect: 0 outcomes learned from',
      numbers: { outcomes_learned: 0, needed_learned: 80, needed_holdout: 20, missing_at_least: 100 },
    });
    expect(effect(97)?.reasons).toContain('at least 3 more are needed');
  });

  it('stays INCONCLUSIVE with enough of them, because nothing compares the arms yet', () => {
    expect(effect(150)).toMatchObject({ verdict: 'INCONCLUSIVE', numbers: { missing_at_least: 0 } });
  });

  it('learns from no outcome that somebody else claims', () => {
    expect(report(entries('kernel', 'outcome_learned', 9)).outcomes_learned).toBe(0);
  });
});

describe('the comparison with the original report', () => {
  it('is not made when the old system wrote no entry', () => {
    expect(report(entries('a', 'b', 3, { old_rule: 3 })).original_report).toBeNull();
  });

  it('counts words', () => {
    const sums = [
      entries('a', 'retrain', 3, { old_rule: 3, old: 3 }),
      entries('a', 'logic_update_proposed', 7, { old: 7 }),
      entries('a', 'logic_update_distributed', 2, { old: 2 }),
    ];
    expect(report(...sums).original_report).toEqual({
      original: { events: 12, learning_events: 3, share: 0.25, passes: true },
      truth: { loop_entries: 0, loop_starts: 0, proposed: 7, distributed: 2, outcomes_learned: 0 },
    });
  });

  it('claims no PASS where the original saw no learning word', () => {
    expect(report(entries('a', 'b', 3, { old: 3 })).original_report?.original.passes).toBe(false);
  });
});

it('is empty only without any entry', () => {
  expect(report().empty).toBe(true);
  expect(report(entries('a', 'b', 1)).empty).toBe(false);
});
