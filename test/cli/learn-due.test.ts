import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overdueFor, settlesIn } from '../../src/cli/learn-due.js';
import { ACTION } from '../../src/core/records/audit-actions.js';
import type { EpisodeRecord } from '../../src/core/registry/queries/episodes.js';
import { outcomeOf } from '../../src/learning/outcome/outcome-of.js';
import { claim, control, now, opening, reopened } from '../learning/outcome/episode.js';

const claims = fc.array(
  fc.record({
    at: fc.integer({ min: 1, max: 500 }),
    outcome: fc.constantFrom('worked', 'failed', 'unknown', null),
    relapse_s: fc.option(fc.integer({ min: 0, max: 900 })),
  }),
  { maxLength: 4 },
);
const said = fc.array(
  fc.record({
    at: fc.integer({ min: 1, max: 500 }),
    action: fc.constantFrom(ACTION.incidentRecovered, ACTION.incidentEscalated, ACTION.incidentClosed),
    bearable: fc.boolean(),
  }),
  { maxLength: 3 },
);
const episodes = fc
  .record({
    claims,
    said,
    relapse_s: fc.integer({ min: 0, max: 900 }),
    next: fc.option(fc.integer({ min: 600, max: 700 })),
  })
  .map((made): EpisodeRecord => {
    let line = 1;
    const lineOf = () => ++line;
    const begun = opening({ metadata: { relapse_s: made.relapse_s } });
    return {
      opening: begun,
      next: made.next === null ? undefined : reopened(5000, 100 + made.next),
      claims: made.claims.map(({ at, outcome, relapse_s }) =>
        claim(lineOf(), 'a', { from: 100 + at, to: 105 + at, outcome, relapse_s }),
      ),
      said: made.said.map(({ at, action, bearable }) =>
        control(action, lineOf(), 100 + at, { decision: bearable ? { bearable } : {} }),
      ),
    };
  });

describe('when an episode may be over', () => {
  it('is never too late', () => {
    let closing = 0;
    fc.assert(
      fc.property(
        episodes,
        fc.integer({ min: 0, max: 1000 }),
        fc.integer({ min: 0, max: 2000 }),
        (episode, s, more) => {
          if (outcomeOf(episode, now(700 + s)) !== undefined) return;
          const left = settlesIn(episode, now(700 + s));
          if (outcomeOf(episode, now(700 + s + more)) === undefined) return;
          closing++;
          expect(left).not.toBeNull();
          expect(left).toBeLessThanOrEqual(more);
        },
      ),
      { numRuns: 3000 },
    );
    expect(closing).toBeGreaterThan(20);
  });

  it('is when its relapse window closes', () => {
    const episode = { opening: opening(), next: undefined, claims: [claim(2, 'a', { to: 130 })], said: [] };
    expect(settlesIn(episode, now(230))).toBe(200);
    expect(settlesIn(episode, now(430))).toBeNull();
    expect(settlesIn({ ...episode, claims: [claim(2, 'a', { outcome: 'failed' })] }, now(230))).toBeNull();
  });
});

describe('since when an episode could have been learned from', () => {
  const worked = { opening: opening(), next: undefined, claims: [claim(2, 'a', { to: 130 })], said: [] };

  it.each<[string, EpisodeRecord, number | null]>([
    ['a remedy that held', worked, 70],
    ['a relapse', { ...worked, next: reopened(9, 200) }, 300],
    ['a recovery by itself', { ...worked, claims: [], said: [control(ACTION.incidentRecovered, 3, -200)] }, 100],
    ['a person', { ...worked, claims: [], said: [control(ACTION.incidentClosed, 3, 450)] }, 50],
    ['one that is not over', { ...worked, claims: [] }, null],
  ])('%s', (_, episode, overdue) => {
    expect(overdueFor(episode, now(500))).toBe(overdue);
  });
});
