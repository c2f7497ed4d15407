import type { JsonObject } from '../../core/records/json.js';
import { type Beliefs, beliefAbout, chanceOf, costOf, evidenceOf } from '../order/beliefs.js';
import { betaQuantile } from '../order/beta-quantile.js';
import { kept } from '../order/kept.js';
import type { Promotion } from '../order/promotion.js';
import type { OrderSetting } from '../order/setting.js';
import type { ChosenWait } from '../waits/waits.js';

export interface OrderCase {
  readonly beliefs: Beliefs;
  readonly to: readonly string[];
  readonly promotion: Promotion;
  /** Of the check, since its order last changed. */
  readonly incidents: number;
}

/** The numbers behind a change of order: each playbook at its place in the new one, those before it having failed. */
export function orderNumbers({ beliefs, to, promotion, incidents }: OrderCase, setting: OrderSetting): JsonObject {
  const { candidate_s, incumbent_s, better } = promotion;
  return {
    playbooks: to.map((id, place) => {
      const belief = beliefAbout(beliefs, id);
      const { s, f } = evidenceOf(belief, to.slice(0, place), setting);
      const p = chanceOf({ s, f, worked_s: 0, failed_s: 0 });
      const cost_s = costOf(belief, p);
      return {
        ...{ id, n: kept(s + f), s: kept(s), f: kept(f), p: kept(p) },
        ...{ p_low: kept(betaQuantile(0.05, s + 1, f + 1)), p_high: kept(betaQuantile(0.95, s + 1, f + 1)) },
        ...{ a_s: kept(belief.a_s), b_s: kept(belief.b_s), cost_s: kept(cost_s) },
        index: kept(p / Math.max(cost_s, Number.MIN_VALUE)),
      };
    }),
    ...{ candidate_s: kept(candidate_s), incumbent_s: kept(incumbent_s), better, incidents },
    person_s: setting.person_s,
  };
}

/** The numbers behind a change of a wait. Seconds. */
export function waitNumbers(chosen: ChosenWait, wait_s: number, next_step_s: number): JsonObject {
  const { observed, given_up, best_s = null, best_cost_s = null } = chosen;
  return { observed, given_up, best_s, best_cost_s, next_step_s: kept(next_step_s), wait_s: kept(wait_s) };
}
