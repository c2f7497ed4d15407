import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cooldownLeft, reachedCap } from '../../../src/healing/engine/limits.js';
import { isRepeatable, rearmLeft, roundsGivenUp, untried } from '../../../src/healing/engine/rounds.js';
import { POLICY } from '../../support/heal-stand.js';
import { control, endedClaim, plainPlaybook, plainWatched, situation } from './situations.js';

const gaveUp = (seconds: number, line: number, rounds = 1) =>
  control('incident_escalated', seconds, line, { decision: { gave_up: true }, metadata: { rounds } });

const within = (cooldown_s: number, ...caps: [number, number][]) =>
  plainWatched({ limits: { cooldown_s, caps: caps.map(([most, within_s]) => ({ most, within_s })) } });

describe('the cooldown', () => {
  test.each([
    [[], 0],
    [[endedClaim(70, 60, { claim_id: 'other' })], 240],
    [[endedClaim(400, 300, { claim_id: 'other' })], 0],
    [[endedClaim(400, 100, { claim_id: 'other' }), endedClaim(900, 50)], 200],
    // The end is not known.
    [[endedClaim(70, 0, { claim_id: 'other', ended: null })], 230],
  ] as const)('counts from the end of the last act on the target', (targetClaims, left) => {
    expect(Math.max(0, cooldownLeft(situation({ targetClaims, watched: within(300) })))).toBeCloseTo(left, 9);
  });

  test('does not hold within a round', () => {
    const claim = endedClaim(20, 10);
    const watched = within(300);
    expect(cooldownLeft(situation({ targetClaims: [claim], claims: [claim], watched }))).toBe(0);
    const escalation = gaveUp(9, claim.line + 1);
    expect(cooldownLeft(situation({ targetClaims: [claim], claims: [claim], escalation, watched }))).toBe(290);
  });
});

describe('caps', () => {
  test('each is held by itself: what is within its window, at its first and last moment', () => {
    const targetClaims = [endedClaim(0, 0), endedClaim(59, 0), endedClaim(60, 0), endedClaim(3599, 0)];
    const reached = (...caps: [number, number][]) =>
      reachedCap(situation({ targetClaims, watched: within(0, ...caps) }));
    expect(reached([3, 60])).toBeUndefined();
    expect(reached([2, 60])).toBe('2 acts within 1m, and 2 are allowed');
    expect(reached([3, 60], [4, 3600])).toBe('4 acts within 1h, and 4 are allowed');
    expect(reached([5, 3600])).toBeUndefined();
    expect(reached([1, 86_400])).toBe('4 acts within 1d, and 1 are allowed');
    expect(reached([1, 90])).toBe('3 acts within 90s, and 1 are allowed');
  });

  test('whatever became of them', () => {
    const outcomes = ['worked', 'failed', 'timed_out', 'unknown', null] as const;
    const targetClaims = outcomes.map((outcome, i) =>
      endedClaim(i, 0, { outcome, ...(outcome === null ? { ended: null, ended_at: null } : {}) }),
    );
    expect(reachedCap(situation({ targetClaims, watched: within(0, [5, 60]) }))).toMatch(/^5 acts/);
    expect(reachedCap(situation({ targetClaims, watched: within(0, [6, 60]) }))).toBeUndefined();
  });

  test('however often it is asked at whatever moments, a cap is never exceeded', () => {
    const caps = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 500 })), {
      minLength: 1,
      maxLength: 3,
    });
    const steps = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 200 });
    fc.assert(
      fc.property(caps, steps, (limits, pauses) => {
        const times: number[] = [];
        let now = 0;
        for (const pause of pauses) {
          now += pause;
          const targetClaims = times.map((time) => endedClaim(now - time, now - time)).reverse();
          if (reachedCap(situation({ targetClaims, watched: within(0, ...limits) })) === undefined) times.push(now);
        }
        for (const [most, within_s] of limits) {
          for (const from of times) {
            expect(times.filter((time) => time >= from && time < from + within_s).length).toBeLessThanOrEqual(most);
          }
        }
      }),
    );
  });
});

describe('rounds', () => {
  test('the wait doubles with each round that was given up, to its most', () => {
    const left = (rounds: number, seconds = 0) => rearmLeft(situation({ escalation: gaveUp(seconds, 50, rounds) }));
    expect([1, 2, 3, 4, 5, 100].map((rounds) => left(rounds))).toEqual([900, 1800, 3600, 3600, 3600, 3600]);
    expect(left(2, 1799)).toBe(1);
    expect(left(2, 1800)).toBe(0);
    expect(left(0)).toBe(900);
    expect(left(1e9)).toBe(POLICY.rearm.most_s);
  });

  test('nothing waits within a round, nor for a person who was called for another reason', () => {
    expect(rearmLeft(situation())).toBe(0);
    expect(rearmLeft(situation({ escalation: gaveUp(1, 50), claims: [endedClaim(1, 0, { line: 51 })] }))).toBe(0);
    const called = control('incident_escalated', 1, 50, { decision: { gave_up: false }, metadata: { rounds: 0 } });
    expect(rearmLeft(situation({ escalation: called }))).toBe(0);
  });

  test('rounds that were given up are read from the entry, whatever stands there', () => {
    const rounds = (value: string | number | null) =>
      roundsGivenUp(situation({ escalation: control('incident_escalated', 1, 50, { metadata: { rounds: value } }) }));
    expect([rounds(3), rounds('3'), rounds(null), roundsGivenUp(situation())]).toEqual([3, 0, 0, 0]);
  });

  test('what is left to try, in its order: what was not tried in this round', () => {
    const [p, q, r] = [plainPlaybook('p'), plainPlaybook('q'), plainPlaybook('r')];
    const order = [r, p, q];
    const left = (change: Parameters<typeof situation>[0]) => untried(situation(change), order).map(({ id }) => id);
    const claims = [endedClaim(5, 4, { playbook_id: 'p', line: 60 }), endedClaim(9, 8, { playbook_id: 'r', line: 40 })];
    expect(left({})).toEqual(['r', 'p', 'q']);
    expect(left({ claims })).toEqual(['q']);
    expect(left({ claims, escalation: gaveUp(7, 50) })).toEqual(['r', 'q']);
  });

  test('one whose outcome is unknown is tried again, once, if all its steps may be repeated', () => {
    const p = plainPlaybook('p', { repeatable: true });
    const unknown = (line: number) => endedClaim(5, 4, { outcome: 'unknown', line });
    const left = (...claims: ReturnType<typeof unknown>[]) => untried(situation({ claims }), [p]).length;
    expect([left(unknown(60)), left(unknown(60), unknown(61))]).toEqual([1, 0]);
    expect(left(unknown(60), endedClaim(5, 4, { outcome: 'failed', line: 61 }))).toBe(0);
    const [step] = plainPlaybook('q').steps;
    const mixed = { ...p, steps: [...p.steps, ...(step ? [step] : [])] };
    expect(isRepeatable(mixed)).toBe(false);
    expect(untried(situation({ claims: [unknown(60)] }), [mixed])).toEqual([]);
  });
});
