import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Arms, drawArm } from '../../../src/learning/order/arm.js';
import { seededRandom } from '../../../src/learning/order/random.js';
import { ORDER_SETTING } from '../../../src/learning/order/setting.js';

const arms: Arms = {
  ...{ first: ['a', 'b', 'c'], incumbent: ['b', 'a', 'c'], candidate: ['c', 'b', 'a'] },
  ...{ holdout: 0.2, mayBeRandomised: () => true },
};

describe('the arm of an incident', () => {
  it('is drawn as often as its propensity says', () => {
    const random = seededRandom('arms');
    const drawn = Array.from({ length: 20_000 }, () => drawArm(arms, random, ORDER_SETTING));
    for (const [arm, propensity] of [
      ['holdout', 0.2],
      ['candidate', 0.4],
      ['incumbent', 0.4],
    ] as const) {
      const mine = drawn.filter((one) => one.arm === arm);
      expect(mine.every((one) => Math.abs(one.propensity - propensity) < 1e-12)).toBe(true);
      expect(Math.abs(mine.length / drawn.length - propensity)).toBeLessThan(0.015);
    }
  });

  it('is the incumbent for certain without holdout once the candidate is the same', () => {
    const settled = { ...arms, holdout: 0, candidate: arms.incumbent };
    for (const u of [0, 0.3, 0.999]) {
      expect(drawArm(settled, () => u, ORDER_SETTING)).toMatchObject({ arm: 'incumbent', propensity: 1 });
    }
  });

  it('never lets chance decide whether a destructive playbook runs', () => {
    const orders = fc.shuffledSubarray(['a', 'b', 'c', 'd']);
    fc.assert(
      fc.property(orders, orders, orders, fc.subarray(['a', 'b', 'c', 'd']), (first, incumbent, candidate, failing) => {
        const destructive = (id: string) => id === 'c' || id === 'd';
        const all = { first, incumbent, candidate, holdout: 0.3, mayBeRandomised: (id: string) => !destructive(id) };
        const run = (order: readonly string[]) => {
          const worked = order.findIndex((id) => !failing.includes(id));
          return order.slice(0, worked < 0 ? order.length : worked + 1).filter(destructive);
        };
        const ran = [0.1, 0.4, 0.9].map((u) => run(drawArm(all, () => u, ORDER_SETTING).order));
        expect(ran).toEqual([ran[2], ran[2], ran[2]]);
      }),
      { numRuns: 2000 },
    );
  });

  it('still randomises the harmless ones before a destructive one', () => {
    const careful = { ...arms, candidate: ['a', 'b', 'c'], mayBeRandomised: (id: string) => id !== 'c' };
    expect(drawArm(careful, () => 0.1, ORDER_SETTING)).toMatchObject({ arm: 'holdout', propensity: 0.2 });
    expect(drawArm({ ...careful, first: ['c', 'a', 'b'] }, () => 0, ORDER_SETTING).arm).toBe('candidate');
  });
});
