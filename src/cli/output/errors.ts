import { escapeText } from './escape.js';
import type { Style } from './style.js';

export interface RenderedError {
  /** A sentence; it may hold data, so it is escaped here. */
  readonly message: string;
  /** `GRACE_…`, stable: what scripts and searches hold on to. */
  readonly code: string;
  /** With a command that can be pasted. */
  readonly hint?: string | undefined;
}

/** The one shape of a failure on stderr. The prefixes are coloured as a whole, so that grep finds them unbroken. */
export function renderError(
  { message, code, hint }: RenderedError,
  style: Pick<Style, 'red' | 'cyan' | 'dim'>,
): string {
  const error = `${style.red('grace: error:')} ${escapeText(message)} ${style.dim(`[${escapeText(code)}]`)}\n`;
  return hint ? `${error}${style.cyan('grace: hint:')} ${escapeText(hint)}\n` : error;
}
