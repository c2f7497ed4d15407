import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Now } from '../../../src/core/records/moment.js';
import type { ProbeStatus } from '../../../src/healing/check.js';
import {
  afterProbe,
  confirmedFailure,
  isUndecided,
  NOTHING_SEEN,
  type SoftRules,
  type SoftState,
  startAgain,
} from '../../../src/healing/engine/soft-state.js';

const RULES: SoftRules = { confirm: { need: 2, of: 3 }, flapping: { low: 0.25, high: 0.5 } };
const START = Date.parse('2026-11-23T12:00:00.000Z');
const at = (second: number, boot_id = 'boot'): Now => ({ boot_id, elapsed_s: second, ms: START + second * 1000 });

const LETTERS: Record<string, ProbeStatus> = { o: 'ok', w: 'warning', c: 'critical', u: 'unknown' };

/** One probe a second, by first letters. */
function seen(letters: string, from = 0, before: SoftState = NOTHING_SEEN, rules = RULES): SoftState {
  return [...letters].reduce((state, letter, i) => {
    const status = LETTERS[letter] ?? 'unknown';
    return afterProbe(state, { status, summary: `${letter}${from + i}`, duration_s: 0.5 }, at(from + i), rules);
  }, before);
}

const failureOf = (letters: string, rules = RULES) =>
  confirmedFailure(seen(letters, 0, NOTHING_SEEN, rules), rules.confirm, at(letters.length));

const letters = fc.array(fc.constantFrom('o', 'w', 'c', 'u'), { maxLength: 40 }).map((all) => all.join(''));
const rule = fc
  .tuple(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 10 }))
  .map(([a, b]) => ({ ...RULES, confirm: { need: Math.min(a, b), of: Math.max(a, b) } }));

describe('a confirmed failure', () => {
  test.each([
    ['', false],
    ['c', false],
    ['cc', true],
    ['cwc', true],
    ['cooc', false],
    ['ccoo', false],
    ['cco', false],
    ['ooooc', false],
    ['oooocc', true],
    // A check that could not run says nothing, for better or worse.
    ['cuuuuuuc', true],
    ['ccu', false],
    ['uuuu', false],
    ['wwww', false],
  ])('%s: %s', (history, expected) => {
    expect(failureOf(history) !== undefined).toBe(expected);
  });

  test('for all histories: the newest probe failed, and enough of the last that could run', () => {
    fc.assert(
      fc.property(letters, rule, (history, rules) => {
        const { need, of } = rules.confirm;
        const able = history.replaceAll('u', '').slice(-of);
        const bad = [...able].filter((letter) => letter === 'c').length;
        const expected = history.endsWith('c') && bad >= need;
        const failure = failureOf(history, rules);
        expect(failure !== undefined).toBe(expected);
        if (failure) expect(failure).toMatchObject({ bad, of });
      }),
      { numRuns: 2000 },
    );
  });

  test('says since when, and what was seen last', () => {
    expect(failureOf('oocwuc')).toEqual({
      onset: { boot_id: 'boot', elapsed_s: 2, at: '2026-11-23T12:00:02.000Z', status: 'critical' },
      newest: { boot_id: 'boot', elapsed_s: 5, at: '2026-11-23T12:00:05.000Z', status: 'critical' },
      ...{ bad: 2, of: 3, summary: 'c5', confirm_s: 4, confirmed_s: 6 },
    });
  });
});

