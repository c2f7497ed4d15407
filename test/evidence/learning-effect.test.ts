import { describe, expect, it } from 'vitest';
import { effectClaim } from '../../src/evidence/learning-effect.js';
import type { EffectFacts } from '../../src/evidence/learning-facts.js';
import type { RecordState } from '../../src/evidence/records.js';
import { type EffectIncident, NO_EFFECT, observeEffect } from '../../src/learning/effect/effect.js';
import { effectVerdict } from '../../src/learning/effect/verdict.js';
import { wholeRecords } from './facts.js';
import { learned } from './learned.js';

const claimOf = (effect: Partial<EffectFacts>, records: Partial<RecordState> = {}) =>
  effectClaim(learned({ effect }), wholeRecords(records), null);

/** A series in which the arms take these seconds, alternating, one of five in the first order. */
function series(
  n: number,
  learned_s: number,
  first_s: number,
  change: Partial<EffectIncident> = {},
): Partial<EffectFacts> {
  let state = NO_EFFECT;
  for (let i = 0; i < n; i++) {
    const holdout = i % 5 === 0;
    const common = { mode: 'm', holdout, holdout_share: 0.2, differs: true, relapsed: false, escalated: false };
    const wobble = 1 + (i % 7) / 10;
    state = observeEffect(state, { ...common, recovered_s: (holdout ? first_s : learned_s) * wobble, ...change });
  }
  const { incidents, learned: inLearned, holdout } = state;
  const verdict = effectVerdict(state, { reproducible: true });
  return { verdict, incidents, outcomes: n, learned: inLearned, holdout, replay: 'equal' };
}

describe('INCONCLUSIVE', () => {
  it('says of nothing how many incidents are missing at least', () => {
    expect(claimOf({})).toMatchObject({
      id: 'learning_effect',
      verdict: 'INCONCLUSIVE',
      headline: 'learning effect: 0 outcomes learned from',
      n: 0,
      numbers: { needed_learned: 80, needed_holdout: 20, missing_at_least: 100, more_incidents: null, ratio: null },
      reasons: [
        'a verdict needs 80 real incidents handled in the learned order and 20 in the first one',
        'at least 100 more are needed',
      ],
    });
  });

  it('says after a few what is there, and about how many more would decide', () => {
    const { verdict, headline, n, reasons, numbers } = claimOf(series(60, 60, 120));
    expect({ verdict, headline, n }).toEqual({
      verdict: 'INCONCLUSIVE',
      headline: 'learning effect: not decided after 59 compared incidents',
      n: 59,
    });
    expect(reasons[0]).toMatch(/; 48 and 11 are compared$/);
    expect(reasons[1]).toMatch(/^evidence that it is faster: E [\d.,]+, and 20 decides$/);
    expect(reasons[2]).toMatch(/^if they go on like this, about \d+ more incidents would decide$/);
    expect(numbers.more_incidents).toBeGreaterThan(0);
    expect(numbers.missing_at_least).toBe(32 + 9);
  });

  it('sees no end where both orders are alike', () => {
    const { verdict, reasons, numbers } = claimOf(series(400, 60, 60));
    expect(verdict).toBe('INCONCLUSIVE');
    expect(numbers).toMatchObject({ learned_n: 320, holdout_n: 79, missing_at_least: 0 });
    expect(reasons.join('\n')).toMatch(/no end is in sight|would decide/);
    // Beside the e-value the interval, now that it may be shown.
    expect(reasons[0]).toMatch(/× the baseline time \(interval [\d.]+–[\d.]+\), from 5 s to 40 min$/);
  });

  it('is that where older files are put away and the rest gives another state', () => {
    expect(claimOf({ ...series(400, 30, 240), replay: 'put_away' })).toMatchObject({
      verdict: 'INCONCLUSIVE',
      headline: 'learning effect: older files of the audit log are not here',
    });
  });
});

describe('PASS', () => {
  it('says how much faster, with its interval and what it rests on', () => {
    const { verdict, headline, n, numbers, reasons } = claimOf(series(400, 30, 240));
    expect(verdict).toBe('PASS');
    expect(headline).toMatch(/^learning effect: recovers in 0\.\d+× the baseline time \(interval 0\.\d+–0\.\d+\)$/);
    expect(n).toBe(399);
    expect(numbers.ratio).toBeCloseTo(1 / 8, 1);
    expect(numbers.e_faster).toBeGreaterThan(20);
    expect(reasons[0]).toMatch(/^320 real incidents in the learned order, 79 in the first one, drawn at random: E /);
    expect(reasons.at(-1)).toContain('grace learn replay --verify proves every version');
  });

  it('is said to rest on a copy where it does', () => {
    const { verdict, reasons } = claimOf({ ...series(400, 30, 240), replay: 'vouched' });
    expect(verdict).toBe('PASS');
    expect(reasons.at(-1)).toContain('was not folded again');
  });

  it('names the comparisons that ended before it, and what they do not count', () => {
    const harmed = [{ incidents: 120, e_slower: 23.1, e_worse: 1 }];
    const { verdict, reasons, excluded } = claimOf({ ...series(400, 30, 240), harmed });
    expect(verdict).toBe('PASS');
    expect(reasons.at(-1)).toBe(
      'an earlier comparison ended after 120 incidents because harm was shown: E 23.1 for slower, 1 for worse',
    );
    expect(excluded).toContainEqual(expect.objectContaining({ id: 'ended_comparison', n: 120 }));
  });
});

