import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { locateConfig } from '../core/config/logs-location.js';
import { effectiveUid } from '../core/host/account.js';
import { bootId } from '../core/host/process-identity.js';
import { LOG_FILE } from '../core/journal/log-files.js';
import { readSmallFile } from '../core/journal/small-file.js';
import type { Now } from '../core/records/moment.js';
import { MAX_SMALL_BYTES, SIDECAR_DIR, SIDECAR_FILE } from '../core/seal/sidecar.js';
import type { Seen } from '../learning/state/state-cache.js';
import type { Context } from './context.js';
import type { WritingOptions } from './where.js';

/** Everything a tick rests on but the time, as one hash, and the directory of the logs. Only names, bytes and what `stat` says. */
export interface TickInputs {
  readonly dir: string;
  readonly sha256: string;
}

/**
 * `undefined` where anything is in doubt. Which directory holds the logs is a guess where grace.yaml says it; the hash names
 * both, and what is kept there was kept by a tick that had read the file.
 */
export function tickInputs(ctx: Context, where: WritingOptions): TickInputs | undefined {
  try {
    const { cwd, env } = ctx;
    const config = locateConfig({ cwd, env, logs: where.logs, config: where.config });
    if (config === undefined) return undefined;
    const bytes = readFileSync(config);
    const given = where.logs ?? env.GRACE_LOGS;
    const dir = given ? resolve(cwd, given) : logsIn(bytes.toString('utf8'), config, cwd);
    const inputs = [
      ...[config, createHash('sha256').update(bytes).digest('hex'), stampOf(config), trustOf(config)],
      // Named by hand, or found through the file: the same directory may be both.
      ...[dir, Boolean(given), ownershipOf(dir), effectiveUid(), logFiles(dir), sealFiles(join(dir, SIDECAR_DIR))],
      ...[where.key ?? null, env.GRACE_KEY ?? null, env.XDG_STATE_HOME ?? null, env.HOME ?? null],
      stampOf(join(ctx.home, 'dist', 'cli', 'main.cjs')),
    ];
    return { dir, sha256: createHash('sha256').update(JSON.stringify(inputs)).digest('hex') };
  } catch {
    return undefined;
  }
}

/** Nothing has changed, and nothing has become due by the passing of time. A clock that was set back is a change. */
export function isUnchanged(inputs: TickInputs, seen: Seen | undefined, now: Now): boolean {
  if (seen === undefined || seen.inputs !== inputs.sha256 || seen.boot_id !== now.boot_id) return false;
  const { from_ms, until } = seen;
  return now.elapsed_s < until.elapsed_s && from_ms <= now.ms && now.ms < until.ms;
}

export function momentOf(ctx: Pick<Context, 'clock'>): Now {
  return { boot_id: bootId(), elapsed_s: ctx.clock.elapsed(), ms: ctx.clock.now() };
}

/** As YAML or as JSON spells it, nearly always. */
const LOGS = /(?:^|[{,][ \t]*)(["']?)logs\1[ \t]*:[ \t]*(["']?)([^\s#'"&*!|>{}[\],]+)\2/m;

function logsIn(text: string, config: string, cwd: string): string {
  const said = LOGS.exec(text)?.[3];
  return said === undefined ? join(cwd, 'logs') : resolve(dirname(config), said);
}

function stampOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return 'none';
  const { dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs } = stat;
  return [dev, ino, mode, uid, gid, size, mtimeNs, ctimeNs].join(':');
}

/** Whose it is and who may write there; its times change with every look. */
function ownershipOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 'none' : [stat.dev, stat.ino, stat.mode, stat.uid, stat.gid].join(':');
}

/** Who could have put another file in its place. */
function trustOf(path: string): string[] {
  const above: string[] = [];
  for (let at = dirname(path); ; at = dirname(at)) {
    above.push(ownershipOf(at));
    if (at === dirname(at)) return above;
  }
}

/** All files of both logs: a rotation renames them, and an older one may be put away. */
function logFiles(dir: string): string[] {
  const bases = Object.values(LOG_FILE);
  return filesOf(dir, (name) => bases.some((base) => name.startsWith(base)));
}

/** Where grace stands is written anew, often just as it was: what it says counts. */
function sealFiles(dir: string): string[] {
  const position = join(dir, SIDECAR_FILE.position);
  const said = readSmallFile(position, MAX_SMALL_BYTES)?.toString('hex') ?? 'none';
  return [...filesOf(dir, (name) => name !== SIDECAR_FILE.position), ownershipOf(position), said];
}

function filesOf(dir: string, isWanted: (name: string) => boolean): string[] {
  const names = statSync(dir, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(dir) : [];
  return names
    .filter(isWanted)
    .sort()
    .map((name) => `${name}=${stampOf(join(dir, name))}`);
}
