import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/host/clock.js';
import { isAlive } from '../../core/host/process-identity.js';
import { sendSignal } from '../../core/host/signal.js';
import type { ProcessIdentity } from '../../core/records/claim.js';
import { findFileHolders, holdsFile } from './file-holders.js';
import type { FileId } from './open-files.js';
import { sparedPid } from './pidfile.js';
import { executableOf, runsExecutable } from './program-of.js';

/** After SIGKILL; longer only hangs who hangs in the kernel. */
const KILL_S = 2;
const POLL_MS = 5;
/** Whoever is started anew each time that it is ended has a supervisor, which must be told first. */
const MAX_ROUNDS = 3;

export interface EndHoldersOrder {
  readonly files: readonly FileId[];
  /** For a sentence. */
  readonly path: string;
  /** Executables whose processes may be ended; if anybody else holds a file, nobody is. */
  readonly only: readonly string[];
  /** From SIGTERM to SIGKILL. */
  readonly grace_s: number;
  /** Monotonic seconds. */
  readonly until: number;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

export type EndHoldersResult =
  /** Nobody has one of the files open. */
  | { readonly kind: 'free'; readonly ended: readonly number[] }
  | { readonly kind: 'refused' | 'timed_out' | 'stopped'; readonly reason: string; readonly ended: readonly number[] };

/** Ends the processes that have one of the files open, and no others; SIGTERM first. */
export async function endFileHolders(order: EndHoldersOrder): Promise<EndHoldersResult> {
  const { files, path, clock, until, stop } = order;
  const ended: number[] = [];
  for (let round = 0; ; round++) {
    const { holders, hiddenLockers } = await findFileHolders(files);
    if (holders.length === 0 && hiddenLockers.length === 0) return { kind: 'free', ended };
    const reason = whyNot(order, holders, hiddenLockers);
    if (reason !== undefined) return { kind: 'refused', reason, ended };
    if (round === MAX_ROUNDS) {
      return { kind: 'refused', reason: `${path} is opened again each time: stop the supervisor first`, ended };
    }
    if (stop.aborted) return { kind: 'stopped', reason: 'interrupted', ended };
    const left = await endThem(holders, order);
    ended.push(...holders.filter((one) => !left.includes(one)).map(({ pid }) => pid));
    if (left.length > 0 || clock.elapsed() >= until) {
      const who = left.map(({ pid }) => `pid ${pid}`).join(', ');
      return { kind: 'timed_out', reason: left.length > 0 ? `${who} still holds ${path}` : 'out of time', ended };
    }
  }
}

function whyNot(
  { only, path }: EndHoldersOrder,
  holders: readonly ProcessIdentity[],
  hiddenLockers: readonly number[],
): string | undefined {
  for (const { pid } of holders) {
    const spared = sparedPid(pid);
    if (spared !== undefined) return `${path} is held by pid ${pid}, ${spared}`;
    if (only.some((executable) => runsExecutable(pid, executable))) continue;
    const what = executableOf(pid) ?? 'what cannot be seen';
    return `${path} is held by pid ${pid}, which runs ${what} and is not among those that may be ended`;
  }
  const [hidden] = hiddenLockers;
  return hidden === undefined ? undefined : `${path} is locked by pid ${hidden}, into which this account may not look`;
}

/** Answers who is left. */
async function endThem(holders: readonly ProcessIdentity[], order: EndHoldersOrder): Promise<ProcessIdentity[]> {
  const { files, only, clock, until, grace_s } = order;
  const began = clock.elapsed();
  let left = [...holders];
  for (const [signal, wait_s] of [
    ['SIGTERM', grace_s],
    ['SIGKILL', grace_s + KILL_S],
  ] as const) {
    for (const { pid } of left) {
      // The last look: between this line and the next no pid comes round again.
      if (holdsFile(pid, files) && only.some((executable) => runsExecutable(pid, executable))) sendSignal(pid, signal);
    }
    const waitUntil = Math.min(until, began + wait_s);
    for (;;) {
      left = left.filter((one) => isAlive(one) && holdsFile(one.pid, files));
      if (left.length === 0) return [];
      if (clock.elapsed() >= waitUntil) break;
      await sleep(POLL_MS);
    }
  }
  return left;
}
