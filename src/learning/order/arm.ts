import { isSameOrder } from './promotion.js';
import type { Random } from './random.js';
import type { OrderSetting } from './setting.js';

/** `holdout`: the frozen first order; `candidate`: tried before it is promoted; `incumbent`: what has been learned. */
export type ArmName = 'holdout' | 'candidate' | 'incumbent';

export interface Arm {
  readonly arm: ArmName;
  readonly order: readonly string[];
  /** With which probability this arm was drawn. */
  readonly propensity: number;
}

export interface Arms {
  readonly first: readonly string[];
  readonly incumbent: readonly string[];
  readonly candidate: readonly string[];
  /** The share handled in the frozen first order, 0–1; 0 where there is no holdout. */
  readonly holdout: number;
  /** Whether chance may decide if this playbook runs. Never for a destructive one: it is for the caller to say. */
  readonly mayBeRandomised: (id: string) => boolean;
}

/** Draws the order of one incident. It takes one number of the stream, always. */
export function drawArm(arms: Arms, random: Random, { explore }: Pick<OrderSetting, 'explore'>): Arm {
  const { first, incumbent, candidate, mayBeRandomised } = arms;
  const holdout = mayDraw(first, incumbent, mayBeRandomised) ? arms.holdout : 0;
  const differs = !isSameOrder(candidate, incumbent);
  const tried = differs && mayDraw(candidate, incumbent, mayBeRandomised) ? (1 - holdout) * explore : 0;
  const u = random();
  if (u < holdout) return { arm: 'holdout', order: first, propensity: holdout };
  if (u < holdout + tried) return { arm: 'candidate', order: candidate, propensity: tried };
  return { arm: 'incumbent', order: incumbent, propensity: 1 - holdout - tried };
}

/**
 * A playbook that chance may not bring about has the same ones before it in both orders, or is in neither: it then runs in
 * the same incidents, whichever is drawn.
 */
function mayDraw(one: readonly string[], other: readonly string[], mayBeRandomised: (id: string) => boolean): boolean {
  return [...new Set([...one, ...other])].every((id) => mayBeRandomised(id) || hasSameBefore(id, one, other));
}

function hasSameBefore(id: string, one: readonly string[], other: readonly string[]): boolean {
  const places = [one.indexOf(id), other.indexOf(id)] as const;
  if (places[0] !== places[1] || places[0] < 0) return false;
  const before = new Set(other.slice(0, places[1]));
  return one.slice(0, places[0]).every((earlier) => before.has(earlier));
}
