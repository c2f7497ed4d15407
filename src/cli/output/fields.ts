import { escapeText } from './escape.js';
import type { Out } from './streams.js';
import { displayWidth, wrap } from './width.js';

const GAP = 2;
/** With less room than this beside the names, wrapped text would be a ladder. */
const LEAST_ROOM = 16;

/** Of the names that stand before the values; a longer one only stands out. */
const MAX_NAME_WIDTH = 24;

/** Raw names and values, one below the other; those without a value are left out. */
export function writeFields(out: Out, record: object): void {
  const fields = Object.entries(record)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [
      escapeText(name),
      escapeText(typeof value === 'object' ? JSON.stringify(value) : String(value)),
    ]);
  const width = fields.reduce((most, [name = '']) => Math.max(most, Math.min(MAX_NAME_WIDTH, displayWidth(name))), 0);
  const room = out.columns - width - GAP;
  for (const [name = '', text = ''] of fields) {
    // A pipe gets each field on one line, whatever its length; a name may leave no room to wrap in.
    const lines = out.isTTY && room >= LEAST_ROOM ? wrap(text, room) : [text];
    const [first = '', ...rest] = lines;
    out.write(`${name}${' '.repeat(Math.max(0, width - displayWidth(name)) + GAP)}${first}\n`);
    for (const line of rest) out.write(`${' '.repeat(width + GAP)}${line}\n`);
  }
}
