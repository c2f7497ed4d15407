import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ModeState, NOTHING_SEEN, type Outcome, observe } from '../../../src/learning/order/observe.js';
import { cellOf, totalOf } from '../../../src/learning/order/tally.js';

const KEEP = 0.95;
const names = fc.constantFrom('a', 'b', '__proto__', 'constructor', '7');
const outcomes: fc.Arbitrary<Outcome[]> = fc.array(
  fc.record({
    target: fc.constantFrom('x', 'y', '__proto__'),
    tried: fc.array(
      fc.record({ playbook: names, worked: fc.boolean(), seconds: fc.double({ min: 0, max: 5000, noNaN: true }) }),
      { maxLength: 4 },
    ),
  }),
  { maxLength: 40 },
);
const folded = (all: readonly Outcome[], from: ModeState = NOTHING_SEEN) =>
  all.reduce((state, one) => observe(state, one, KEEP), from);

describe('the fold of outcomes', () => {
  it('discounts by each incident of the mode, whatever its target, then adds', () => {
    const state = folded([
      { target: 'x', tried: [{ playbook: 'a', worked: false, seconds: 90 }] },
      { target: 'y', tried: [{ playbook: 'b', worked: true, seconds: 10 }] },
      { target: 'y', tried: [] },
      {
        target: 'x',
        tried: [
          { playbook: 'a', worked: false, seconds: 50 },
          { playbook: 'b', worked: true, seconds: 20 },
        ],
      },
    ]);
    expect(state.incidents).toBe(4);
    expect(totalOf(state.all.cells, 'a')).toEqual({ s: 0, f: 1.857375, worked_s: 0, failed_s: 127.16375 });
    expect(cellOf(state.all.cells, '[]', 'b')).toMatchObject({ s: 0.9025, worked_s: 9.025 });
    expect(cellOf(state.all.cells, '["a"]', 'b')).toMatchObject({ s: 1, worked_s: 20 });
    expect(state.targets.y?.at).toBe(3);
  });

  it('is the discounted sum of what was observed', () => {
    fc.assert(
      fc.property(outcomes, (all) => {
        const { cells } = folded(all).all;
        for (const id of ['a', '__proto__', '7']) {
          let [s, failed_s] = [0, 0];
          all.forEach(({ tried }, i) => {
            const weight = KEEP ** (all.length - 1 - i);
            const mine = tried.filter(({ playbook }) => playbook === id);
            s += weight * mine.filter(({ worked }) => worked).length;
            failed_s += weight * mine.reduce((sum, one) => sum + (one.worked ? 0 : one.seconds), 0);
          });
          expect(totalOf(cells, id).s).toBeCloseTo(s, 5);
          expect(Math.abs(totalOf(cells, id).failed_s - failed_s)).toBeLessThan(1e-3);
        }
      }),
    );
  });

  it('is plain JSON of 9 digits, and goes on from a copy byte for byte', () => {
    fc.assert(
      fc.property(outcomes, outcomes, (before, after) => {
        const half = folded(before);
        const copy = JSON.parse(JSON.stringify(half)) as ModeState;
        expect(JSON.stringify(folded(after, copy))).toBe(JSON.stringify(folded([...before, ...after])));
        for (const [number] of JSON.stringify(half).matchAll(/[\d.]+(?:e-?\d+)?/g)) {
          expect(Number(Number(number).toPrecision(9))).toBe(Number(number));
        }
      }),
    );
  });

  it('changes nothing it was given', () => {
    const state = folded([{ target: 'x', tried: [{ playbook: 'a', worked: true, seconds: 1 }] }]);
    const before = JSON.stringify(state);
    observe(state, { target: 'x', tried: [{ playbook: 'a', worked: false, seconds: 1 }] }, KEEP);
    expect(JSON.stringify(state)).toBe(before);
    expect(JSON.stringify(NOTHING_SEEN)).toBe('{"incidents":0,"all":{"at":0,"cells":{}},"targets":{}}');
  });

  it('forgets targets that are not seen again: state does not grow with the past', () => {
    let state = NOTHING_SEEN;
    for (let n = 0; n < 500; n++) {
      state = observe(state, { target: `t${n}`, tried: [{ playbook: `p${n}`, worked: true, seconds: 1 }] }, KEEP);
    }
    expect(Object.keys(state.targets).length).toBeLessThan(260);
    expect(JSON.stringify(state.all).length).toBeLessThan(25_000);
  });
});
