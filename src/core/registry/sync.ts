import { closeSync, fstatSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { napMs } from '../host/nap.js';
import { readLines } from '../journal/line-reader.js';
import { LOG_FILE, LOG_NAMES, type LogName, MAX_LINE_BYTES } from '../journal/log-files.js';
import { openForReading } from '../journal/open-log.js';
import { listSegments, type Segment, statSegment } from '../journal/segments.js';
import { inTransaction } from './database.js';
import { fingerprint } from './fingerprint.js';
import { AuditFold } from './fold-audit.js';
import { IncidentFold } from './fold-incidents.js';
import type { LineFold } from './line-fold.js';
import { type KnownSegment, type Loss, type Plan, type PresentSegment, planSync } from './plan.js';

/** Bytes folded in one transaction; bounds how long others wait and how much is done again after a crash. */
const BATCH_BYTES = 16 << 20;
/** How often the files of a log are listed until two lists agree. */
const MOST_LOOKS = 50;
const LOOK_NAP_MS = 0.2;

/** What one sync did with one log. */
export interface LogSync {
  lines: number;
  bytes: number;
  quarantined: number;
  rotated: boolean;
  /** Bytes after the last LF of each file: a line being written at this moment, or a torn one. */
  unterminated: number;
}

/** What stands after the last LF of one file; the file may have been renamed by a rotation. */
export interface Tail {
  readonly log: LogName;
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  readonly offset: number;
  readonly length: number;
}

export interface SyncResult {
  readonly logs: Record<LogName, LogSync>;
  readonly tails: readonly Tail[];
  readonly losses: readonly Loss[];
  /** Why everything has to be read anew, if it has. */
  readonly readAgain: string | undefined;
}

export type OnProgress = (log: LogName, done: number, total: number) => void;

interface Cursor {
  readonly folded: number;
  readonly lines: number;
  readonly linesBefore: number;
  readonly linesAfter: number;
}

const NOTHING_FOLDED: Cursor = { folded: 0, lines: 0, linesBefore: 0, linesAfter: 0 };

/**
 * Lines came into a file after lines of a newer one had been folded: a stub was ended there, or a writer had not noticed
 * the rotation. Order is by position in the log, so what was folded after them is out of order.
 */
class OlderFileGrew extends Error {}

/** Folds the logs into one open database. Holds the statements it needs, prepared once. */
export class Projector {
  readonly #db: Database.Database;
  readonly #dir: string;
  readonly #onProgress: OnProgress | undefined;
  readonly #folds: Partial<Record<LogName, LineFold | undefined>> = {};
  readonly #known: Database.Statement<[string], KnownSegment>;
  readonly #cursor: Database.Statement<{ log: string; ordinal: number }, Cursor>;
  readonly #move: Database.Statement;
  readonly #quarantine: Database.Statement;
  readonly #tally: Database.Statement;

  constructor(db: Database.Database, dir: string, onProgress?: OnProgress) {
    this.#db = db;
    this.#dir = dir;
    this.#onProgress = onProgress;
    this.#known = db.prepare(
      'SELECT ordinal, dev, ino, folded, head, tail FROM segments WHERE log = ? ORDER BY ordinal',
    );
    this.#cursor = db.prepare(
      `SELECT coalesce(max(folded) FILTER (WHERE ordinal = @ordinal), 0) AS folded,
              coalesce(max(lines)  FILTER (WHERE ordinal = @ordinal), 0) AS lines,
              coalesce(sum(lines)  FILTER (WHERE ordinal < @ordinal), 0) AS linesBefore,
              coalesce(sum(lines)  FILTER (WHERE ordinal > @ordinal), 0) AS linesAfter
       FROM segments WHERE log = @log`,
    );
    this.#move = db.prepare('REPLACE INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    this.#quarantine = db.prepare('INSERT INTO quarantine VALUES (?, ?, ?, ?, ?)');
    this.#tally = db.prepare('UPDATE tallies SET n = n + ? WHERE name = ?');
  }

  /**
   * Folds what has not been folded yet. Changes nothing when something is lost or has to be read again. `quick` looks at
   * the live files only, and at renamed ones when a live file has changed its identity.
   */
  sync(quick = false): SyncResult {
    const logs = { incidents: emptyLogSync(), audit: emptyLogSync() };
    const tails: Tail[] = [];
    // The cursor first, the files after: other processes move both forward meanwhile, never back.
    const known = { incidents: this.#known.all('incidents'), audit: this.#known.all('audit') };
    const present: Record<LogName, OpenSegment[]> = { incidents: [], audit: [] };
    try {
      for (const log of LOG_NAMES) {
        const live = quick ? this.#liveOnly(log, known[log].at(-1)) : undefined;
        if (live) known[log].splice(0, known[log].length - 1);
        present[log] = live ?? presentSegments(this.#dir, log);
      }
      const plans = LOG_NAMES.map((log) => [log, planSync(log, known[log], present[log])] as const);
      const losses = plans.flatMap(([, plan]) => (plan.kind === 'lost' ? plan.losses : []));
      const again = plans.map(([log, plan]) => (plan.kind === 'read again' ? `${log}: ${plan.why}` : undefined));
      const readAgain = again.find((why) => why !== undefined);
      if (losses.length > 0 || readAgain !== undefined) return { logs, tails, losses, readAgain };
      for (const [log, plan] of plans) tails.push(...this.#follow(log, plan, present[log], logs[log]));
      return { logs, tails, losses, readAgain };
    } catch (error) {
      if (!(error instanceof OlderFileGrew)) throw error;
      return { logs, tails, losses: [], readAgain: error.message };
    } finally {
      for (const log of LOG_NAMES) for (const file of present[log]) file.close();
    }
  }

  /** The live file alone, if it still is the one that was read last. */
  #liveOnly(log: LogName, last: KnownSegment | undefined): OpenSegment[] | undefined {
    const live = statSegment(this.#dir, LOG_FILE[log]);
    if (!last || live?.dev !== last.dev || live.ino !== last.ino) return undefined;
    const open = openSegment(live);
    if (open?.dev === last.dev && open.ino === last.ino) return [open];
    // Renamed between the two looks.
    open?.close();
    return undefined;
  }

  #follow(log: LogName, plan: Plan, present: readonly OpenSegment[], result: LogSync): Tail[] {
    const tails: Tail[] = [];
    if (plan.kind !== 'go on') return tails;
    result.rotated = plan.rotated;
    for (const { ordinal, present: at, folded } of plan.from) {
      const file = present[at];
      if (!file) continue;
      const length = file.size - this.#foldSegment(log, ordinal, folded, file, result);
      result.unterminated += length;
      const { path, dev, ino } = file;
      if (length > 0) tails.push({ log, path, dev, ino, offset: file.size - length, length });
    }
    return tails;
  }

  /** Folds one file to its last LF, a batch at a time. Returns where it got to. */
  #foldSegment(log: LogName, ordinal: number, from: number, file: OpenSegment, result: LogSync): number {
    let folded = from;
    let reach = BATCH_BYTES;
    while (folded < file.size) {
      const to = Math.min(file.size, folded + reach);
      const batch = this.#inTransaction(log, () => this.#foldBatch(log, ordinal, file, to));
      result.lines += batch.lines;
      result.bytes += batch.bytes;
      result.quarantined += batch.quarantined;
      // Compared with where this process stood: another one may have folded the same bytes meanwhile.
      const advanced = batch.end > folded;
      folded = batch.end;
      if (advanced) reach = BATCH_BYTES;
      // A line longer than the batch: look further for its end.
      else if (to < file.size) reach *= 2;
      else break;
    }
    return Math.min(folded, file.size);
  }

  #inTransaction<T>(log: LogName, work: () => T): T {
    try {
      return inTransaction(this.#db, work);
    } catch (error) {
      // It still holds sums of rows that were rolled back.
      this.#folds[log] = undefined;
      throw error;
    }
  }

  /** Rows and cursor together. The cursor is read inside the transaction: another process may have moved it. */
  #foldBatch(log: LogName, ordinal: number, file: OpenSegment, to: number) {
    const { folded, lines, linesBefore, linesAfter } = this.#cursor.get({ log, ordinal }) ?? NOTHING_FOLDED;
    if (folded >= to) return { end: folded, bytes: 0, lines: 0, quarantined: 0 };
    const fold = this.#foldOf(log);
    let read = 0;
    let quarantined = 0;
    const nextLine = () => {
      if (linesAfter > 0) throw new OlderFileGrew(`${log}: an older file has grown`);
      return linesBefore + lines + ++read;
    };
    const refuse = (position: number, length: number, reason: string) => {
      this.#quarantine.run(log, ordinal, position, length, reason);
      quarantined++;
    };
    const end = readLines(file.fd, folded, to, {
      line(bytes, position) {
        const line = nextLine();
        const reason = fold.fold(bytes, { ordinal, position, length: bytes.length, line });
        if (reason !== undefined) refuse(position, bytes.length, reason);
      },
      tooLong(position, length) {
        nextLine();
        refuse(position, length, `longer than ${MAX_LINE_BYTES} bytes`);
      },
      chunk: (position) => this.#onProgress?.(log, position, file.size),
    });
    for (const [name, n] of Object.entries(fold.takeTallies())) if (n !== 0) this.#tally.run(n, name);
    const { head, tail } = fingerprint(file.fd, end);
    this.#move.run(log, ordinal, file.dev, file.ino, end, lines + read, head, tail);
    return { end, bytes: end - folded, lines: read, quarantined };
  }

  #foldOf(log: LogName): LineFold {
    const fold = this.#folds[log] ?? (log === 'incidents' ? new IncidentFold(this.#db) : new AuditFold(this.#db));
    this.#folds[log] = fold;
    return fold;
  }
}

