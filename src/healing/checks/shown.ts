/** How findings put figures and foreign text into a sentence. */

const MAX_SUMMARY = 500;
const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `0.4567` → `45.6%`. Cut, not rounded: 89.99 % is not yet the 90.0 % that would be too much. */
export function percent(share: number): string {
  return `${(Math.floor(share * 1000 + 1e-9) / 10).toFixed(1)}%`;
}

/** `1536` → `1.5 KiB`. */
export function sizeShown(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < SIZES.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${SIZES[unit]}`;
}

/** So much of a text as a summary holds: 500 UTF-16 units. */
export function shortened(text: string): string {
  if (text.length <= MAX_SUMMARY) return text;
  // Half a surrogate pair is no character.
  return `${text.slice(0, MAX_SUMMARY - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
