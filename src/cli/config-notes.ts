import type { LoadedConfig } from '../core/config/load-config.js';
import type { Context } from './context.js';
import { nextCommand } from './next-command.js';
import { escapeText } from './output/escape.js';
import type { WhereOptions } from './where.js';

/** On stderr: what would keep a command from acting by this configuration, though it can be looked at. */
export function noteDistrust(ctx: Context, { path, untrusted }: LoadedConfig, where: WhereOptions): void {
  if (untrusted.length === 0) return;
  const text = `others than root and this account could change ${path} or what it names, so nothing acts by it`;
  ctx.err.write(`grace: note: ${escapeText(`${text}: ${nextCommand(['config', 'check'], where)}`)}\n`);
}
