import { own } from '../order/tally.js';
import { canonical } from '../state/state-hash.js';
import type { Difference } from './deviation.js';

/** Characters of a value that are shown. */
const MOST_SHOWN = 200;

/** The fields in which what is said is not what follows, in the order of what follows. */
export function differences(
  said: Readonly<Record<string, unknown>>,
  follows: Readonly<Record<string, unknown>>,
  prefix = '',
): Difference[] {
  return Object.keys(follows).flatMap((key) => difference(`${prefix}${key}`, own(said, key), own(follows, key)));
}

/** One value, or none where both are the same data. */
export function difference(field: string, says: unknown, follows: unknown): Difference[] {
  return isSameData(says, follows) ? [] : [{ field, says: shown(says), follows: shown(follows) }];
}

/** Where what follows is a rule and not a value. */
export function broken(field: string, says: unknown, follows: string): Difference {
  return { field, says: shown(says), follows };
}

/** JSON says nothing of what is undefined, and knows no -0. */
export function isSameData(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : canonical(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
