// @ts-expect-error It has no types.
import { jStat } from 'jstat';
import { describe, expect, it } from 'vitest';
import { type Beliefs, beliefsOf } from '../../../src/learning/order/beliefs.js';
import { NOTHING_SEEN, observe } from '../../../src/learning/order/observe.js';
import { shouldPromote } from '../../../src/learning/order/promotion.js';
import { ORDER_SETTING } from '../../../src/learning/order/setting.js';

const belief = (s: number, f: number) => {
  const total = { s, f, worked_s: 0, failed_s: 0 };
  return { total, after: { '[]': total }, a_s: 20, b_s: 20 };
};
const beliefs = (a: [number, number], b: [number, number]): Beliefs => ({
  playbooks: ['a', 'b'],
  by: { a: belief(...a), b: belief(...b) },
});
const contest = { candidate: ['b', 'a'], incumbent: ['a', 'b'], incidents: 2, seed: 'web 17' };

describe('promotion', () => {
  it('needs two incidents since the last change, and a difference', () => {
    const clear = { ...contest, beliefs: beliefs([0, 9], [9, 0]) };
    expect(shouldPromote(clear, ORDER_SETTING)).toMatchObject({ promote: true, better: 1 });
    expect(shouldPromote({ ...clear, incidents: 1 }, ORDER_SETTING)).toMatchObject({ promote: false, better: null });
    expect(shouldPromote({ ...clear, candidate: ['a', 'b'] }, ORDER_SETTING)).toMatchObject({ promote: false });
  });

  it('needs to be sure, and says what is expected of both', () => {
    const hint = shouldPromote({ ...contest, beliefs: beliefs([1, 1], [2, 1]) }, ORDER_SETTING);
    expect(hint.promote).toBe(false);
    expect(hint.better).toBeGreaterThan(0.4);
    expect(hint.candidate_s).toBeLessThan(hint.incumbent_s);
  });

  it('gives the same answer for the same seed', () => {
    const once = () => shouldPromote({ ...contest, beliefs: beliefs([3, 4], [6, 3]) }, ORDER_SETTING);
    expect(once()).toEqual(once());
  });

  it('with equal costs asks P(p_b > p_a), as quadrature of jStat’s densities has it', () => {
    const [a, b] = [
      [4, 3],
      [6, 2],
    ] as [[number, number], [number, number]];
    let exact = 0;
    const steps = 4000;
    for (let i = 0; i < steps; i++) {
      const x = (i + 0.5) / steps;
      exact += (jStat.beta.pdf(x, b[0] + 1, b[1] + 1) * jStat.beta.cdf(x, a[0] + 1, a[1] + 1)) / steps;
    }
    const setting = { ...ORDER_SETTING, draws: 20_000 };
    const { better } = shouldPromote({ ...contest, beliefs: beliefs(a, b) }, setting);
    expect(Math.abs((better ?? 0) - exact)).toBeLessThan(0.015);
  });
});

describe('an order that was never served', () => {
  const ids = ['worst', 'middle', 'best'];
  const failed = (playbook: string) => ({ playbook, worked: false, seconds: 1 });
  const worked = (playbook: string) => ({ playbook, worked: true, seconds: 0.04 });

  it('is not less believed in, the longer the last remedy of the author mends what the others do not', () => {
    let state = NOTHING_SEEN;
    for (let n = 1; n <= 200; n++) {
      const tried =
        n % 10 === 0 ? [failed('worst'), worked('middle')] : [failed('worst'), failed('middle'), worked('best')];
      state = observe(state, { target: 't', tried }, ORDER_SETTING.keep);
      const declared = ids.map((id) => ({ id, declared_s: 1 }));
      const promotion = shouldPromote(
        {
          ...{ beliefs: beliefsOf(state, 't', declared, ORDER_SETTING), incidents: n, seed: `${n}` },
          ...{ candidate: ['best', 'middle', 'worst'], incumbent: ids },
        },
        ORDER_SETTING,
      );
      if (n >= 10) expect(promotion.promote, `after ${n}`).toBe(true);
    }
  });
});
