import { EXIT, OperatorError } from '../core/errors.js';
import type { Context } from './context.js';
import { escapeText } from './output/escape.js';
import { writeJson } from './output/json.js';
import { findLogs, requireLogs } from './reading.js';
import type { WritingOptions } from './where.js';
import { openForWriting } from './writing.js';

export interface RekeyOptions extends WritingOptions {
  readonly json?: boolean;
}

/** Has another key sign the audit log from now on; where the seal is gone or broken, seals it anew and says so in the log. */
export async function runRekey(ctx: Context, options: RekeyOptions): Promise<number> {
  const dir = await findLogs(ctx, options);
  requireLogs(dir, options, 'audit');
  const { ledger } = await openForWriting(ctx, options);
  try {
    const vkey = await ledger.replaceKey();
    if (vkey === undefined) {
      throw new OperatorError('GRACE_NO_KEY_PLACE', EXIT.usage, 'there is no place for a key: $HOME is not set', {
        hint: `${ctx.invocation} --key /root/grace.key`,
      });
    }
    if (options.json) writeJson(ctx.out, { schema: 'grace.rekey/1', vkey });
    else {
      ctx.out.write('REKEYED: another key signs from now on, and the audit log says so. Its public key:\n');
      ctx.out.write(
        `${escapeText(vkey)}\nKeep a copy of that line elsewhere than on this host, beside the former one if there was one.\n`,
      );
    }
    return EXIT.done;
  } finally {
    ledger.close();
  }
}
