import { locateLogs } from '../core/config/logs-location.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { inspectDirectory } from '../core/journal/directory.js';
import { LOG_FILE, LOG_NAMES } from '../core/journal/log-files.js';
import { listSegments } from '../core/journal/segments.js';
import type { Registry } from '../core/registry/registry.js';
import type { SyncResult } from '../core/registry/sync.js';
import type { Context } from './context.js';
import { nextCommand } from './next-command.js';
import { createProgress } from './output/progress.js';
import type { WhereOptions } from './where.js';

export function findLogs(ctx: Context, { logs, config }: WhereOptions): Promise<string> {
  return locateLogs({ cwd: ctx.cwd, env: ctx.env, logs, config });
}

export interface Reading {
  readonly dir: string;
  /** As the operator said it, for the commands that are named to them. */
  readonly where: WhereOptions;
  readonly registry: Registry;
  readonly sync: SyncResult;
}

/**
 * Opens the logs for a command that only looks: finds them, brings the registry up to date with them, and creates
 * neither log nor key. Exits 10 where there are none.
 */
export async function openForLooking(ctx: Context, where: WhereOptions): Promise<Reading> {
  const dir = await findLogs(ctx, where);
  requireLogs(dir, where);
  const registry = await createRegistry(ctx, dir);
  return { dir, where, registry, sync: registry.sync() };
}

export async function createRegistry(ctx: Context, dir: string): Promise<Registry> {
  const { Registry } = await import('../core/registry/registry.js');
  const progress = createProgress(ctx.err, 'reading the logs', () => ctx.clock.elapsed() * 1000);
  return new Registry(dir, {
    clock: ctx.clock,
    jitter: ctx.jitter,
    unique: ctx.unique,
    onProgress: (_log, done, total) => {
      progress.update(done, total);
      if (done >= total) progress.end();
    },
  });
}

function requireLogs(dir: string, where: WhereOptions): void {
  const state = inspectDirectory(dir);
  if (state.exists && LOG_NAMES.some((log) => listSegments(dir, log).length > 0)) return;
  const files = LOG_NAMES.map((log) => LOG_FILE[log]).join(' nor ');
  const message = state.exists ? `neither ${files} in ${dir}` : `no logs: ${dir} does not exist`;
  throw new OperatorError('GRACE_NO_LOGS', EXIT.notFound, message, {
    hint: `${nextCommand(['trigger', 'incident'], where)}   # makes the first record`,
  });
}
