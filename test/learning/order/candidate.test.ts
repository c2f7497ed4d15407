import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Beliefs } from '../../../src/learning/order/beliefs.js';
import { believed, candidateOf } from '../../../src/learning/order/candidate.js';
import { expectedTtr } from '../../../src/learning/order/expected-ttr.js';
import { ORDER_SETTING } from '../../../src/learning/order/setting.js';

const independent = { ...ORDER_SETTING, other_places: null };
const count = fc.double({ min: 0, max: 20, noNaN: true });
const seconds = fc.double({ min: 0.1, max: 3000, noNaN: true });
const someBeliefs: fc.Arbitrary<Beliefs> = fc
  .array(fc.record({ s: count, f: count, a_s: seconds, b_s: seconds }), { maxLength: 5 })
  .map((all) => ({
    playbooks: all.map((_, i) => `p${i}`),
    by: Object.fromEntries(
      all.map(({ s, f, a_s, b_s }, i) => {
        const total = { s, f, worked_s: 0, failed_s: 0 };
        return [`p${i}`, { total, after: { '[]': total }, a_s, b_s }];
      }),
    ),
  }));

function orderedSubsets(ids: readonly string[]): string[][] {
  const starting = (id: string) => orderedSubsets(ids.filter((other) => other !== id)).map((rest) => [id, ...rest]);
  return [[], ...ids.flatMap(starting)];
}

describe('the candidate order', () => {
  it('is the best of all ordered subsets where remedies are independent', () => {
    fc.assert(
      fc.property(someBeliefs, (beliefs) => {
        const chance = believed(beliefs, independent);
        const ttr = (order: readonly string[]) => expectedTtr(order, chance, independent.person_s);
        const best = Math.min(...orderedSubsets(beliefs.playbooks).map(ttr));
        const found = ttr(candidateOf(beliefs, independent).order.map(({ id }) => id));
        expect(found).toBeLessThanOrEqual(best * (1 + 1e-9));
      }),
      { numRuns: 300 },
    );
  });

  it('holds every playbook once, kept or cut, and cuts what is worth less than a person', () => {
    fc.assert(
      fc.property(someBeliefs, (beliefs) => {
        const { order, cut } = candidateOf(beliefs, ORDER_SETTING);
        expect([...order, ...cut].map(({ id }) => id).sort()).toEqual([...beliefs.playbooks]);
        expect(order.every(({ index }) => index > 1 / 1800)).toBe(true);
        expect(cut.slice(0, 1).every(({ index }) => index <= 1 / 1800)).toBe(true);
      }),
    );
  });

  it('keeps the author’s order among equals', () => {
    const total = { s: 2, f: 1, worked_s: 0, failed_s: 0 };
    const same = { total, after: {}, a_s: 10, b_s: 70 };
    const beliefs = { playbooks: ['z', 'm', 'a'], by: { a: same, m: same, z: same } };
    expect(candidateOf(beliefs, independent).order.map(({ id }) => id)).toEqual(['z', 'm', 'a']);
  });

  it('does not try after a failure what fails for the same cause', () => {
    const works = { s: 18, f: 2, worked_s: 0, failed_s: 0 };
    const never = { s: 0, f: 20, worked_s: 0, failed_s: 0 };
    const half = { s: 10, f: 10, worked_s: 0, failed_s: 0 };
    const twin = { s: 18, f: 22, worked_s: 0, failed_s: 0 };
    const beliefs: Beliefs = {
      playbooks: ['restart', 'restart-hard', 'other'],
      by: {
        restart: { total: works, after: { '[]': works }, a_s: 10, b_s: 70 },
        'restart-hard': { total: twin, after: { '[]': works, '["restart"]': never }, a_s: 12, b_s: 72 },
        other: { total: half, after: { '["restart"]': half }, a_s: 30, b_s: 90 },
      },
    };
    expect(candidateOf(beliefs, ORDER_SETTING).order.map(({ id }) => id)).toEqual(['restart', 'other', 'restart-hard']);
  });
});

describe('expected time to recovery', () => {
  it('is the sum of costs reached, and a person’s time if nothing works', () => {
    const chance = (id: string) => (id === 'a' ? { p: 0.5, cost_s: 10 } : { p: 0.8, cost_s: 100 });
    expect(expectedTtr(['a', 'b'], chance, 1800)).toBeCloseTo(10 + 0.5 * 100 + 0.1 * 1800, 9);
    expect(expectedTtr([], chance, 1800)).toBe(1800);
  });
});
