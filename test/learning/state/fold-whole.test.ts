import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkState } from '../../../src/learning/state/check-state.js';
import { foldEntry } from '../../../src/learning/state/fold.js';
import { type LearnState, NOTHING_LEARNED } from '../../../src/learning/state/learn-state.js';
import { stateHash } from '../../../src/learning/state/state-hash.js';
import { anyEntry, arms, folded, learned, parsed, update } from './entries.js';

describe('the fold', () => {
  it('takes names for names, whatever they are', () => {
    const name = '__proto__';
    const all = folded([
      arms(name, { first: [name, 'a'], incumbent: [name, 'a'], waits: JSON.parse(`{"${name}":5}`) }),
      learned({
        ...{ check: name, target: name, mode: name, order: [name, 'a'], predicted: 0.9 },
        tried: [{ playbook: name, worked: false, seconds: 5 }],
        waits: [{ playbook: name, seconds: 5, healthy: false }],
      }),
      update({ kind: 'wait', check: name, playbook: name, to: 7 }),
    ]);
    expect(Object.keys(all.checks)).toEqual([name]);
    expect(Object.keys(all.modes)).toEqual([name]);
    const check = checkState(all, name);
    expect(check).toMatchObject({ outcomes: 1, surprises: 1, first: [name, 'a'] });
    expect(Object.entries(check?.waits ?? {})).toEqual([[name, 7]]);
    expect(Object.keys(check?.waited ?? {})).toEqual([name]);
    expect(checkState(all, 'constructor')).toBeUndefined();
    expect(Object.getPrototypeOf(all.checks)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).outcomes).toBeUndefined();
  });

  it('gives the same state in one go and in any pieces, each through JSON', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 30 }), fc.array(fc.nat(30)), (entries, cuts) => {
        const places = [0, ...cuts.map((cut) => Math.min(cut, entries.length)).sort((a, b) => a - b), entries.length];
        const pieces = places.slice(1).map((end, i) => entries.slice(places[i], end));
        const whole = folded(entries);
        const piecewise = pieces.reduce((state, piece) => parsed(folded(piece, state)), NOTHING_LEARNED as LearnState);
        expect(piecewise).toEqual(whole);
        expect(stateHash(piecewise)).toBe(stateHash(whole));
      }),
    );
  });

  it('changes neither the state before it nor the entry', () => {
    const frozen = <T>(value: T): T => {
      if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
      return value;
    };
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 20 }), (entries) => {
        expect(() =>
          entries.reduce((state, one) => frozen(foldEntry(state, frozen(one))), frozen(NOTHING_LEARNED)),
        ).not.toThrow();
      }),
    );
  });

  it('has numbers of at most 9 digits', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 20 }), (entries) => {
        JSON.stringify(folded(entries), (_, value: unknown) => {
          if (typeof value !== 'number') return value;
          expect(Number.isFinite(value)).toBe(true);
          expect(value).toBe(Number(value.toPrecision(9)));
          return value;
        });
      }),
    );
  });

  it('does not grow with the past', () => {
    const size = (state: LearnState) => JSON.stringify(state).length;
    const playbooks = ['a', 'b', 'c', 'd'];
    let state: LearnState = NOTHING_LEARNED;
    const sizes: number[] = [];
    for (let i = 0; i < 5000; i++) {
      const tried = playbooks.slice(0, 1 + (i % 4)).map((playbook, k) => ({
        ...{ playbook, worked: k === i % 4, seconds: 10 + ((i * 37) % 101) / 7 },
      }));
      const waits = tried.map(({ playbook, worked, seconds }) => ({ playbook, seconds, healthy: worked }));
      const draw = { holdout: i % 5 === 0, holdout_share: 0.2, differs: true, predicted: (i % 11) / 10 };
      state = foldEntry(state, learned({ ...draw, target: `t${i % 3}`, order: playbooks, tried, waits }));
      if (i % 10 === 0) state = folded([update({ version: i + 1, kind: 'rollback', reason: 'harm' })], state);
      if ((i + 1) % 500 === 0) sizes.push(size(state));
    }
    expect(state.outcomes).toBe(5000);
    // 4 playbooks × 80 waits of some 45 bytes, and 4 times (the mode and 3 targets) some cells.
    expect(Math.max(...sizes)).toBeLessThan(30_000);
    expect(sizes.at(-1)).toBeLessThan(1.02 * (sizes[1] ?? 0));
  });

  it('forgets targets that no longer fail', () => {
    const state = folded(Array.from({ length: 1000 }, (_, i) => learned({ target: `host-${i}` })));
    expect(Object.keys(state.modes.api_timeout?.targets ?? {}).length).toBeLessThan(260);
  });
});
