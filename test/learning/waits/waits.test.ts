import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runWaits, SHAPES, type Way } from '../../../bench/programs/learning-waits-worlds.js';
import {
  chooseWait,
  FEWEST_WAITS,
  NO_WAITS,
  observeWait,
  WAITS_KEPT,
  type WaitBounds,
  type WaitsState,
} from '../../../src/learning/waits/waits.js';

const AUTHOR: WaitBounds = { wait_s: 60, min_s: 5, max_s: 600, next_step_s: 200 };

const folded = (waits: readonly (readonly [seconds: number, healthy: boolean])[]): WaitsState =>
  waits.reduce<WaitsState>((state, [seconds, healthy]) => observeWait(state, { seconds, healthy }), NO_WAITS);
const times = <T>(n: number, value: T): T[] => Array.from({ length: n }, () => value);

describe('what is remembered of waits', () => {
  test('the last eighty, with nine digits', () => {
    const state = folded([...times(50, [1 / 3, true] as const), ...times(79, [2, false] as const)]);
    expect(state.observations).toHaveLength(WAITS_KEPT);
    expect(state.observations[0]).toEqual({ seconds: 0.333333333, healthy: true });
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1])('%d s is no wait', (seconds) => {
    expect(observeWait(NO_WAITS, { seconds, healthy: true })).toBe(NO_WAITS);
  });
});

describe('the wait that is chosen', () => {
  test('stays until there are ten to go by', () => {
    expect(chooseWait(NO_WAITS, AUTHOR)).toEqual({ wait_s: 60, reason: 'few', observed: 0, given_up: 0 });
    const few = folded(times(FEWEST_WAITS - 1, [8, true] as const));
    expect(chooseWait(few, AUTHOR)).toMatchObject({ wait_s: 60, reason: 'few' });
  });

  test('goes to 1.25 times the best, a quarter at a time', () => {
    const state = folded(times(40, [32, true] as const));
    expect(chooseWait(state, AUTHOR)).toMatchObject({ wait_s: 45, reason: 'bounded', best_s: 32, best_cost_s: 32 });
    expect(chooseWait(state, { ...AUTHOR, wait_s: 45 })).toMatchObject({ wait_s: 40, reason: 'best' });
    expect(chooseWait(state, { ...AUTHOR, wait_s: 40 })).toMatchObject({ wait_s: 40, reason: 'unchanged' });
    expect(chooseWait(state, { ...AUTHOR, wait_s: 41 })).toMatchObject({ wait_s: 41, reason: 'unchanged' });
  });

  test('looks wider where nothing recovered, up to the bound of the author', () => {
    const state = folded(times(80, [60, false] as const));
    expect(chooseWait(state, AUTHOR)).toMatchObject({ wait_s: 75, reason: 'wider', given_up: 80 });
    expect(chooseWait(state, { ...AUTHOR, wait_s: 590 })).toMatchObject({ wait_s: 600 });
  });

  test('looks wider where recoveries suddenly stay away, and not where they always were as rare', () => {
    const sudden = folded([...times(60, [20, true] as const), ...times(3, [25, false] as const)]);
    expect(chooseWait(sudden, { ...AUTHOR, wait_s: 25 })).toMatchObject({ wait_s: 31.25, reason: 'wider' });
    const always = folded(Array.from({ length: 60 }, (_, i) => [i % 3 === 0 ? 25 : 20, i % 3 !== 0] as const));
    expect(chooseWait(always, { ...AUTHOR, wait_s: 25 })).toMatchObject({ wait_s: 25, reason: 'unchanged' });
  });

  const waits = fc.array(fc.tuple(fc.double({ min: 0.1, max: 500, noNaN: true }), fc.boolean()), { maxLength: 90 });

  test('is inside the bounds of the author, and within a quarter of today where they allow', () => {
    fc.assert(
      fc.property(waits, fc.double({ min: 1, max: 900, noNaN: true }), fc.integer({ max: 5000 }), (some, now, next) => {
        const { wait_s } = chooseWait(folded(some), { ...AUTHOR, wait_s: now, next_step_s: Math.abs(next) });
        expect(wait_s).toBeGreaterThanOrEqual(AUTHOR.min_s);
        expect(wait_s).toBeLessThanOrEqual(AUTHOR.max_s);
        if (now < AUTHOR.min_s || now > AUTHOR.max_s) return;
        expect(wait_s).toBeGreaterThanOrEqual(Math.max(AUTHOR.min_s, now * 0.75) * (1 - 1e-8));
        expect(wait_s).toBeLessThanOrEqual(now * 1.25 * (1 + 1e-8));
      }),
    );
  });

  test('does not depend on the unit of time', () => {
    fc.assert(
      fc.property(waits, (some) => {
        // A power of two: nothing is rounded differently.
        const scaled = some.map(([seconds, healthy]) => [seconds * 1024, healthy] as const);
        const one = chooseWait(folded(some), AUTHOR);
        const bounds = { wait_s: 60 * 1024, min_s: 5 * 1024, max_s: 600 * 1024, next_step_s: 200 * 1024 };
        const other = chooseWait(folded(scaled), bounds);
        expect(other.wait_s / one.wait_s / 1024).toBeCloseTo(1, 6);
        expect(other.reason === one.reason || other.reason === 'best' || one.reason === 'best').toBe(true);
      }),
    );
  });
});

describe('recoveries that take twice as long from half way on', () => {
  const learned = (next_step_s: number): Way => {
    let [state, wait_s] = [NO_WAITS, AUTHOR.wait_s];
    return {
      wait_s: () => wait_s,
      observe: (seconds, healthy) => {
        state = observeWait(state, { seconds, healthy });
        wait_s = chooseWait(state, { ...AUTHOR, wait_s, next_step_s }).wait_s;
      },
    };
  };

  test.each(['log-normal, σ 0.5', 'exponential', 'almost always the same'])(
    '%s: near the best, and it does not spiral down',
    (shape) => {
      const setting = {
        shape: SHAPES[shape] as (typeof SHAPES)[string],
        ...{ typical_s: 20, in_vain: 0.2, next_step: 10, slower: 2, incidents: 800 },
      };
      const runs = Array.from({ length: 15 }, (_, seed) => runWaits(setting, seed, learned));
      const sum = (key: 'cost_s' | 'best_cost_s' | 'given_up' | 'best_given_up' | 'recoverable') =>
        runs.reduce((total, run) => total + run[key], 0);
      expect(sum('cost_s') / sum('best_cost_s')).toBeLessThan(1.07);
      expect((sum('given_up') - sum('best_given_up')) / sum('recoverable')).toBeLessThan(0.03);
    },
  );
});
