import { valueAt } from './field-path.js';

/** The file as it is written, looked at piece by piece: what is wrong elsewhere in it hides nothing. */

type Entry = readonly [name: string, value: unknown];

/** What stands in a section such as `checks`, by name. */
export function entriesOf(value: unknown, section: string): Entry[] {
  const found = valueAt(value, [section]);
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? Object.entries(found) : [];
}

export function textAt(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = valueAt(value, path);
  return typeof found === 'string' ? found : undefined;
}

export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = valueAt(value, path);
  return Array.isArray(found) ? found : [];
}
