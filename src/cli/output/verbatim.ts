import { escapeText } from './escape.js';
import type { Out } from './streams.js';

/** Writes a text that others verify byte for byte. A terminal gets what it would obey made visible, line by line. */
export function writeVerbatim(out: Pick<Out, 'write' | 'isTTY'>, text: string): void {
  out.write(out.isTTY ? text.split('\n').map(escapeText).join('\n') : text);
}
