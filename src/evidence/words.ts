/** Numbers and names inside sentences. */

/** `1,513`. */
export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 incident`, `1,513 incidents`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${named(n, one, many)}`;
}

export function named(n: number, one: string, many = `${one}s`): string {
  return n === 1 ? one : many;
}

/** `2026-11-23 00:18:47Z` of an instant in the registry's spelling. */
export function utc(instant: string): string {
  return `${instant.slice(0, 19).replace('T', ' ')}Z`;
}

/** How many of a list a sentence names. */
const NAMED = 3;

/** A sentence for each of the first few, and how many more there are. */
export function firstFew<T>(items: readonly T[], sentence: (item: T) => string): string[] {
  const rest = items.length - NAMED;
  return [...items.slice(0, NAMED).map(sentence), ...(rest > 0 ? [`and ${count(rest)} more`] : [])];
}

export function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
