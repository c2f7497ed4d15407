import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beliefAbout, beliefsOf, chanceOf, evidenceOf } from '../../../src/learning/order/beliefs.js';
import { NOTHING_SEEN, observe } from '../../../src/learning/order/observe.js';
import { ORDER_SETTING } from '../../../src/learning/order/setting.js';

const A = { id: 'a', declared_s: 30 };
const seen = (target: string, results: readonly boolean[]) =>
  results.map((worked) => ({ target, tried: [{ playbook: 'a', worked, seconds: worked ? 10 : 100 }] }));
const still = { ...ORDER_SETTING, keep: 1 };
const folded = (all: ReturnType<typeof seen>, { keep } = still) =>
  all.reduce((state, one) => observe(state, one, keep), NOTHING_SEEN);
const beliefOf = (all: ReturnType<typeof seen>, target: string, setting = still) =>
  beliefAbout(beliefsOf(folded(all, setting), target, [A], setting), 'a');

describe('what is believed of a playbook', () => {
  it('is the prior and the declared seconds where nothing was seen', () => {
    const { total, a_s, b_s } = beliefOf([], 'x');
    expect([chanceOf(total), a_s, b_s]).toEqual([0.5, 30, 90]);
  });

  it('follows the design’s formulas for the only target of a mode, at any number of incidents', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (results) => {
        const { total, a_s, b_s } = beliefOf(seen('x', results), 'x', ORDER_SETTING);
        let [s, f] = [0, 0];
        for (const worked of results) [s, f] = [0.95 * s + Number(worked), 0.95 * f + Number(!worked)];
        expect(total.s).toBeCloseTo(s, 6);
        expect(total.f).toBeCloseTo(f, 6);
        expect(chanceOf(total)).toBeCloseTo((s + 1) / (s + f + 2), 6);
        expect(a_s).toBeCloseTo((30 + 10 * s) / (1 + s), 5);
        expect(b_s).toBeCloseTo((90 + 100 * f) / (1 + f), 5);
      }),
    );
  });

  it('leans on other targets as on five observations, and never counts an incident twice', () => {
    const others = seen('y', Array(30).fill(true));
    expect(beliefOf(others, 'x').total).toMatchObject({ s: 5, f: 0, worked_s: 50 });
    expect(beliefOf([...others, ...seen('x', [false, false])], 'x').total).toMatchObject({ s: 5, f: 2 });
    expect(beliefOf([...seen('y', [true]), ...seen('x', [false])], 'x').total).toMatchObject({ s: 1, f: 1 });
  });
});

describe('what is believed of it once others have failed', () => {
  const after = (times: number, worked: boolean) =>
    Array.from({ length: times }, () => ({
      target: 'x',
      tried: [
        { playbook: 'b', worked: false, seconds: 60 },
        { playbook: 'a', worked, seconds: 10 },
      ],
    }));
  const state = [...after(20, false), ...seen('x', Array(20).fill(true))].reduce(
    (before, one) => observe(before, one, 1),
    NOTHING_SEEN,
  );
  const belief = beliefAbout(beliefsOf(state, 'x', [A], still), 'a');

  it('is judged by what happened then; other places count as hardly more than eight observations', () => {
    // Of 20 elsewhere 8, and of the other 12 the 441st part, as 20 were seen here.
    const lent = 8 + 12 / 441;
    expect(evidenceOf(belief, ['b'], still)).toMatchObject({ s: expect.closeTo(lent), f: 20 });
    expect(evidenceOf(belief, [], still)).toMatchObject({ s: 20, f: expect.closeTo(lent) });
  });

  it('is judged by everything alike where nothing was seen of that place', () => {
    expect(evidenceOf(belief, ['c'], still)).toMatchObject({ s: 20, f: 20 });
  });

  it('is judged by everything alike where remedies are taken for independent', () => {
    expect(evidenceOf(belief, ['b'], { ...still, other_places: null })).toMatchObject({ s: 20, f: 20 });
  });
});
