import type { Out } from './streams.js';

/**
 * What JSON lets stand raw in a string and a terminal might obey: DEL and the C1 controls, format characters, the line
 * and paragraph separators. (C0 controls and lone surrogates are escaped by JSON.stringify.) Outside strings only the
 * line feeds of pretty printing occur, and they are not among these.
 */
const UNSEEN = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** One JSON document and a line feed. A value JSON has no word for (`undefined`) is `null`. */
export function writeJson(out: Pick<Out, 'write'>, value: unknown): void {
  const text = JSON.stringify(value ?? null, null, 2) ?? 'null';
  out.write(`${text.replace(UNSEEN, jsonEscapes)}\n`);
}

/** JSON escapes count in UTF-16 units: a character beyond U+FFFF takes two. */
function jsonEscapes(char: string): string {
  return char
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
