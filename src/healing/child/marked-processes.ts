import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/host/clock.js';
import { ownPid, parentPid, sendSignal } from '../../core/host/signal.js';
import { sendSignalToGroup } from '../../core/host/signal-group.js';
import { MARKER_NAME } from './child-environment.js';

const WITHIN_S = 1;
const POLL_MS = 5;

/**
 * The processes that carry the marker in the environment they were started with, by pid. Zombies do not; nor do those of
 * other accounts when we are not root, whose environment we may not read. Throws what the kernel says when /proc cannot be
 * read at all.
 */
export function markedProcesses(marker: string): number[] {
  const wanted = Buffer.from(`\0${MARKER_NAME}=${marker}\0`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => carries(pid, wanted));
}

/**
 * Sends SIGKILL to all that carry the marker and to their process groups, again and again until there are none or a second
 * has passed. Answers who is left; rejects when /proc could not be read all that time. Neither this process nor its parent
 * nor the first process is ever signalled.
 */
export async function endMarked(marker: string, clock: Clock): Promise<readonly number[]> {
  const wanted = Buffer.from(`\0${MARKER_NAME}=${marker}\0`);
  const spared = new Set([1, ownPid(), parentPid()]);
  const sparedGroups = new Set([...spared].map(groupOf));
  const until = clock.elapsed() + WITHIN_S;
  for (;;) {
    const left = look(marker, clock.elapsed() >= until)?.filter((pid) => !spared.has(pid));
    if (left === undefined) {
      await sleep(POLL_MS);
      continue;
    }
    if (left.length === 0 || clock.elapsed() >= until) return left;
    const sent = left.map((pid) => kill(pid, wanted, sparedGroups));
    if (!sent.includes(true)) return left.filter((pid) => carries(pid, wanted));
    await sleep(POLL_MS);
  }
}

/** `undefined`: /proc cannot be read just now, as when descriptors have run out. */
function look(marker: string, mayThrow: boolean): number[] | undefined {
  try {
    return markedProcesses(marker);
  } catch (error) {
    if (mayThrow) throw error;
    return undefined;
  }
}

/** False when the kernel forbids it. */
function kill(pid: number, wanted: Buffer, sparedGroups: ReadonlySet<number | undefined>): boolean {
  const group = groupOf(pid);
  // The last look: since the listing the pid may have gone to another.
  if (!carries(pid, wanted)) return true;
  if (group !== undefined && group > 1 && !sparedGroups.has(group)) sendSignalToGroup(group, 'SIGKILL');
  return !carries(pid, wanted) || sendSignal(pid, 'SIGKILL') !== 'not permitted';
}

function carries(pid: number, wanted: Buffer): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`);
    return environment.indexOf(wanted) >= 0 || environment.subarray(0, wanted.length - 1).equals(wanted.subarray(1));
  } catch (error) {
    // It has ended, or belongs to another account.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

function groupOf(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command name, in parentheses, may itself hold spaces and parentheses.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}
