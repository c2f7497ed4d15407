import { isSameOrder } from '../order/promotion.js';
import { ORDER_SETTING } from '../order/setting.js';
import type { StandingArms } from '../serving/choose-order.js';
import type { LoggedDraw } from './logged-draw.js';

/** An order that might have been served, and with which probability. */
export interface PossibleOrder {
  readonly order: readonly string[];
  readonly probability: number;
}

/** Probabilities are logged with 9 digits, and two that were reckoned in different ways are the same within this. */
const CLOSE = 1e-8;

/**
 * Every order that might have been served in the episode, from what was logged of the one that was and the arms that stood.
 * Of the share for the holdout only what was drawn with is in the log, by the propensity; whether the candidate took
 * part follows from the probability of the frozen order. `undefined` where the log contradicts itself.
 */
export function possibleOrders(
  logged: LoggedDraw,
  standing: StandingArms | undefined,
): readonly PossibleOrder[] | undefined {
  if (logged.arm === 'author') {
    return logged.propensity === 1 ? [{ order: logged.order, probability: 1 }] : undefined;
  }
  if (standing === undefined) return undefined;
  return [ORDER_SETTING.explore, 0].map((explore) => drawnWith(logged, standing, explore)).find((all) => all);
}

function drawnWith(
  logged: LoggedDraw,
  { first, incumbent, candidate, holdout: most }: StandingArms,
  explore: number,
): readonly PossibleOrder[] | undefined {
  const holdout = holdoutOf(logged, explore);
  if (holdout === undefined || holdout < -CLOSE || holdout > most + CLOSE) return undefined;
  if (explore > 0 && isSameOrder(candidate, incumbent)) return undefined;
  const tried = (1 - holdout) * explore;
  const arms = {
    holdout: { order: first, probability: holdout },
    candidate: { order: candidate, probability: tried },
    incumbent: { order: incumbent, probability: 1 - holdout - tried },
  };
  const drawn = Object.hasOwn(arms, logged.arm) ? arms[logged.arm as keyof typeof arms] : undefined;
  if (drawn === undefined || !isSameOrder(drawn.order, logged.order)) return undefined;
  const all = merged(Object.values(arms).filter(({ probability }) => probability > CLOSE));
  const share = all.find(({ order }) => isSameOrder(order, first))?.probability ?? 0;
  return Math.abs(share - logged.holdout_share) <= CLOSE ? all : undefined;
}

/** The share for the holdout with which this arm has this propensity. */
export function holdoutOf(
  { arm, propensity }: Pick<LoggedDraw, 'arm' | 'propensity'>,
  explore: number,
): number | undefined {
  if (arm === 'holdout') return propensity;
  if (arm === 'incumbent') return 1 - propensity / (1 - explore);
  return arm === 'candidate' && explore > 0 ? 1 - propensity / explore : undefined;
}

function merged(orders: readonly PossibleOrder[]): readonly PossibleOrder[] {
  const all: PossibleOrder[] = [];
  for (const { order, probability } of orders) {
    const at = all.findIndex((one) => isSameOrder(one.order, order));
    const known = all[at];
    if (known === undefined) all.push({ order, probability });
    else all[at] = { order, probability: known.probability + probability };
  }
  return all;
}
