import { LOG_FILE } from '../core/journal/log-files.js';
import { ACTION } from '../core/records/audit-actions.js';
import { quarantineCount } from '../core/registry/queries/quarantine.js';
import { gapWords } from '../healing/engine/gap-words.js';
import type { Context } from './context.js';
import { nextCommand } from './next-command.js';
import { escapeText } from './output/escape.js';
import type { Reading } from './reading.js';
import type { Writing } from './writing.js';

const RECOVERY: Readonly<Record<string, string>> = {
  [ACTION.tailEnded]: 'a torn line was ended',
  [ACTION.foreignLinesSealed]: 'lines that grace did not acknowledge were sealed, without effect',
  [ACTION.logRotated]: 'a rotation was followed',
};

/** On stderr, what had to be written down about the logs before a command's own records could be. */
export function noteRecovered(ctx: Context, { ledger }: Pick<Writing, 'ledger'>): void {
  for (const { action, resource, decision } of ledger.recovered) {
    const what = RECOVERY[action] ?? `bytes are gone (${decision.kind})`;
    ctx.err.write(
      `grace: note: ${escapeText(`${resource.replace(/#.*/, '')}: ${what}; it is in the audit log now`)}\n`,
    );
  }
}

/** For who heals, as often as asked and each time what is new: bytes that are gone, and records that are missing. */
export function lossTeller(ctx: Context, { ledger }: Pick<Writing, 'ledger'>): () => void {
  const say = (text: string) => ctx.err.write(`grace: warning: ${escapeText(text)}\n`);
  let told = 0;
  let gap: string | undefined;
  return () => {
    for (const { action, resource, decision } of ledger.recovered.slice(told)) {
      if (action !== ACTION.logLossNoted) continue;
      say(`${resource.replace(/#.*/, '')}: bytes are gone (${decision.kind}); it is in the audit log now`);
    }
    told = ledger.recovered.length;
    const before = gap;
    gap = gapWords(ledger.registry.control((view) => view.missingLines()));
    if (gap !== undefined && gap !== before) say(`nothing acts: ${gap}`);
  };
}

/** On stderr, what a reader must know besides the answer: bad lines, lost bytes, a registry that had to be replaced. */
export function noteTrouble(ctx: Context, { registry, where }: Pick<Reading, 'registry' | 'where'>): void {
  const say = (text: string) => ctx.err.write(`grace: note: ${escapeText(text)}\n`);
  const { temporary, rebuilt, kept, losses } = registry.notes;
  for (const { log, kind, bytes_before, bytes_now } of losses) {
    say(
      `${LOG_FILE[log]} was ${kind}: ${bytes_before} bytes had been read, ${bytes_now} are there; record it: ${nextCommand(['registry', 'sync'], where)}`,
    );
  }
  if (rebuilt !== undefined && losses.length === 0) say(`the registry was built anew: ${rebuilt}`);
  if (kept !== undefined) say(`the damaged registry was kept as ${kept}`);
  if (temporary !== undefined && losses.length === 0) say(`read into a temporary registry: ${temporary}`);
  const bad = registry.read(quarantineCount);
  if (bad > 0)
    say(
      `${bad} bad ${bad === 1 ? 'line is' : 'lines are'} quarantined and not counted: ${nextCommand(['doctor'], where)}`,
    );
}
