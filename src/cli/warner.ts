import { OperatorError, systemErrorSentence } from '../core/errors.js';
import type { Context } from './context.js';
import { escapeText } from './output/escape.js';

/** Says on stderr what went wrong without ending anything. */
export function warner(ctx: Context): (error: unknown) => void {
  return (error) => {
    const code = error instanceof OperatorError ? ` [${error.code}]` : '';
    const sentence = systemErrorSentence(error) ?? (error instanceof Error ? error.message : String(error));
    ctx.err.write(`grace: warning: ${escapeText(sentence)}${code}\n`);
  };
}
