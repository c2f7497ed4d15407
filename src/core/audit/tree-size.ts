/** The largest tree: sizes and indexes are whole numbers that a double holds exactly. */
const LARGEST = Number.MAX_SAFE_INTEGER;

/** A number of leaves, or an index: a whole number from 0 to 2^53 − 1. */
export function isTreeSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** ASCII digits with no leading zero, as checkpoints, tile paths and proofs spell numbers; `undefined` for anything else. */
export function parseDecimal(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return value <= LARGEST ? value : undefined;
}
