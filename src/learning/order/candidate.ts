import type { Beliefs } from './beliefs.js';
import { beliefAbout, chanceOf, costOf, evidenceOf } from './beliefs.js';
import type { Chance } from './expected-ttr.js';
import type { OrderSetting } from './setting.js';

/** A playbook at its place in an order: what the place rests on. */
export interface Ranked {
  readonly id: string;
  /** The chance that it works, those before it having failed. */
  readonly p: number;
  readonly cost_s: number;
  /** p ÷ cost: successes per second. */
  readonly index: number;
}

export interface Candidate {
  /** To be tried in this order. */
  readonly order: readonly Ranked[];
  /** Worth less than the person they would delay, best first. Dropping them needs a person's word. */
  readonly cut: readonly Ranked[];
}

/**
 * Sorting by success ÷ cost is optimal where remedies are independent; a person has p = 1 and the index 1 / person_s, so
 * what comes after that is not worth trying. Where causes are shared, each place is given to the best of what is left,
 * those before it having failed.
 */
export function candidateOf(beliefs: Beliefs, setting: OrderSetting): Candidate {
  const chance = believed(beliefs, setting);
  const left = [...beliefs.playbooks];
  const ranked: Ranked[] = [];
  let kept = left.length;
  while (left.length > 0) {
    const before = ranked.map(({ id }) => id);
    const best = bestOf(left.map((id) => rank(id, chance(id, before))));
    if (best.index * setting.person_s <= 1) kept = Math.min(kept, ranked.length);
    ranked.push(best);
    left.splice(left.indexOf(best.id), 1);
  }
  return { order: ranked.slice(0, kept), cut: ranked.slice(kept) };
}

/** Chances and costs as they are believed. */
export function believed(beliefs: Beliefs, setting: OrderSetting): Chance {
  return (id, failed) => {
    const belief = beliefAbout(beliefs, id);
    const p = chanceOf(evidenceOf(belief, failed, setting));
    return { p, cost_s: costOf(belief, p) };
  };
}

function rank(id: string, { p, cost_s }: { p: number; cost_s: number }): Ranked {
  return { id, p, cost_s, index: p / Math.max(cost_s, Number.MIN_VALUE) };
}

function bestOf(ranked: readonly Ranked[]): Ranked {
  return ranked.reduce((best, one) => (one.index > best.index ? one : best));
}
