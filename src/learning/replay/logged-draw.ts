import type { JsonObject } from '../../core/records/json.js';
import { idList } from '../state/entry-fields.js';

/** What an opening says of how its order was drawn. */
export interface LoggedDraw {
  readonly arm: string;
  readonly order: readonly string[];
  readonly propensity: number;
  readonly holdout_share: number;
}

/** `undefined` where it was not drawn: it was written before there was any learning, or by hand. */
export function readDraw({ arm, order, propensity, holdout_share }: JsonObject): LoggedDraw | 'impossible' | undefined {
  const ids = idList(order);
  if (typeof arm !== 'string' || ids === undefined) return undefined;
  if (!isShare(propensity) || propensity === 0 || !isShare(holdout_share)) return 'impossible';
  return { arm, order: ids, propensity, holdout_share };
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}
