import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type EffectIncident,
  type EffectState,
  NO_EFFECT,
  observeEffect,
} from '../../../src/learning/effect/effect.js';
import { scoreOf } from '../../../src/learning/effect/score.js';

const incidents: fc.Arbitrary<EffectIncident[]> = fc.array(
  fc.record({
    mode: fc.constantFrom('port_in_use', 'api_timeout', 'disk_full', '__proto__', 'constructor'),
    holdout: fc.boolean(),
    holdout_share: fc.constantFrom(0, 0.05, 0.1, 0.2, 0.5, 1),
    differs: fc.boolean(),
    recovered_s: fc.integer({ min: 40, max: 300 }),
    relapsed: fc.constant(false),
    escalated: fc.boolean(),
  }),
  { maxLength: 80 },
);

const folded = (some: readonly EffectIncident[]): EffectState => some.reduce(observeEffect, NO_EFFECT);

describe('the score of a time to recover', () => {
  test.each([
    [0, 0],
    [5, 0],
    [2400, 1],
    [86_400, 1],
    [undefined, 1],
    [Number.NaN, 1],
    [-3, 0],
    [Math.sqrt(5 * 2400), 0.5],
  ])('%s s', (seconds, score) => {
    expect(scoreOf(seconds)).toBe(score);
  });

  test('never falls, and equal ratios are equal steps', () => {
    const seconds = fc.double({ min: 5, max: 240, noNaN: true });
    fc.assert(
      fc.property(seconds, seconds, (a, b) => {
        if (a <= b) expect(scoreOf(a)).toBeLessThanOrEqual(scoreOf(b));
        expect(scoreOf(a * 7) - scoreOf(a)).toBeCloseTo(scoreOf(b * 7) - scoreOf(b), 5);
      }),
    );
  });
});

describe('the fold of the effect', () => {
  test('its state is plain JSON that goes on where it was left, to the byte', () => {
    fc.assert(
      fc.property(incidents, (some) => {
        const kept = some.reduce<EffectState>((s, i) => observeEffect(JSON.parse(JSON.stringify(s)), i), NO_EFFECT);
        expect(JSON.stringify(kept)).toBe(JSON.stringify(folded(some)));
      }),
    );
  });

  test('what was not drawn, or would have run the same, is not compared', () => {
    fc.assert(
      fc.property(incidents, (some) => {
        const same = folded(some.map((i, n) => (n % 2 === 0 ? { ...i, differs: false } : { ...i, holdout_share: 0 })));
        expect(same.time).toEqual(NO_EFFECT.time);
        expect(same.bad).toEqual(NO_EFFECT.bad);
        expect(same.incidents).toBe(some.length);
        const state = folded(some);
        expect(state.time.n).toBe(state.learned.n + state.holdout.n);
        expect(state.bad.n).toBe(state.time.n);
      }),
    );
  });

  test('a machine on which all takes seven times as long gives the same evidence', () => {
    fc.assert(
      fc.property(incidents, (some) => {
        const slow = folded(some.map((i) => ({ ...i, recovered_s: 7 * (i.recovered_s ?? 0) })));
        expect(Math.abs(Math.log(slow.time.above / folded(some).time.above))).toBeLessThan(0.01);
      }),
    );
  });

  test('names of modes are nothing but names', () => {
    fc.assert(
      fc.property(incidents, (some) => {
        const renamed = folded(some.map((i) => ({ ...i, mode: `other ${i.mode}` })));
        const { time, bad } = folded(some);
        expect({ time: renamed.time, bad: renamed.bad }).toEqual({ time, bad });
      }),
    );
  });

  test('a relapse counts as the longest time, and as bad like an escalation', () => {
    const base = { mode: 'm', holdout: true, holdout_share: 0.2, differs: true, recovered_s: 10 };
    const first = { ...base, relapsed: false, escalated: false };
    const relapsed = folded([first, { ...first, relapsed: true }]);
    const { recovered_s: _, ...without } = first;
    const unresolved = folded([first, { ...without, escalated: true }]);
    expect(relapsed).toEqual(unresolved);
    expect(relapsed.holdout).toEqual({ n: 1, bad: 1 });
  });
});
