import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/host/clock.js';
import { hasEnded } from '../../core/host/has-ended.js';
import { identityOf, isAlive } from '../../core/host/process-identity.js';
import { type Delivery, ownPid, sendSignal } from '../../core/host/signal.js';
import { sendSignalToGroup } from '../../core/host/signal-group.js';
import type { ProcessIdentity } from '../../core/records/claim.js';

const POLL_MS = 1;
const GROUP_POLL_MS = 5;
/** After SIGKILL; longer only hangs who hangs in the kernel. */
const KILL_MS = 2000;

export interface EndOptions {
  readonly identity: ProcessIdentity;
  /** Asked before each signal, besides whether it is the same process. */
  readonly mayEnd: () => boolean;
  /** SIGTERM until so long after the call, SIGKILL from then on. */
  readonly grace_ms: number;
  /** For everything; of however short a time some is left for SIGKILL. */
  readonly within_ms: number;
  readonly clock: Clock;
}

export type EndResult =
  | { readonly kind: 'ended'; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'still_there'; readonly reason: string };

/** Ends a process, and its process group with it if it leads one. */
export async function endProcess({ identity, mayEnd, grace_ms, within_ms, clock }: EndOptions): Promise<EndResult> {
  const { pid } = identity;
  const started = clock.elapsed();
  const spent_ms = () => (clock.elapsed() - started) * 1000;
  const leads = groupOf(pid) === pid && groupOf(ownPid()) !== pid;

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!hasEnded(identity)) {
      // Between this line and the next no pid comes round again.
      if (isAlive(identity) && !mayEnd()) return { kind: 'refused', reason: `pid ${pid} has become another program` };
      const delivery = isAlive(identity) ? send(pid, leads, signal) : 'gone';
      if (delivery === 'not permitted') {
        return { kind: 'refused', reason: `pid ${pid} may not be signalled by this account` };
      }
    } else if (leads && identityOf(pid) === undefined && membersOf(pid).length > 0) {
      // The number of a group is nobody else's while there is somebody in it.
      sendSignalToGroup(pid, signal);
    }
    const until_ms =
      signal === 'SIGTERM' ? Math.min(grace_ms, within_ms * 0.8) : Math.min(spent_ms() + KILL_MS, within_ms);
    for (;;) {
      const leader = !hasEnded(identity);
      if (!leader && !(leads && identityOf(pid) === undefined && membersOf(pid).length > 0))
        return { kind: 'ended', signal };
      if (spent_ms() >= until_ms) break;
      await sleep(leader ? POLL_MS : GROUP_POLL_MS);
    }
  }
  const who = hasEnded(identity) ? `a process of the group of pid ${pid}` : `pid ${pid}`;
  return { kind: 'still_there', reason: `${who} is still there after ${Math.round(spent_ms())} ms` };
}

/** Waits for its end and does nothing about it. */
export async function hasEndedWithin(identity: ProcessIdentity, ms: number, clock: Clock): Promise<boolean> {
  const until = clock.elapsed() + ms / 1000;
  while (!hasEnded(identity)) {
    if (clock.elapsed() >= until) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function send(pid: number, leads: boolean, signal: 'SIGTERM' | 'SIGKILL'): Delivery {
  return leads ? sendSignalToGroup(pid, signal) : sendSignal(pid, signal);
}

function membersOf(pgid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => groupOf(pid) === pgid);
}

/** `undefined` for one that has ended, a zombie included. */
function groupOf(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command name, in parentheses, may itself hold spaces and parentheses.
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? undefined : Number(group);
}
