import { createHash } from 'node:crypto';
import type { LearnState } from './learn-state.js';

/** SHA-256 of the canonical JSON, hex. */
export function stateHash(state: LearnState): string {
  return createHash('sha256').update(canonical(state)).digest('hex');
}

/** JSON without blanks, keys sorted by their UTF-16 units at every depth: equal data, equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`);
  return `{${fields.join(',')}}`;
}