describe('FAIL', () => {
  it('when harm is shown', () => {
    const { verdict, headline, reasons } = claimOf(series(400, 240, 30));
    expect({ verdict, headline }).toEqual({
      verdict: 'FAIL',
      headline: 'learning effect: the learned order does harm',
    });
    expect(reasons.join('\n')).toMatch(/^slower than the first order: E .* and 20 decides$/m);
  });

  it('when the guard is breached', () => {
    let state = NO_EFFECT;
    for (let i = 0; i < 200; i++) {
      const holdout = i % 2 === 0;
      const common = { mode: 'm', holdout_share: 0.5, differs: true, recovered_s: 10, relapsed: false };
      state = observeEffect(state, { ...common, holdout, escalated: !holdout });
    }
    const verdict = effectVerdict(state, { reproducible: true });
    const { headline, reasons, ...claim } = claimOf({ ...state, verdict });
    expect(claim.verdict).toBe('FAIL');
    expect(headline).toBe('learning effect: the learned order does harm');
    expect(reasons.join('\n')).toMatch(
      /^relapsed or escalated more often: 100 of 100 learned, 0 of 99 first order; E /m,
    );
  });

  it('when the state that is folded is not the one that was written down', () => {
    const verdict = effectVerdict(NO_EFFECT, { reproducible: false });
    expect(claimOf({ verdict, replay: 'differs' })).toMatchObject({
      verdict: 'FAIL',
      headline: 'learning effect: what was learned does not follow from the logs',
      reasons: [expect.stringContaining('grace learn replay --verify')],
    });
  });

  it.each<[Partial<EffectFacts>, Partial<RecordState>, string]>([
    [{ lines_missing: true }, {}, 'lines of the audit log are missing'],
    [{}, { seal_gone: true }, 'the seal of the audit log is gone'],
    [
      {},
      { losses: [{ log: 'audit', kind: 'shrunk', bytes_before: 9, bytes_now: 1 }] as never },
      'bytes of the audit log are gone',
    ],
  ])('when the audit log is broken: %j %j', (effect, records, reason) => {
    expect(claimOf({ ...series(400, 30, 240), ...effect }, records)).toMatchObject({
      verdict: 'FAIL',
      headline: 'learning effect: the audit log that it rests on is broken',
      reasons: [reason],
    });
  });

  it('not when bytes of the other log are gone', () => {
    const losses = [{ log: 'incidents', kind: 'shrunk', bytes_before: 9, bytes_now: 1 }] as never;
    expect(claimOf(series(400, 30, 240), { losses }).verdict).toBe('PASS');
  });

  it('after a rollback for harm, until a person has approved an order there', () => {
    const harmed = [{ incidents: 120, e_slower: 23.1, e_worse: 1.5 }];
    expect(claimOf({ outcomes: 120, harmed, held: ['web'] })).toMatchObject({
      verdict: 'FAIL',
      headline: 'learning effect: harm was shown, and the first order is back',
      reasons: [expect.stringContaining('E 23.1 for slower'), 'until a person has approved an order there: web'],
    });
    expect(claimOf({ outcomes: 120, harmed, held: [] })).toMatchObject({
      verdict: 'INCONCLUSIVE',
      reasons: expect.arrayContaining([expect.stringContaining('an earlier comparison ended after 120 incidents')]),
    });
  });
});

it('names everything that is not compared, each once', () => {
  const { excluded } = effectClaim(
    learned({
      incidents: [
        { origin: 'drill', n: 3, attempted: 3 },
        { origin: 'real', n: 50, attempted: 41 },
        { origin: 'simulated', n: 1000, attempted: 0 },
      ],
      due: { waiting: 2, not_due: 4 },
      left_out: [
        { words: '[]', effect: 1, n: 20 },
        // Of the effect it is a fact all the same.
        { words: '["unknown_attempt"]', effect: 1, n: 1 },
        { words: '["config_changed","no_arm"]', effect: 0, n: 5 },
        { words: '["config_changed"]', effect: 0, n: 2 },
        { words: '["person_first"]', effect: 0, n: 6 },
        { words: '["__proto__"]', effect: 0, n: 1 },
      ],
      effect: { outcomes: 35, incidents: 21, learned: { n: 8, bad: 0 }, holdout: { n: 2, bad: 0 } },
    }),
    wholeRecords(),
    null,
  );
  expect(excluded.map(({ id, n }) => [id, n])).toEqual([
    ['drill', 3],
    ['simulated', 1000],
    ['no_attempt', 9],
    ['not_due', 4],
    ['not_learned', 2],
    ['person_first', 6],
    ['no_arm', 5],
    ['config_changed', 2],
    ['other', 1],
    ['not_compared', 11],
  ]);
});

it('is over all records, and says so where a window was asked for', () => {
  const claim = effectClaim(learned({ narrowed: true }), wholeRecords(), null);
  expect(claim.reasons.at(-1)).toBe('over all records: --since does not narrow the comparison');
  expect(claimOf({}).reasons.join()).not.toContain('--since');
});
