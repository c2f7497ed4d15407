import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Ledger } from '../core/ledger.js';
import type { Context } from './context.js';
import { createProgress } from './output/progress.js';
import { findLogs } from './reading.js';
import { sealTeller } from './seal-notes.js';
import type { WritingOptions } from './where.js';

export interface Writing {
  readonly dir: string;
  readonly ledger: Ledger;
  readonly host: string;
}

/** Opens the logs for a command that writes; creates their directory where there is none. */
export async function openForWriting(ctx: Context, where: WritingOptions): Promise<Writing> {
  const dir = await findLogs(ctx, where);
  const { Ledger } = await import('../core/ledger.js');
  const { keyPlaceOf } = await import('../core/seal/key-file.js');
  const progress = createProgress(ctx.err, 'reading the logs', () => ctx.clock.elapsed() * 1000);
  const ledger = new Ledger({
    dir,
    clock: ctx.clock,
    jitter: ctx.jitter,
    unique: ctx.unique,
    invocation: ctx.invocation,
    keys: keyPlaceOf(ctx.env, where.key === undefined ? undefined : resolve(ctx.cwd, where.key)),
    onSealEvent: sealTeller(ctx, where),
    onProgress: (_log, done, total) => {
      progress.update(done, total);
      if (done >= total) progress.end();
    },
  });
  return { dir, ledger, host: hostname() };
}
