import { kept } from '../order/kept.js';
import { isSameOrder } from '../order/promotion.js';
import { ORDER_SETTING } from '../order/setting.js';
import type { Outcome } from '../outcome/outcome.js';
import type { PossibleOrder } from './possible-orders.js';
import {
  effectiveSize,
  NO_WEIGHT,
  type WeightedMean,
  type WeightedSums,
  weightedMean,
  withWeighted,
} from './weighted-mean.js';

/** With fewer effective incidents nothing is said. */
export const FEWEST_EFFECTIVE = 20;

/** What is gathered of the incidents of one check about one order. Plain data of a fixed size. */
export interface OrderSums {
  /** Outcomes that count for the comparison of orders. */
  readonly incidents: number;
  /** Of these: how they were drawn does not follow from the log. */
  readonly unclear: number;
  /** Of these: the asked order might have been served. Σ of their seconds as they were served. */
  readonly possible: number;
  readonly served_s: number;
  /** Of these: what was done is what it would have done. */
  readonly seen: WeightedSums;
}

export interface OrderEstimate {
  readonly incidents: number;
  readonly unclear: number;
  readonly possible: number;
  readonly seen: number;
  readonly effective: number;
  /** Mean seconds to recover of the possible ones, as they were served; `null` without any. */
  readonly served_s: number | null;
  /** The same in the asked order; `null` where too few are effective. */
  readonly asked: WeightedMean | null;
}

export const NO_INCIDENTS: OrderSums = { incidents: 0, unclear: 0, possible: 0, served_s: 0, seen: NO_WEIGHT };

/**
 * Adds one outcome. Only where the asked order itself might have been served: elsewhere those that recover early would be
 * seen of it, and the others never.
 */
export function withIncident(
  sums: OrderSums,
  asked: readonly string[],
  outcome: Outcome,
  possible: readonly PossibleOrder[] | undefined,
): OrderSums {
  if (!outcome.counts.effect) return sums;
  const next = { ...sums, incidents: sums.incidents + 1 };
  if (possible === undefined) return { ...next, unclear: sums.unclear + 1 };
  if (!possible.some(({ order }) => isSameOrder(order, asked))) return next;
  const seconds = secondsToRecover(outcome);
  const alike = possible.filter(({ order }) => wouldDoTheSame(order, asked, outcome));
  const isSeen = alike.some(({ order }) => isSameOrder(order, outcome.order));
  const probability = alike.reduce((total, one) => total + one.probability, 0);
  return {
    ...next,
    possible: sums.possible + 1,
    served_s: sums.served_s + seconds,
    seen: isSeen ? withWeighted(sums.seen, 1 / probability, seconds) : sums.seen,
  };
}

export function orderEstimate({ incidents, unclear, possible, served_s, seen }: OrderSums): OrderEstimate {
  const effective = effectiveSize(seen);
  const asked = effective < FEWEST_EFFECTIVE ? undefined : weightedMean(seen, ORDER_SETTING.person_s);
  return {
    ...{ incidents, unclear, possible, seen: seen.n, effective: kept(effective) },
    served_s: possible === 0 ? null : kept(served_s / possible),
    asked: asked === undefined ? null : { mean: kept(asked.mean), low: kept(asked.low), high: kept(asked.high) },
  };
}

/** As orders are judged by: where it came back, or never went, a person has to come besides. */
export function secondsToRecover({ recovered_s, relapsed, tried }: Outcome): number {
  const spent = recovered_s ?? tried.reduce((total, { seconds }) => total + seconds, 0);
  return recovered_s === null || relapsed ? spent + ORDER_SETTING.person_s : spent;
}

/**
 * Whether this order would have done in the episode what the asked one does there. It depends on nothing but what happens
 * under the asked one: only then may the probability of being seen be weighed out. An episode that ends with a remedy
 * that worked has nothing to do with those after it; where all were tried in vain, a longer order would have gone on.
 */
function wouldDoTheSame(order: readonly string[], asked: readonly string[], outcome: Outcome): boolean {
  if (isSameOrder(order, asked)) return true;
  const done = outcome.tried.map(({ playbook }) => playbook);
  const begins = (one: readonly string[]) => isSameOrder(one.slice(0, done.length), done);
  if (outcome.unknown > 0 || done.length === 0 || !begins(asked) || !begins(order)) return false;
  return endedWell(outcome) || (asked.length > done.length && order.length > done.length);
}

/** By the last remedy, whether it relapsed afterwards or not. */
function endedWell({ tried, relapsed, recovered_s }: Outcome): boolean {
  return tried.at(-1)?.worked === true || (relapsed && recovered_s !== null);
}
