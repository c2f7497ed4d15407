/**
 * Data is never an instruction to a terminal. A log line, a target name or a remedy's output may hold escape sequences
 * that move the cursor, recolour the screen or rewrite what was said before, and format characters that reverse the
 * reading order. Everything that came from data passes here on its way to a terminal.
 */

const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Every control, format, separator and lone surrogate character made visible: `\n`, `\t`, else `\u{1b}`. */
export function escapeText(s: string): string {
  return s.replace(UNSEEN, visible);
}

function visible(char: string): string {
  if (char === '\n') return '\\n';
  if (char === '\t') return '\\t';
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}