describe('what is still open', () => {
  test.each([
    ['', false],
    ['o', false],
    ['c', true],
    ['co', true],
    ['coo', false],
    // What passed before the failure leaves the window before the failure does.
    ['ooooc', true],
    ['ooooco', true],
    ['oooocoo', false],
    ['cu', false],
  ])('%s: %s', (history, expected) => {
    expect(isUndecided(seen(history), RULES.confirm)).toBe(expected);
  });

  test('for all histories: undecided is what failures alone could confirm, with one of those that were seen', () => {
    fc.assert(
      fc.property(letters, rule, (history, rules) => {
        const state = seen(history, 0, NOTHING_SEEN, rules);
        if (state.last === null || state.last.status === 'unknown') return;
        if (confirmedFailure(state, rules.confirm, at(99)) !== undefined) return;
        const { need, of } = rules.confirm;
        const able = history.replaceAll('u', '');
        // After so many more failures: confirmed earlier than by those alone?
        const sooner = Array.from({ length: need - 1 }, (_, i) => i + 1).some((more) => {
          const window = (able + 'c'.repeat(more)).slice(-of);
          return [...window].filter((letter) => letter === 'c').length >= need;
        });
        expect(isUndecided(state, rules.confirm)).toBe(sooner);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the counters', () => {
  test('start again: nothing that was seen counts, and one more failure is no failure', () => {
    const again = startAgain(seen('occ'), at(3), 0);
    expect(again).toMatchObject({ seen: [], passes: 0, grace: null });
    expect(confirmedFailure(again, RULES.confirm, at(99))).toBeUndefined();
    expect(confirmedFailure(seen('c', 4, again), RULES.confirm, at(99))).toBeUndefined();
    expect(confirmedFailure(seen('cc', 4, again), RULES.confirm, at(99))).toMatchObject({ onset: { elapsed_s: 4 } });
  });

  test('how often it changes is remembered: a remedy does not make it calm', () => {
    const restless = seen('ococococococococococ');
    expect(restless.flapping).toBe(true);
    const again = startAgain(restless, at(30), 0);
    expect(again.flapping).toBe(true);
    expect(seen('oc', 31, again).flapping).toBe(true);
    expect(seen('o'.repeat(21), 31, again).flapping).toBe(false);
  });

  test('hold the last 21, however many were seen', () => {
    const state = seen('oc'.repeat(50));
    expect([state.seen.length, state.states.length]).toEqual([21, 21]);
  });

  test('passes are those in a row: a warning, a check that could not run and a failure end them', () => {
    expect([...'oo'].length).toBe(2);
    expect(['o', 'oo', 'oow', 'oou', 'ooc', 'oouo'].map((history) => seen(history).passes)).toEqual([1, 2, 0, 0, 0, 1]);
  });
});

describe('a start period', () => {
  const started = startAgain(NOTHING_SEEN, at(0), 10);

  test('failures in it are seen and do not count; passes do', () => {
    const within = seen('ccccoc', 1, started);
    expect(within.seen.map(({ status }) => status)).toEqual(['ok']);
    expect(within.last).toMatchObject({ status: 'critical', summary: 'c6' });
    expect(within.states).toEqual([false]);
    expect(confirmedFailure(within, RULES.confirm, at(99))).toBeUndefined();
    expect(seen('oo', 1, started).passes).toBe(2);
  });

  test('ends after its length: the onset lies after it', () => {
    const state = seen('cc', 10, seen('ccccccccc', 1, started));
    expect(confirmedFailure(state, RULES.confirm, at(99))).toMatchObject({ bad: 2, onset: { elapsed_s: 10 } });
    expect(state.grace).toBeNull();
  });

  test('is not ended by a date that is set ahead', () => {
    const ahead: Now = { ...at(5), ms: START + 86_400_000 };
    const state = afterProbe(started, { status: 'critical', summary: '', duration_s: 0 }, ahead, RULES);
    expect(state.seen).toEqual([]);
  });

  test('across a boot it is the dates that tell', () => {
    const probe = { status: 'critical', summary: '', duration_s: 0 } as const;
    const soon: Now = { boot_id: 'next', elapsed_s: 1, ms: START + 5000 };
    const late: Now = { boot_id: 'next', elapsed_s: 1, ms: START + 10_000 };
    expect(afterProbe(started, probe, soon, RULES).seen).toHaveLength(0);
    expect(afterProbe(started, probe, late, RULES).seen).toHaveLength(1);
  });
});
