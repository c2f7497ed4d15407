import { describe, expect, it } from 'vitest';
import {
  FEWEST_EFFECTIVE,
  NO_INCIDENTS,
  orderEstimate,
  secondsToRecover,
  withIncident,
} from '../../../src/learning/replay/order-estimate.js';
import { possibleOrders } from '../../../src/learning/replay/possible-orders.js';
import type { StandingArms } from '../../../src/learning/serving/choose-order.js';
import { live, outcome, seededRandom, standingArms, type Truth, truthOf } from './small-world.js';

const WORLD: Record<string, Truth> = {
  a: { p: 0.3, works_s: 20, fails_s: 90 },
  b: { p: 0.6, works_s: 40, fails_s: 120 },
  c: { p: 0.8, works_s: 200, fails_s: 300 },
};

const STANDING = standingArms({ incumbent: ['b', 'a', 'c'], candidate: ['b', 'c', 'a'] });

function estimateIn(standing: StandingArms, asked: readonly string[], n: number, seed: string) {
  const random = seededRandom(seed);
  let sums = NO_INCIDENTS;
  for (let i = 0; i < n; i++) {
    const { outcome: one, logged } = live(WORLD, standing, random);
    sums = withIncident(sums, asked, one, possibleOrders(logged, standing));
  }
  return orderEstimate(sums);
}

describe('what another order would have taken', () => {
  it.each([
    ['the frozen first order', STANDING, STANDING.first],
    ['the incumbent', STANDING, STANDING.incumbent],
    ['the candidate', STANDING, STANDING.candidate],
    ['a candidate that begins as the holdout', standingArms({ candidate: ['a', 'c', 'b'] }), ['a', 'c', 'b']],
  ] as const)('%s: the interval holds the truth about as often as it says', (_name, standing, asked) => {
    const truth = truthOf(WORLD, asked);
    const worlds = 400;
    let held = 0;
    let sum = 0;
    for (let seed = 0; seed < worlds; seed++) {
      const { asked: estimate } = estimateIn(standing, asked, 200, `world ${seed}`);
      expect(estimate).not.toBeNull();
      if (estimate === null) continue;
      if (estimate.low <= truth && truth <= estimate.high) held += 1;
      sum += estimate.mean;
    }
    // 0.95 less 3.3 standard errors of so many worlds; a little more often is no harm.
    expect(held / worlds).toBeGreaterThan(0.915);
    expect(held / worlds).toBeLessThan(0.995);
    expect(Math.abs(sum / worlds / truth - 1)).toBeLessThan(0.03);
  });

  it('is not always held: an order that takes longer is told from a shorter one', () => {
    const [shorter, longer] = [STANDING.incumbent, ['c', 'a', 'b']];
    const standing = standingArms({ incumbent: shorter, candidate: longer, holdout: 0 });
    const world = { ...WORLD, c: { p: 0.2, works_s: 600, fails_s: 1200 } };
    const random = seededRandom('told apart');
    let sums = [NO_INCIDENTS, NO_INCIDENTS] as const;
    for (let i = 0; i < 800; i++) {
      const { outcome: one, logged } = live(world, standing, random);
      const possible = possibleOrders(logged, standing);
      sums = [withIncident(sums[0], shorter, one, possible), withIncident(sums[1], longer, one, possible)];
    }
    const [short, long] = sums.map((one) => orderEstimate(one).asked);
    expect(short?.high).toBeLessThan(long?.low ?? 0);
  });

  it('is weighed by the probability of all orders that would have done the same: by hand', () => {
    // Served: a b c with 0.2, b a c with 0.4, b c a with 0.4. Asked: b a c.
    const standing = standingArms({ incumbent: ['b', 'a', 'c'], candidate: ['b', 'c', 'a'] });
    const drawn = (arm: string, order: string[], propensity: number) => ({
      arm,
      order,
      propensity,
      holdout_share: 0.2,
    });
    const incumbent = drawn('incumbent', ['b', 'a', 'c'], 0.4);
    const candidate = drawn('candidate', ['b', 'c', 'a'], 0.4);
    const holdout = drawn('holdout', ['a', 'b', 'c'], 0.2);
    const b = { playbook: 'b', worked: true, seconds: 30 };
    const failed = { playbook: 'b', worked: false, seconds: 50 };
    const a = { playbook: 'a', worked: true, seconds: 10 };
    const c = { playbook: 'c', worked: true, seconds: 10 };
    const cases = [
      // b worked at once: seen by 0.8. So was it where the candidate was served.
      { logged: incumbent, one: { tried: [b], recovered_s: 40 } },
      { logged: candidate, one: { tried: [b], recovered_s: 60 } },
      // It took a: seen by 0.4.
      { logged: incumbent, one: { tried: [failed, a], recovered_s: 100 } },
      // These say nothing of it.
      { logged: candidate, one: { tried: [failed, c], recovered_s: 80 } },
      { logged: holdout, one: { tried: [a], recovered_s: 20 } },
    ];
    const sums = cases.reduce(
      (before, { logged, one }) =>
        withIncident(
          before,
          ['b', 'a', 'c'],
          outcome({ ...one, arm: logged.arm, order: logged.order }),
          possibleOrders(logged, standing),
        ),
      NO_INCIDENTS,
    );
    const [one, two] = [1 / 0.8, 1 / 0.4];
    expect(sums).toMatchObject({ incidents: 5, unclear: 0, possible: 5, served_s: 300 });
    expect(sums.seen.w).toBeCloseTo(2 * one + two, 12);
    expect(sums.seen.wy / sums.seen.w).toBeCloseTo((40 * one + 60 * one + 100 * two) / (2 * one + two), 12);
    const { effective, seen, asked, served_s } = orderEstimate(sums);
    expect(effective).toBeCloseTo((2 * one + two) ** 2 / (2 * one * one + two * two), 8);
    expect({ seen, asked, served_s }).toEqual({ seen: 3, asked: null, served_s: 60 });
  });

  it('is not said of an order that was never served, whatever was seen of its beginning', () => {
    const { asked, possible, incidents } = estimateIn(STANDING, ['b', 'c'], 500, 'never');
    expect({ asked, possible, incidents }).toEqual({ asked: null, possible: 0, incidents: 500 });
  });

  it('is not said of too few', () => {
    for (let n = 5; n < 120; n += 5) {
      const { asked, effective } = estimateIn(STANDING, STANDING.first, n, 'few');
      expect(asked === null).toBe(effective < FEWEST_EFFECTIVE);
    }
  });

  it('counts a person where it relapsed or nothing had worked, and nothing else', () => {
    const failed = { playbook: 'a', worked: false, seconds: 70 };
    expect(secondsToRecover(outcome({ recovered_s: 12 }))).toBe(12);
    expect(secondsToRecover(outcome({ recovered_s: 12, relapsed: true, tried: [failed] }))).toBe(1812);
    expect(secondsToRecover(outcome({ recovered_s: null, tried: [failed, failed] }))).toBe(1940);
  });
});

