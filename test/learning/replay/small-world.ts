import { drawArm } from '../../../src/learning/order/arm.js';
import { expectedTtr } from '../../../src/learning/order/expected-ttr.js';
import { isSameOrder } from '../../../src/learning/order/promotion.js';
import { type Random, seededRandom } from '../../../src/learning/order/random.js';
import { ORDER_SETTING } from '../../../src/learning/order/setting.js';
import type { Outcome } from '../../../src/learning/outcome/outcome.js';
import type { LoggedDraw } from '../../../src/learning/replay/logged-draw.js';
import type { StandingArms } from '../../../src/learning/serving/choose-order.js';

/** What is true of a playbook: its chance, and its mean seconds when it works and when it does not. */
export interface Truth {
  readonly p: number;
  readonly works_s: number;
  readonly fails_s: number;
}

export interface Lived {
  readonly outcome: Outcome;
  readonly logged: LoggedDraw;
}

export function standingArms(change: Partial<StandingArms> = {}): StandingArms {
  const first = ['a', 'b', 'c'];
  return { first, incumbent: first, candidate: first, version: null, holdout: 0.2, waits: {}, p: {}, ...change };
}

export function outcome(change: Partial<Outcome> = {}): Outcome {
  return {
    ...{ opening: 'log_1', check: 'web', target: 't', mode: 'api_timeout', arm: 'incumbent', order: ['a', 'b', 'c'] },
    ...{ holdout: false, holdout_share: 0.2, differs: true, predicted: null, waits: [] },
    ...{ tried: [{ playbook: 'a', worked: true, seconds: 10 }], recovered_s: 12, relapsed: false, escalated: false },
    ...{ unknown: 0, counts: { order: true, waits: true, effect: true }, left_out: [] },
    ...change,
  };
}

/** One incident, its arm drawn as incidents are. */
export function live(world: Readonly<Record<string, Truth>>, standing: StandingArms, random: Random): Lived {
  const { arm, order, propensity } = drawArm({ ...standing, mayBeRandomised: () => true }, random, ORDER_SETTING);
  const share = [
    { order: standing.first, probability: standing.holdout },
    ...(isSameOrder(standing.candidate, standing.incumbent)
      ? [{ order: standing.incumbent, probability: 1 - standing.holdout }]
      : [standing.candidate, standing.incumbent].map((one) => ({
          order: one,
          probability: (1 - standing.holdout) / 2,
        }))),
  ].reduce((sum, one) => sum + (isSameOrder(one.order, standing.first) ? one.probability : 0), 0);
  const tried: { playbook: string; worked: boolean; seconds: number }[] = [];
  for (const playbook of order) {
    const { p, works_s, fails_s } = world[playbook] as Truth;
    const worked = random() < p;
    const seconds = (worked ? works_s : fails_s) * (0.5 + random());
    tried.push({ playbook, worked, seconds });
    if (worked) break;
  }
  const spent = tried.reduce((sum, { seconds }) => sum + seconds, 0);
  const worked = tried.at(-1)?.worked === true;
  return {
    logged: { arm, order, propensity, holdout_share: share },
    outcome: outcome({
      ...{ arm, order, tried, recovered_s: worked ? spent : null, escalated: !worked, holdout_share: share },
      holdout: isSameOrder(order, standing.first),
    }),
  };
}

/** The true mean seconds to recover in this order. */
export function truthOf(world: Readonly<Record<string, Truth>>, order: readonly string[]): number {
  return expectedTtr(
    order,
    (id) => {
      const { p, works_s, fails_s } = world[id] as Truth;
      return { p, cost_s: p * works_s + (1 - p) * fails_s };
    },
    ORDER_SETTING.person_s,
  );
}

export { seededRandom };
