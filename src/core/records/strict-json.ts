import { isAscii, isUtf8 } from 'node:buffer';
import { isJsonObject, type Json, type JsonObject } from './json.js';

/** Deeper nesting than any record has; a 10,000-deep line overflows `JSON.stringify`. */
export const MAX_DEPTH = 64;

export type StrictJson =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads one line as a JSON object that means the same to every reader: valid UTF-8, one object, no key twice in an
 * object (`JSON.parse` keeps the last, other readers the first), no `__proto__`, not deeper than {@link MAX_DEPTH}.
 *
 * Duplicate keys leave no trace in a parsed value, so keys are counted twice, in the bytes (colons outside strings) and
 * in the value: the counts differ exactly when a key was repeated.
 */
export function parseStrict(bytes: Buffer): StrictJson {
  const text = decode(bytes);
  if (text === undefined) return refuse('invalid UTF-8');
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return refuse(describeBroken(bytes));
  }
  if (!isJsonObject(value)) return refuse('not a JSON object');
  const keys = countKeys(value, 1);
  if (keys < 0) return refuse(problemOf(keys));
  if (keys !== countColons(bytes)) return refuse('a key stands twice in one object');
  return { ok: true, value };
}

/** `undefined` when the bytes are not UTF-8 (a plain `toString` would put U+FFFD in their place and say nothing). */
export function decode(bytes: Buffer): string | undefined {
  if (isAscii(bytes)) return bytes.toString('latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/** Why a value would not be read back if it were written, or `undefined`; `depth` is where it will stand. */
export function unstorable(value: Json, depth = 1): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const keys = countKeys(value, depth);
  return keys < 0 ? problemOf(keys) : undefined;
}

function problemOf(code: number): string {
  return code === TOO_DEEP ? `nested deeper than ${MAX_DEPTH}` : 'a key is named __proto__';
}

function refuse(reason: string): StrictJson {
  return { ok: false, reason };
}

function describeBroken(bytes: Buffer): string {
  if (bytes.length === 0 || bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)) return 'blank line';
  if (bytes.includes(0)) return 'NUL bytes';
  return 'not JSON';
}

const TOO_DEEP = -1;
const PROTO_KEY = -2;

function countKeys(value: Json[] | JsonObject, depth: number): number {
  if (depth > MAX_DEPTH) return TOO_DEEP;
  let keys = 0;
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item !== 'object' || item === null) continue;
      const inner = countKeys(item, depth + 1);
      if (inner < 0) return inner;
      keys += inner;
    }
    return keys;
  }
  // for-in over a value made by JSON.parse sees own keys only; it is twice as fast as Object.keys here.
  for (const key in value) {
    if (key === '__proto__') return PROTO_KEY;
    keys++;
    const item = value[key];
    if (typeof item !== 'object' || item === null) continue;
    const inner = countKeys(item, depth + 1);
    if (inner < 0) return inner;
    keys += inner;
  }
  return keys;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Colons outside strings of text already known to be valid JSON: one for each key. */
function countColons(bytes: Buffer): number {
  let colons = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === COLON) colons++;
  }
  return colons;
}
