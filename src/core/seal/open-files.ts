import { closeSync, fstatSync } from 'node:fs';
import { napMs } from '../host/nap.js';
import { wholeLinesEnd } from '../journal/line-at.js';
import type { LogName } from '../journal/log-files.js';
import { type OpenLog, openForReading } from '../journal/open-log.js';
import { listSegments, type Segment } from '../journal/segments.js';

/** How often the files of a log are listed until two lists agree. */
const MOST_LOOKS = 50;
const LOOK_NAP_MS = 0.2;

/** A file of a log as it stood at one moment: what is appended later, or renamed, does not change it. */
export interface OpenFile extends OpenLog {
  readonly name: string;
  /** Bytes of its whole lines. */
  readonly bytes: number;
  /** Bytes after the last line end. */
  readonly unterminated: number;
}

/** The files of a log, oldest first; to be closed. A rotation may be renaming them while they are opened. */
export function openFiles(dir: string, log: LogName): OpenFile[] {
  for (let look = 1; ; look++) {
    const files = listSegments(dir, log).flatMap(openFile);
    if (look === MOST_LOOKS || areSame(files, listSegments(dir, log))) return files;
    for (const { fd } of files) closeSync(fd);
    napMs(LOOK_NAP_MS);
  }
}

function openFile({ name, path }: Segment): OpenFile[] {
  const log = openForReading(path);
  if (!log) return [];
  const { size } = fstatSync(log.fd);
  const bytes = wholeLinesEnd(log.fd, size);
  return [{ ...log, name, bytes, unterminated: size - bytes }];
}

function areSame(files: readonly OpenFile[], listed: readonly Segment[]): boolean {
  return (
    files.length === listed.length &&
    files.every(({ name, dev, ino }, i) => listed[i]?.name === name && listed[i]?.dev === dev && listed[i]?.ino === ino)
  );
}
