import { readFileSync, readlinkSync } from 'node:fs';
import type { ProcessIdentity } from '../records/claim.js';

let cachedBootId: string | undefined;

/** The kernel's random id of this boot. */
export function bootId(): string {
  cachedBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return cachedBootId;
}

export function ownIdentity(): ProcessIdentity {
  const own = identityOf(process.pid);
  // Without it nobody could tell later whether we still live; then nothing may be claimed.
  if (!own) throw new Error('/proc does not tell when this process was started');
  return own;
}

/** `undefined` when there is no such process. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const start_time = startTime(pid);
  if (typeof start_time !== 'number') return undefined;
  const time_ns = timeNamespace();
  return { boot_id: bootId(), pid_ns: pidNamespace(), ...(time_ns === undefined ? {} : { time_ns }), pid, start_time };
}

let cachedNamespace: string | undefined;

/** Pids mean something only within it: a container that shares our logs has its own, and the boot id of its host. */
function pidNamespace(): string {
  cachedNamespace ??= readlinkSync('/proc/self/ns/pid');
  return cachedNamespace;
}

let cachedTimeNamespace: { readonly name: string | undefined } | undefined;

/** Start times mean something only within it: another one counts them from another moment. None before Linux 5.6. */
function timeNamespace(): string | undefined {
  cachedTimeNamespace ??= { name: linkOf('/proc/self/ns/time') };
  return cachedTimeNamespace.name;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/**
 * False once that very process has certainly ended: another boot, no such pid, another start, a zombie. One of which we
 * cannot tell, because it lives among other pids or cannot be looked at, counts as alive: nobody acts in its stead.
 */
export function isAlive(who: ProcessIdentity): boolean {
  return livenessOf(who) !== 'gone';
}

/** `unknown`: it lives, or lived, among other pids or by another count of time of this boot, or cannot be looked at. */
export type Liveness = 'alive' | 'gone' | 'unknown';

export function livenessOf(who: ProcessIdentity): Liveness {
  if (who.boot_id !== bootId()) return 'gone';
  if (who.pid_ns !== undefined && who.pid_ns !== pidNamespace()) return 'unknown';
  const start_time = startTime(who.pid);
  if (start_time === 'hidden') return 'unknown';
  // No such pid is no such process, however time is counted.
  if (start_time !== undefined && who.time_ns !== undefined && who.time_ns !== timeNamespace()) return 'unknown';
  return start_time === who.start_time ? 'alive' : 'gone';
}

function startTime(pid: number): number | 'hidden' | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ESRCH' ? undefined : 'hidden';
  }
  // The command name, in parentheses, may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return Number(fields[19]);
}
