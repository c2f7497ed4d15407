import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
} from 'node:fs';
import { systemErrorSentence } from '../../core/errors.js';
import { effectiveUid } from '../../core/host/account.js';
import type { Clock } from '../../core/host/clock.js';
import { identityOf } from '../../core/host/process-identity.js';
import { ownPid, parentPid } from '../../core/host/signal.js';
import { accountName } from '../../core/journal/directory.js';
import { writeWhole } from '../../core/journal/replace-file.js';
import { openRegular } from '../../core/journal/small-file.js';
import type { ProcessIdentity } from '../../core/records/claim.js';
import { openPlace } from './file-place.js';
import { mayName, writtenByOthers } from './pidfile-trust.js';

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

/** The process that a pidfile names; its first line is the pid. Whoever wrote the file could have signalled it, or is trusted. */
export function processOfPidfile(path: string, clock: Clock): NamedProcess {
  const fault = (reason: string): NamedProcess => ({ kind: 'fault', reason: `${path} ${reason}` });
  const read = readPidfile(path);
  if ('kind' in read) return read;
  const { stats, text } = read;
  // A power cut empties a file that was not synced, and ends what it named.
  if (text === '') return { kind: 'none', reason: `${path} is empty` };
  if (text === undefined || !/^\d{1,10}$/.test(text)) return fault('does not hold a pid');
  const others = writtenByOthers(stats, effectiveUid());
  if (others !== undefined) return fault(`is not believed: ${others}`);
  const pid = Number(text);
  const whose = sparedPid(pid);
  if (whose !== undefined) return fault(`names pid ${pid}, ${whose}`);
  const identity = identityOf(pid);
  const uid = uidOf(pid);
  if (identity === undefined || uid === undefined) return { kind: 'none', reason: `pid ${pid} of ${path} has ended` };
  if (!mayName(stats.uid, uid, effectiveUid())) {
    return fault(`belongs to ${accountName(stats.uid)} and names pid ${pid}, a process of ${accountName(uid)}`);
  }
  return { kind: 'running', identity, younger: startedAfter(identity, stats.mtimeMs, clock) };
}

type ReadPidfile = { readonly stats: Stats; readonly text: string | undefined };

function readPidfile(path: string): ReadPidfile | NamedProcess {
  const place = openPlace(path);
  if ('trouble' in place) {
    const { kind, sentence } = place.trouble;
    if (kind === 'missing') return { kind: 'none', reason: `there is no ${path}` };
    return { kind: 'fault', reason: `${path}: ${sentence}` };
  }
  let fd: number | undefined;
  try {
    fd = openRegular(place.at, constants.O_RDONLY);
    if (fd === undefined) {
      const there = lstatSync(place.at, { throwIfNoEntry: false });
      if (there === undefined) return { kind: 'none', reason: `there is no ${path}` };
      return { kind: 'fault', reason: `${path} is not a regular file` };
    }
    // All that is believed of it is of one file, whatever takes its name meanwhile.
    const stats = fstatSync(fd);
    const bytes = Buffer.alloc(MAX_BYTES);
    const text = bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, 0));
    return { stats, text: stats.size > MAX_BYTES ? undefined : text.split('\n')[0]?.trim() };
  } catch (error) {
    return { kind: 'fault', reason: `${path}: ${systemErrorSentence(error) ?? 'cannot be read'}` };
  } finally {
    if (fd !== undefined) closeSync(fd);
    place.directory.close();
  }
}

/** The account that has started it; `undefined` for one that has ended. */
function uidOf(pid: number): number | undefined {
  try {
    const uid = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return uid === undefined ? undefined : Number(uid);
  } catch {
    return undefined;
  }
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

/** Not synced: after a power cut there is no process to name. */
export function preparePidfile(path: string): PreparedPidfile | { readonly reason: string } {
  const place = openPlace(path);
  if ('trouble' in place) return { reason: `${path}: ${place.trouble.sentence}` };
  const aside = place.beside('.new');
  let fd: number | undefined;
  const discard = () => {
    if (fd !== undefined) closeSync(fd);
    rmSync(aside.at, { force: true });
    place.directory.close();
  };
  try {
    rmSync(aside.at, { force: true });
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    fd = openSync(aside.at, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
    writeWhole(fd, Buffer.from(' '.repeat(16)), 0);
  } catch (error) {
    discard();
    const sentence = systemErrorSentence(error);
    if (sentence === undefined) throw error;
    return { reason: `${aside.path}: ${sentence}` };
  }
  const taken = fd;
  return {
    discard,
    name(pid) {
      try {
        const line = Buffer.from(`${pid}\n`);
        writeWhole(taken, line, 0);
        ftruncateSync(taken, line.length);
        renameSync(aside.at, place.at);
      } catch (error) {
        discard();
        throw error;
      }
      closeSync(taken);
      place.directory.close();
    },
  };
}