describe('the orders that might have been served', () => {
  it.each([
    ['all different', STANDING],
    ['the incumbent is the first', standingArms({ candidate: ['c', 'a', 'b'] })],
    ['the candidate is the first', standingArms({ incumbent: ['c', 'a', 'b'] })],
    ['nothing to try', standingArms({ incumbent: ['c', 'a', 'b'], candidate: ['c', 'a', 'b'] })],
    ['no holdout', standingArms({ candidate: ['c', 'a', 'b'], holdout: 0 })],
  ] as const)('follow from any one of them: %s', (_name, standing) => {
    const random = seededRandom('possible');
    const all = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const { logged } = live(WORLD, standing, random);
      const possible = possibleOrders(logged, standing) ?? [];
      expect(possible.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9);
      all.add(JSON.stringify(possible.map(({ order, probability }) => [order, probability.toFixed(6)]).sort()));
    }
    expect(all.size).toBe(1);
  });

  it('are not made up where the log contradicts itself', () => {
    const logged = { arm: 'incumbent', order: ['b', 'a', 'c'], propensity: 0.4, holdout_share: 0.2 };
    expect(possibleOrders(logged, STANDING)).toHaveLength(3);
    expect(possibleOrders({ ...logged, propensity: 0.5 }, STANDING)).toBeUndefined();
    expect(possibleOrders({ ...logged, holdout_share: 0.3 }, STANDING)).toBeUndefined();
    expect(possibleOrders({ ...logged, order: ['a', 'b', 'c'] }, STANDING)).toBeUndefined();
    expect(possibleOrders({ ...logged, arm: 'constructor' }, STANDING)).toBeUndefined();
    expect(possibleOrders(logged, undefined)).toBeUndefined();
  });
});
