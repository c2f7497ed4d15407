/** A draw less likely than this is none that grace makes, and the weight of its outcome, 1 ÷ share, would drown all others. */
const RAREST = 1e-6;

export function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

/** A share in which chance may have a say: nothing drawn (0 or 1), or both arms likely enough to be compared. */
export function isHoldoutShare(value: unknown): value is number {
  return isShare(value) && (value === 0 || value === 1 || (value >= RAREST && value <= 1 - RAREST));
}