function emptyLogSync(): LogSync {
  return { lines: 0, bytes: 0, quarantined: 0, rotated: false, unterminated: 0 };
}

/** A file of a log, held open while a sync looks at it, so that a rotation cannot change it under the name. */
interface OpenSegment extends PresentSegment {
  readonly fd: number;
  readonly path: string;
  close(): void;
}

/** All files of a log as they stood at one moment: a rotation may be renaming them while they are listed and opened. */
function presentSegments(dir: string, log: LogName): OpenSegment[] {
  for (let look = 1; ; look++) {
    const open = listSegments(dir, log)
      .map(openSegment)
      .filter((file): file is OpenSegment => file !== undefined);
    if (look === MOST_LOOKS || areSame(open, listSegments(dir, log))) return open;
    for (const file of open) file.close();
    napMs(LOOK_NAP_MS);
  }
}

function areSame(open: readonly OpenSegment[], listed: readonly Segment[]): boolean {
  return (
    open.length === listed.length &&
    open.every(({ path, dev, ino }, i) => {
      const now = listed[i];
      return now?.path === path && now.dev === dev && now.ino === ino;
    })
  );
}

function openSegment(segment: Segment): OpenSegment | undefined {
  const open = openForReading(segment.path);
  if (!open) return undefined;
  const { fd, path, dev, ino } = open;
  return {
    ...{ fd, path, dev, ino },
    size: fstatSync(fd).size,
    fingerprintAt: (folded) => fingerprint(fd, folded),
    close: () => closeSync(fd),
  };
}
