import { isJsonObject, type Json, type JsonObject } from './json.js';
import { parseInstant } from './time.js';

/**
 * Field checks for parsed lines, written by hand because every line of a log passes them: each answers `undefined`, or
 * what is wrong, naming the field.
 */

export function wrong(v: JsonObject, field: string, wanted: string): string {
  return field in v ? `field ${field} is not ${wanted}` : `field ${field} is missing`;
}

export function text(v: JsonObject, field: string): string | undefined {
  const value = v[field];
  return typeof value === 'string' && value !== '' ? undefined : wrong(v, field, 'a text');
}

export function textOrNull(v: JsonObject, field: string): string | undefined {
  return v[field] === null || typeof v[field] === 'string' ? undefined : wrong(v, field, 'a text or null');
}

/** Names go into other records, and must leave room there. Characters. */
const MAX_NAME = 1024;

export function shortText(v: JsonObject, field: string): string | undefined {
  return text(v, field) ?? shortTextOrNull(v, field);
}

export function shortTextOrNull(v: JsonObject, field: string): string | undefined {
  const value = v[field];
  const long = typeof value === 'string' && value.length > MAX_NAME;
  return long ? `field ${field} is longer than ${MAX_NAME} characters` : textOrNull(v, field);
}

export function instant(v: JsonObject, field: string, nullable: boolean): string | undefined {
  const value = v[field];
  if (nullable && value === null) return undefined;
  return typeof value === 'string' && parseInstant(value) !== undefined
    ? undefined
    : wrong(v, field, nullable ? 'a time or null' : 'a time');
}

export function oneOf(v: JsonObject, field: string, allowed: readonly string[]): string | undefined {
  const value = v[field];
  return typeof value === 'string' && allowed.includes(value)
    ? undefined
    : wrong(v, field, `one of ${allowed.join(', ')}`);
}

export function secondsOrNull(v: JsonObject, field: string): string | undefined {
  const value = v[field];
  return value === null || (typeof value === 'number' && value >= 0 && Number.isFinite(value))
    ? undefined
    : wrong(v, field, 'seconds or null');
}

export function textList(v: JsonObject, field: string): string | undefined {
  const value: Json | undefined = v[field];
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? undefined
    : wrong(v, field, 'a list of texts');
}

export function count(v: JsonObject, field: string): string | undefined {
  const value = v[field];
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= 1e9
    ? undefined
    : wrong(v, field, 'a whole number');
}

/** The same check for a field that need not be there. */
export function optional(
  v: JsonObject,
  field: string,
  problem: (v: JsonObject, field: string) => string | undefined,
): string | undefined {
  return v[field] === undefined ? undefined : problem(v, field);
}

/** Checks fields of an object inside the record. */
export function inside(
  v: JsonObject,
  field: string,
  problem: (inner: JsonObject) => string | undefined,
): string | undefined {
  const value = v[field];
  if (!isJsonObject(value)) return wrong(v, field, 'an object');
  return problem(value)?.replace(/^field /, `field ${field}.`);
}

export function firstOf<T>(items: readonly T[], problem: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = problem(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
