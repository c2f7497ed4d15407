import type { SealEvent } from '../core/seal/seal-event.js';
import type { Context } from './context.js';
import { nextCommand } from './next-command.js';
import { escapeText } from './output/escape.js';
import type { WhereOptions } from './where.js';

/** On stderr, what an operator has to know about the seal: the public key, once; that nothing is signed, each time. */
export function sealTeller(ctx: Context, where: WhereOptions): (event: SealEvent) => void {
  const say = (line: string) => ctx.err.write(`grace: note: ${escapeText(line)}\n`);
  return (event) => {
    if (event.kind === 'created') {
      const before =
        event.lines === 0 ? '' : `; what was done to its ${event.lines} older lines before, nobody can tell`;
      say(`the audit log is sealed from now on${before}. Its public key:`);
      ctx.err.write(`${escapeText(event.vkey)}\n`);
      say('keep a copy of that line elsewhere: with it anybody can check what this host says of itself');
      say(`the secret half is ${event.keyFile}, for this account alone`);
      return;
    }
    const { verdict, why } = event;
    ctx.err.write(
      `grace: warning: ${escapeText(`${verdict}: records are kept and nobody signs for them: ${why}`)}\n` +
        `grace: hint: ${escapeText(nextCommand(['evidence', 'audit'], where))}   # what that leaves unproven\n`,
    );
  };
}
