import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../core/host/clock.js';
import { ownPid, parentPid, sendSignal } from '../core/host/signal.js';
import { findPortHolders, type Holder, holderNow, mayStillHold } from './port-holder.js';

const POLL_MS = 1;
const MAX_SHOWN_COMMAND = 80;

export interface KillOptions {
  readonly port: number;
  /** Asked about every holder before anybody is signalled. Anything but `true` refuses; a string says why. */
  readonly mayKill: (holder: Holder) => boolean | string;
  readonly clock: Clock;
  /** For everything, the grace period included. */
  readonly within_ms: number;
  /** SIGTERM until so long after the call, SIGKILL from then on; 0 (the default) sends SIGKILL straight away. */
  readonly term_grace_ms?: number;
}

/** `signalled`: who was hit before it went wrong; an act that must not go unmentioned. */
export type KillResult =
  /** The port is free. After SIGTERM a holder may have closed its socket and still be finishing its work. */
  | { readonly outcome: 'killed'; readonly holders: readonly Holder[]; readonly duration_s: number }
  | { readonly outcome: 'free' }
  | { readonly outcome: 'refused'; readonly reason: string; readonly signalled: readonly Holder[] }
  | { readonly outcome: 'timed_out'; readonly reason: string; readonly signalled: readonly Holder[] };

interface Hit {
  readonly holder: Holder;
  readonly signal: 'SIGTERM' | 'SIGKILL';
}

/** By process, so that one that holds two sockets is hit once. */
type Hits = Map<string, Hit>;

/**
 * Ends whoever listens on the port and waits until nobody does. From the first signal on, only sockets that were there
 * before are acted on: whoever takes the port afterwards may be the service itself, come back, and is left alone.
 */
export async function killPortHolder(options: KillOptions): Promise<KillResult> {
  const { port, clock, within_ms, term_grace_ms = 0 } = options;
  const started = clock.elapsed();
  const spent_ms = () => (clock.elapsed() - started) * 1000;
  const hits: Hits = new Map();
  const signalled = () => [...hits.values()].map((hit) => hit.holder);

  let condemned: ReadonlySet<number> = new Set();
  for (;;) {
    // Once somebody has been hit, a socket nobody has open is one that is just going: the loop itself waits for it.
    const found = findPortHolders(port, hits.size === 0 ? undefined : 0);
    if (found.kind === 'free') {
      if (hits.size === 0) return { outcome: 'free' };
      return { outcome: 'killed', holders: signalled(), duration_s: clock.elapsed() - started };
    }
    if (found.kind === 'hidden' && hits.size === 0) return { outcome: 'refused', reason: found.reason, signalled: [] };

    const holders = found.kind === 'held' ? found.holders : [];
    if (hits.size === 0) condemned = new Set(holders.map((holder) => holder.inode));
    const reason = whyNot(holders, hits, condemned, options);
    if (reason !== undefined) return { outcome: 'refused', reason, signalled: signalled() };
    if (spent_ms() >= within_ms) {
      const who = holders.length > 0 ? `still held by ${holders.map(nameOf).join(' and ')}` : 'not free yet';
      return { outcome: 'timed_out', reason: `port ${port} is ${who} after ${within_ms} ms`, signalled: signalled() };
    }

    const graceful = spent_ms() < term_grace_ms;
    for (const holder of holders) {
      if (hit(holder, graceful ? 'SIGTERM' : 'SIGKILL', hits)) continue;
      return { outcome: 'refused', reason: notPermitted(holder), signalled: signalled() };
    }
    const until_ms = graceful ? Math.min(within_ms, term_grace_ms) : within_ms;
    // Not "is the port free", which costs milliseconds to ask: see readListeners.
    do {
      await sleep(POLL_MS);
    } while (spent_ms() < until_ms && signalled().some(mayStillHold));
  }
}

/** Asked for all of them before any is hit. Whom we have signalled already has been asked about. */
function whyNot(
  holders: readonly Holder[],
  hits: Hits,
  condemned: ReadonlySet<number>,
  { port, mayKill }: KillOptions,
): string | undefined {
  for (const holder of holders) {
    if (!condemned.has(holder.inode)) return `${nameOf(holder)} has taken port ${port} since; it is left alone`;
    if (hits.has(keyOf(holder))) continue;
    const { pid } = holder.identity;
    if (pid <= 1) return `${nameOf(holder)} is the first process of this host and is never killed`;
    if (pid === ownPid()) return `${nameOf(holder)} is this very process and is never killed`;
    if (pid === parentPid()) return `${nameOf(holder)} is the parent of this process and is never killed`;
    const answer = mayKill(holder);
    if (answer !== true) return `${nameOf(holder)} may not be killed${answer ? `: ${answer}` : ''}`;
    if (sendSignal(pid, 0) === 'not permitted') return notPermitted(holder);
  }
  return undefined;
}

/** False only when the kernel forbids it. */
function hit(holder: Holder, signal: Hit['signal'], hits: Hits): boolean {
  const before = hits.get(keyOf(holder));
  if (before?.signal === signal) return true;
  // The last look before the signal. A pid may have gone to another process since, or the process let go of the socket or
  // become another program; then the next round looks afresh. Between this line and the next no pid comes round again.
  if (!isStill(holder)) return true;
  const delivery = sendSignal(holder.identity.pid, signal);
  if (delivery === 'sent') hits.set(keyOf(holder), { holder, signal });
  return delivery !== 'not permitted';
}

function isStill(holder: Holder): boolean {
  const now = holderNow(holder.identity.pid, holder.inode);
  return now !== undefined && keyOf(now) === keyOf(holder) && now.command === holder.command && now.uid === holder.uid;
}

function keyOf({ identity }: Holder): string {
  return `${identity.boot_id} ${identity.pid} ${identity.start_time}`;
}

function notPermitted(holder: Holder): string {
  return `${nameOf(holder)} may not be signalled by this account`;
}

/** Safe to show: the command line comes from another's hands. */
function nameOf({ identity, command }: Holder): string {
  const shown = command.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?');
  return `pid ${identity.pid} (${shown.length > MAX_SHOWN_COMMAND ? `${shown.slice(0, MAX_SHOWN_COMMAND)}…` : shown})`;
}
