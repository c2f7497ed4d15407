import { describe, expect, it } from 'vitest';
import type { AuditSum } from '../../src/core/registry/queries/evidence-audit.js';
import { exitOf } from '../../src/evidence/claim.js';
import { learningReport } from '../../src/evidence/learning.js';
import { logState, wholeRecords } from './facts.js';
import { learned } from './learned.js';

const entries = (actor: string, action: string, n: number, change: Partial<AuditSum> = {}): AuditSum => ({
  ...{ actor, action, own: 1, n, old_rule: 0, old: 0 },
  ...change,
});
const reportOf = (facts: Parameters<typeof learned>[0], ...sums: AuditSum[]) =>
  learningReport({ sums }, learned(facts), wholeRecords(), null);
const report = (...sums: AuditSum[]) => reportOf({}, ...sums);
const late = { n: 47, mean_s: 20, p50_s: 12, p95_s: 40, fastest_s: 1, slowest_s: 95 };

describe('activity', () => {
  it('is PASS in the old words when the learner completed a tick', () => {
    expect(report(entries('learner', 'learning_tick', 2), entries('x', 'y', 8)).claims[0]).toMatchObject({
      id: 'learning_activity',
      verdict: 'PASS',
      headline: 'LEARNING SYSTEM IS ACTIVE!',
      n: 2,
      numbers: { entries: 10, loop_entries: 2, ticks: 2, outcomes_due: 0, late_p50_s: null },
      excluded: [expect.objectContaining({ id: 'other_entries', n: 8 })],
      reasons: ['the loop completed 2 ticks', 'no outcome was due'],
    });
  });

  it('says how many of the due outcomes were learned, and how late', () => {
    const facts = { due: { late }, last_tick_at: '2026-11-23T00:18:47.123Z', versions: { today: 1, overall: 3 } };
    const sums = [entries('learner', 'learning_tick', 9), entries('learner', 'outcome_learned', 47)];
    expect(reportOf(facts, ...sums).claims[0]).toMatchObject({
      verdict: 'PASS',
      numbers: {
        ...{ outcomes_due: 47, outcomes_learned: 47, outcomes_overdue: 0, overdue_limit_s: 3600 },
        ...{ late_p50_s: 12, late_p95_s: 40, late_max_s: 95, versions_today: 1, versions_overall: 3 },
      },
      reasons: [
        'the loop completed 9 ticks, the last at 2026-11-23 00:18:47Z',
        '47 of 47 due outcomes learned, 12 s late (p50), 40 s (p95), 1.6 min at most',
      ],
    });
  });

  it('is PASS while outcomes wait for the next tick, and PARTIAL as soon as one waits for too long', () => {
    const sums = [entries('learner', 'learning_tick', 9), entries('learner', 'outcome_learned', 5)];
    const waiting = { waiting: 3, longest_wait_s: 3600 };
    expect(reportOf({ due: waiting }, ...sums).claims[0]).toMatchObject({
      verdict: 'PASS',
      numbers: { outcomes_due: 8 },
      reasons: [
        expect.any(String),
        '5 of 8 due outcomes learned',
        'the next tick has 3 to learn from, due for less than 1 h',
      ],
    });
    expect(reportOf({ due: { ...waiting, overdue: 1, longest_wait_s: 7300 } }, ...sums)).toMatchObject({
      next: { argv: ['learn', 'status'] },
      claims: [
        {
          verdict: 'PARTIAL',
          headline: 'learning: 1 outcome overdue',
          numbers: { outcomes_overdue: 1, longest_wait_s: 7300 },
          reasons: [
            expect.any(String),
            '5 of 8 due outcomes learned',
            '1 has been due for longer than 1 h, the oldest for 2 h: grace learn tick does not run, or is not allowed to learn',
          ],
        },
        ...[{}, {}, {}],
      ],
    });
  });

  it('is PARTIAL when outcomes were learned, others are overdue, and no tick was completed', () => {
    const due = { overdue: 4, waiting: 4, longest_wait_s: 9e4 };
    expect(reportOf({ due }, entries('learner', 'outcome_learned', 5)).claims[0]).toMatchObject({
      verdict: 'PARTIAL',
      headline: 'learning: 4 outcomes overdue',
      reasons: ['the loop completed no tick', '5 of 9 due outcomes learned', expect.stringMatching(/^4 have .* 1 d: /)],
    });
  });

  it('is INCONCLUSIVE where nothing ever learned, whatever is overdue', () => {
    const due = { overdue: 4, waiting: 4, longest_wait_s: 9e4 };
    const { claims, next } = reportOf({ due }, entries('x', 'y', 1));
    expect(claims[0]).toMatchObject({ verdict: 'INCONCLUSIVE', headline: 'learning: the loop left no entry' });
    expect(claims[0].reasons.join('\n')).toContain('0 of 4 due outcomes learned\n4 have been due for longer than 1 h');
    expect(next?.argv).toEqual(['learn', 'status']);
  });

  it('is INCONCLUSIVE in a quiet window, and names the last tick', () => {
    const facts = { narrowed: true, last_tick_at: '2026-11-20T00:00:00.000Z' };
    expect(reportOf(facts, entries('x', 'y', 1)).claims[0]).toMatchObject({
      verdict: 'INCONCLUSIVE',
      reasons: [
        'no learning loop has written into the audit log in this window',
        'the last tick that had anything to do was at 2026-11-20 00:00:00Z',
      ],
    });
  });

  it('is PARTIAL when a loop did something and completed no tick', () => {
    expect(report(entries('learner', 'proposal', 1)).claims[0].verdict).toBe('PARTIAL');
    // A tick of anybody else is no tick of the loop.
    const others = [entries('someone', 'learning_tick', 5), entries('continuous_learning_loop', 'learning_tick', 5)];
    expect(report(...others).claims[0]).toMatchObject({ verdict: 'PARTIAL', numbers: { ticks: 0, loop_entries: 5 } });
  });

  it('is nothing that another program writes in the name of the learner', () => {
    const foreign = entries('learner', 'learning_tick', 5, { own: 0 });
    expect(report(foreign).claims[0]).toMatchObject({
      verdict: 'INCONCLUSIVE',
      numbers: { ticks: 0, loop_entries: 0 },
    });
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

  it('names what could not be read, and what was too much to look at', () => {
    const records = wholeRecords({ logs: [logState('audit', { quarantined: 3 })] });
    const [{ excluded }] = learningReport({ sums: [] }, learned({ due: { unexamined: 7 } }), records, null).claims;
    expect(excluded.map(({ id, n }) => [id, n])).toEqual([
      ['unexamined', 7],
      ['quarantined', 3],
    ]);
  });
});

describe('the report', () => {
  it('has activity first, apart from effect and calibration, and the records last', () => {
    expect(report().claims.map(({ id }) => id)).toEqual([
      'learning_activity',
      'learning_effect',
      'learning_calibration',
      'record_integrity',
    ]);
  });

  it('exits as activity does, and with --strict as the worst', () => {
    const { claims } = report(entries('learner', 'learning_tick', 1));
    const rule = { emptyIsOk: false };
    expect(exitOf({ claims, empty: false }, { ...rule, strict: false })).toBe(0);
    expect(exitOf({ claims, empty: false }, { ...rule, strict: true })).toBe(3);
  });

  it('learns from no outcome that somebody else claims', () => {
    expect(report(entries('kernel', 'outcome_learned', 9)).outcomes_learned).toBe(0);
  });

  it('counts why outcomes do not count, by word, and those that are compared all the same', () => {
    const left_out = [
      { words: '[]', effect: 1, n: 50 },
      { words: '["unknown_attempt"]', effect: 1, n: 4 },
      { words: '["unknown_attempt","no_arm"]', effect: 0, n: 2 },
      { words: 'no json', effect: 0, n: 1 },
    ];
    expect(reportOf({ left_out }).left_out).toEqual([
      { word: 'unknown_attempt', n: 6, compared: 4 },
      { word: 'no_arm', n: 2, compared: 0 },
    ]);
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
