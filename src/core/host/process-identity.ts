import { readFileSync } from 'node:fs';
import type { ProcessIdentity } from '../records/claim.js';

let cachedBootId: string | undefined;

/** The kernel's random id of this boot. */
export function bootId(): string {
  cachedBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return cachedBootId;
}

export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid) ?? { boot_id: bootId(), pid: process.pid, start_time: 0 };
}

/** `undefined` when there is no such process. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const start_time = startTime(pid);
  return start_time === undefined ? undefined : { boot_id: bootId(), pid, start_time };
}

/** True while that very process runs: same boot, same pid, same start. A zombie has ended. */
export function isAlive(who: ProcessIdentity): boolean {
  return who.boot_id === bootId() && startTime(who.pid) === who.start_time;
}

function startTime(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command name, in parentheses, may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return Number(fields[19]);
}
