import { locateLogs } from '../core/config/logs-location.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { inspectDirectory } from '../core/journal/directory.js';
import { LOG_FILE, LOG_NAMES, type LogName } from '../core/journal/log-files.js';
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

/** `log`: the one that must be there; any of them will do when it is not said. */
export function requireLogs(dir: string, where: WhereOptions, log?: LogName): void {
  const state = inspectDirectory(dir);
  const wanted = log === undefined ? LOG_NAMES : [log];
  if (state.exists && wanted.some((name) => listSegments(dir, name).length > 0)) return;
  const files = log === undefined ? LOG_NAMES.map((name) => LOG_FILE[name]).join(' nor ') : `no ${LOG_FILE[log]}`;
  const message = state.exists
    ? `${log === undefined ? 'neither ' : ''}${files} in ${dir}`
    : `no logs: ${dir} does not exist`;
  throw new OperatorError('GRACE_NO_LOGS', EXIT.notFound, message, {
    hint: `${nextCommand(['trigger', 'incident'], where)}   # makes the first record`,
  });
}
