import { closeSync, constants, fstatSync, lstatSync, readFileSync, readSync, type Stats } from 'node:fs';
import { systemErrorSentence } from '../../core/errors.js';
import { effectiveUid } from '../../core/host/account.js';
import { identityOf } from '../../core/host/process-identity.js';
import { ownPid, parentPid } from '../../core/host/signal.js';
import { accountName } from '../../core/journal/directory.js';
import { openRegular } from '../../core/journal/small-file.js';
import type { ProcessIdentity } from '../../core/records/claim.js';
import { realUidOf } from '../child/process-row.js';
import { AsideFile } from './aside-file.js';
import { type FilePlace, openPlace } from './file-place.js';
import { NOTE_BYTES, NOTE_SUFFIX, noteOf, readNote } from './pidfile-note.js';
import { type PidfileTie, tieOf } from './pidfile-tie.js';
import { mayName, writtenByOthers } from './pidfile-trust.js';

export type NamedProcess =
  | {
      readonly kind: 'running';
      readonly identity: ProcessIdentity;
      readonly tie: PidfileTie;
    }
  /** No file, nothing in it, or a process that has ended. */
  | { readonly kind: 'none'; readonly reason: string }
  | { readonly kind: 'fault'; readonly reason: string };

const MAX_BYTES = 4096;

/** The process that a pidfile names; its first line is the pid. Whoever wrote the file could have signalled it, or is trusted. */
export function processOfPidfile(path: string): NamedProcess {
  const fault = (reason: string): NamedProcess => ({ kind: 'fault', reason: `${path} ${reason}` });
  const read = readPidfile(path);
  if ('kind' in read) return read;
  const { stats, text, noted } = read;
  // A power cut empties a file that was not synced, and ends what it named.
  if (text === '') return { kind: 'none', reason: `${path} is empty` };
  if (text === undefined || !/^\d{1,10}$/.test(text)) return fault('does not hold a pid');
  const others = writtenByOthers(stats, effectiveUid());
  if (others !== undefined) return fault(`is not believed: ${others}`);
  const pid = Number(text);
  const whose = sparedPid(pid);
  if (whose !== undefined) return fault(`names pid ${pid}, ${whose}`);
  const identity = identityOf(pid);
  const uid = realUidOf(pid);
  if (identity === undefined || uid === undefined) return { kind: 'none', reason: `pid ${pid} of ${path} has ended` };
  if (!mayName(stats.uid, uid, effectiveUid())) {
    return fault(`belongs to ${accountName(stats.uid)} and names pid ${pid}, a process of ${accountName(uid)}`);
  }
  const tie = tieOf({ identity, noted, written_ms: stats.mtimeMs, booted_s: bootedAt_s() });
  return { kind: 'running', identity, tie };
}

interface ReadPidfile {
  readonly stats: Stats;
  readonly text: string | undefined;
  readonly noted: ProcessIdentity | undefined;
}

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
    const first = stats.size > MAX_BYTES ? undefined : text.split('\n')[0]?.trim();
    return { stats, text: first, noted: readNote(place, stats) };
  } catch (error) {
    return { kind: 'fault', reason: `${path}: ${systemErrorSentence(error) ?? 'cannot be read'}` };
  } finally {
    if (fd !== undefined) closeSync(fd);
    place.directory.close();
  }
}

/** Whom nobody ends, whatever a file says. */
export function sparedPid(pid: number): string | undefined {
  if (pid <= 1) return 'which is the first process of this host';
  if (pid === ownPid()) return 'which is this very process';
  if (pid === parentPid()) return 'which is the parent of this process';
  return undefined;
}

/** By the present clock. Both are counted within our time namespace, as start times are. */
function bootedAt_s(): number {
  return Number(/^btime (\d+)/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1]);
}

/** A pidfile whose place on the disk is taken before its process is started, so that what is started can be named. */
export interface PreparedPidfile {
  /** With a note beside it on which process that is. Readers see the old file or the whole new one. */
  name(pid: number): void;
  discard(): void;
}

/** Not synced: after a power cut there is no process to name. */
export function preparePidfile(path: string): PreparedPidfile | { readonly reason: string } {
  const place = openPlace(path);
  if ('trouble' in place) return { reason: `${path}: ${place.trouble.sentence}` };
  const taken: AsideFile[] = [];
  const discard = () => {
    for (const file of taken) file.discard();
    place.directory.close();
  };
  const take = (at: FilePlace, bytes: number) => {
    const file = new AsideFile(at, bytes);
    taken.push(file);
    return file;
  };
  try {
    const [file, note] = [take(place, 16), take(place.beside(NOTE_SUFFIX), NOTE_BYTES)];
    return {
      discard,
      name(pid) {
        try {
          const stats = file.write(`${pid}\n`);
          const identity = identityOf(pid);
          // One that has ended already leaves nobody to be told from others.
          if (identity !== undefined) note.write(noteOf(identity, stats));
          // First: a note on a file that is not there yet says nothing.
          note.putInPlace();
          taken.pop();
          file.putInPlace();
          taken.pop();
        } finally {
          discard();
        }
      },
    };
  } catch (error) {
    discard();
    const sentence = systemErrorSentence(error);
    if (sentence === undefined) throw error;
    return { reason: `${place.beside('.new').path}: ${sentence}` };
  }
}
