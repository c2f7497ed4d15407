/**
 * A number as state keeps it: 9 significant digits. Less than a double holds, so that sums which differ in their last bit
 * are kept alike.
 */
export function kept(value: number): number {
  return Number(value.toPrecision(9));
}
