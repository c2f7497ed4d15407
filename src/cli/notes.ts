import { LOG_FILE } from '../core/journal/log-files.js';
import { quarantineCount } from '../core/registry/queries/quarantine.js';
import type { Context } from './context.js';
import { escapeText } from './output/escape.js';
import type { Reading } from './reading.js';

/** On stderr, what a reader must know besides the answer: bad lines, lost bytes, a registry that had to be replaced. */
export function noteTrouble(ctx: Context, { registry }: Pick<Reading, 'registry'>): void {
  const say = (text: string) => ctx.err.write(`grace: note: ${escapeText(text)}\n`);
  const { temporary, rebuilt, kept, losses } = registry.notes;
  for (const { log, kind, bytes_before, bytes_now } of losses) {
    say(
      `${LOG_FILE[log]} was ${kind}: ${bytes_before} bytes had been read, ${bytes_now} are there; record it: grace registry sync`,
    );
  }
  if (rebuilt !== undefined && losses.length === 0) say(`the registry was built anew: ${rebuilt}`);
  if (kept !== undefined) say(`the damaged registry was kept as ${kept}`);
  if (temporary !== undefined && losses.length === 0) say(`read into a temporary registry: ${temporary}`);
  const bad = registry.read(quarantineCount);
  if (bad > 0) say(`${bad} bad ${bad === 1 ? 'line is' : 'lines are'} quarantined and not counted: grace doctor`);
}
