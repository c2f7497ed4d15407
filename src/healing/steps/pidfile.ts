import { closeSync, constants, ftruncateSync, lstatSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { systemErrorSentence } from '../../core/errors.js';
import type { Clock } from '../../core/host/clock.js';
import { identityOf } from '../../core/host/process-identity.js';
import { ownPid, parentPid } from '../../core/host/signal.js';
import { writeWhole } from '../../core/journal/replace-file.js';
import { readSmallFile } from '../../core/journal/small-file.js';
import type { ProcessIdentity } from '../../core/records/claim.js';

export type NamedProcess =
  | {
      readonly kind: 'running';
      readonly identity: ProcessIdentity;
      /** It was started after the file was written: the pid has gone to another process since. */
      readonly younger: boolean;
    }
  /** No file, nothing in it, or a process that has ended. */
  | { readonly kind: 'none'; readonly reason: string }
  | { readonly kind: 'fault'; readonly reason: string };

const MAX_BYTES = 4096;
/** Ticks of /proc on every Linux that Node runs on. */
const TICKS_PER_S = 100;
/** Clocks are set, and files carry the time of the last tick. */
const SLACK_S = 2;

/** The process that a pidfile names; its first line is the pid. */
export function processOfPidfile(path: string, clock: Clock): NamedProcess {
  let text: string | undefined;
  let written_ms: number;
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return { kind: 'none', reason: `there is no ${path}` };
    if (!stat.isFile()) return { kind: 'fault', reason: `${path} is not a regular file` };
    written_ms = stat.mtimeMs;
    text = readSmallFile(path, MAX_BYTES)?.toString('latin1').split('\n')[0]?.trim();
  } catch (error) {
    return { kind: 'fault', reason: `${path}: ${systemErrorSentence(error) ?? 'cannot be read'}` };
  }
  // A power cut empties a file that was not synced, and ends what it named.
  if (text === '') return { kind: 'none', reason: `${path} is empty` };
  if (text === undefined || !/^\d{1,10}$/.test(text)) return { kind: 'fault', reason: `${path} does not hold a pid` };
  const pid = Number(text);
  const whose = sparedPid(pid);
  if (whose !== undefined) return { kind: 'fault', reason: `${path} names pid ${pid}, ${whose}` };
  const identity = identityOf(pid);
  if (identity === undefined) return { kind: 'none', reason: `pid ${pid} of ${path} has ended` };
  return { kind: 'running', identity, younger: startedAfter(identity, written_ms, clock) };
}

/** Whom nobody ends, whatever a file says. */
export function sparedPid(pid: number): string | undefined {
  if (pid <= 1) return 'which is the first process of this host';
  if (pid === ownPid()) return 'which is this very process';
  if (pid === parentPid()) return 'which is the parent of this process';
  return undefined;
}

function startedAfter({ start_time }: ProcessIdentity, at_ms: number, clock: Clock): boolean {
  // Its first figure counts from boot, suspended time too, as start times do.
  const up_s = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
  const started_ms = clock.now() - (up_s - start_time / TICKS_PER_S) * 1000;
  return started_ms > at_ms + SLACK_S * 1000;
}

/** A pidfile whose place on the disk is taken before its process is started, so that what is started can be named. */
export interface PreparedPidfile {
  /** Readers see the old file or the whole new one. */
  name(pid: number): void;
  discard(): void;
}

/** Throws what the system says. Not synced: after a power cut there is no process to name. */
export function preparePidfile(path: string): PreparedPidfile {
  const aside = `${path}.new`;
  rmSync(aside, { force: true });
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  const discard = () => {
    closeSync(fd);
    rmSync(aside, { force: true });
  };
  try {
    writeWhole(fd, Buffer.from(' '.repeat(16)), 0);
  } catch (error) {
    discard();
    throw error;
  }
  return {
    discard,
    name(pid) {
      try {
        const line = Buffer.from(`${pid}\n`);
        writeWhole(fd, line, 0);
        ftruncateSync(fd, line.length);
        renameSync(aside, path);
      } catch (error) {
        discard();
        throw error;
      }
      closeSync(fd);
    },
  };
}
