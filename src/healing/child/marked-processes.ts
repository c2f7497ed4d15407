import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { effectiveUid } from '../../core/host/account.js';
import type { Clock } from '../../core/host/clock.js';
import { ownPid, parentPid, sendSignal } from '../../core/host/signal.js';
import { sendSignalToGroup } from '../../core/host/signal-group.js';
import { MARKER_NAME } from './child-environment.js';
import { Kin } from './kin.js';
import { allPids, isStillThere, type ProcessRow, processRow, realUidOf } from './process-row.js';

const WITHIN_S = 1;
const POLL_MS = 5;

/**
 * The processes that carry the marker in the environment they were started with, by pid. Zombies do not; nor do those of
 * other accounts when we are not root, whose environment we may not read. Throws what the kernel says when /proc cannot be
 * read at all.
 */
export function markedProcesses(marker: string): number[] {
  const wanted = Buffer.from(`\0${MARKER_NAME}=${marker}\0`);
  return allPids().filter((pid) => carries(pid, wanted));
}

/** The markers that some process carries, as {@link markedProcesses} has it. */
export function marksInUse(): Set<string> {
  const begin = Buffer.from(`\0${MARKER_NAME}=`);
  const marks = new Set<string>();
  for (const pid of allPids()) {
    const environment = environmentOf(pid);
    for (let at = environment.indexOf(begin); at >= 0; at = environment.indexOf(begin, at + 1)) {
      marks.add(environment.toString('utf8', at + begin.length, environment.indexOf(0, at + 1)));
    }
  }
  return marks;
}

/**
 * The processes of a step: who carries its marker and belongs to the account that has started it, and who comes from one of
 * them. Anybody may claim a marker that an account of less rights was let read: of another account, descent alone counts.
 */
export class StepProcesses {
  readonly #wanted: Buffer;
  readonly #clock: Clock;
  readonly #spared = new Set([1, ownPid(), parentPid()]);
  readonly #kin = new Kin(this.#spared);

  /** `first`: one that is known to be of them, whatever it carries. */
  constructor(marker: string, clock: Clock, first?: ProcessRow) {
    this.#wanted = Buffer.from(`\0${MARKER_NAME}=${marker}\0`);
    this.#clock = clock;
    this.#kin.add(first);
  }

  /**
   * Looks who is there; who was seen once is found again when its parent has ended. Throws what the kernel says when /proc
   * cannot be read.
   */
  look(): ProcessRow[] {
    for (const pid of allPids()) {
      const row = processRow(pid);
      // It may have become another process between the two.
      if (row && carries(pid, this.#wanted) && isOurAccounts(pid) && isStillThere(row)) this.#kin.add(row);
    }
    return this.#kin.look();
  }

  /**
   * Sends SIGKILL to all of them and to the process groups that are theirs, again and again until there are none or a second has passed.
   * Answers who is left; rejects when /proc could not be read all that time. Neither this process nor its parent nor the
   * first process is ever signalled.
   */
  async end(): Promise<readonly number[]> {
    const until = this.#clock.elapsed() + WITHIN_S;
    const sparedGroups = new Set([...this.#spared].map((pid) => processRow(pid)?.group));
    for (;;) {
      const left = this.#tryLook(this.#clock.elapsed() >= until);
      if (left !== undefined) {
        if (left.length === 0 || this.#clock.elapsed() >= until) return left.map(({ pid }) => pid);
        const sent = left.map((row) => kill(row, (group) => !sparedGroups.has(group) && this.#kin.owns(group)));
        if (!sent.includes(true)) return left.filter(isStillThere).map(({ pid }) => pid);
      }
      await sleep(POLL_MS);
    }
  }

  /** `undefined`: /proc cannot be read just now, as when descriptors have run out. */
  #tryLook(mayThrow: boolean): ProcessRow[] | undefined {
    try {
      return this.look();
    } catch (error) {
      if (mayThrow) throw error;
      return undefined;
    }
  }
}

export function endMarked(marker: string, clock: Clock): Promise<readonly number[]> {
  return new StepProcesses(marker, clock).end();
}

/** False when the kernel forbids it. */
function kill(row: ProcessRow, mayEndGroup: (group: number) => boolean): boolean {
  // The last look: since the listing the pid may have gone to another.
  const now = processRow(row.pid);
  if (now?.start_time !== row.start_time) return true;
  if (now.group > 1 && now.group === row.group && mayEndGroup(now.group)) sendSignalToGroup(now.group, 'SIGKILL');
  return !isStillThere(row) || sendSignal(row.pid, 'SIGKILL') !== 'not permitted';
}

function carries(pid: number, wanted: Buffer): boolean {
  return environmentOf(pid).includes(wanted);
}

/** Whether our account started it: a program that takes other rights keeps this one, and what it is given to its environment. */
function isOurAccounts(pid: number): boolean {
  return realUidOf(pid) === effectiveUid();
}

/** Each variable with a NUL before and after it. */
function environmentOf(pid: number): Buffer {
  try {
    return Buffer.concat([Buffer.of(0), readFileSync(`/proc/${pid}/environ`), Buffer.of(0)]);
  } catch (error) {
    // It has ended, or belongs to another account.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      return Buffer.alloc(0);
    }
    throw error;
  }
}
