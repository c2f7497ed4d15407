import { closeSync, fstatSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { napMs } from '../host/nap.js';
import { readLines } from '../journal/line-reader.js';
import { LOG_FILE, LOG_NAMES, type LogName, MAX_LINE_BYTES } from '../journal/log-files.js';
import { openForReading } from '../journal/open-log.js';
import { listSegments, type Segment, statSegment } from '../journal/segments.js';
import type { Position } from '../seal/position.js';
import { positionOf, trustedEnds } from '../seal/trusted-end.js';
import { inTransaction } from './database.js';
import { fingerprint } from './fingerprint.js';
import { AuditFold } from './fold-audit.js';
import { IncidentFold } from './fold-incidents.js';
import { type ForeignRange, ForeignScan } from './foreign-ranges.js';
import type { LineFold } from './line-fold.js';
import { MustReadAgain } from './must-read-again.js';
import { placeFiles } from './place-files.js';
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
  /** Bytes at the end that grace has not written and not yet taken in: other programs', or being written. */
  untaken: number;
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
  /** Lines of the log before this file. */
  readonly first: number;
  readonly linesAfter: number;
}

const NOTHING_FOLDED: Cursor = { folded: 0, lines: 0, first: 0, linesAfter: 0 };

/** What is known of a log's lines before they are folded. */
interface Foreseen {
  /** How far each file is read. */
  readonly ends: readonly number[];
  /** How many lines of the log come before a file that is read from its beginning, by its ordinal; else those of older files. */
  readonly firsts: ReadonlyMap<number, number>;
  /** By their place in the log. */
  readonly foreign: readonly ForeignRange[];
}

/** Folds the logs into one open database. Holds the statements it needs, prepared once. */
export class Projector {
  readonly #db: Database.Database;
  readonly #dir: string;
  readonly #onProgress: OnProgress | undefined;
  readonly #folds: Partial<Record<LogName, LineFold | undefined>> = {};
  readonly #known: Database.Statement<[string], KnownFile>;
  readonly #cursor: Database.Statement<{ log: string; ordinal: number; first: number | null }, Cursor>;
  readonly #move: Database.Statement;
  readonly #pushOn: Database.Statement;
  readonly #quarantine: Database.Statement;
  readonly #tally: Database.Statement;

  constructor(db: Database.Database, dir: string, onProgress?: OnProgress) {
    this.#db = db;
    this.#dir = dir;
    this.#onProgress = onProgress;
    this.#known = db.prepare(
      'SELECT ordinal, dev, ino, folded, head, tail, first, lines FROM segments WHERE log = ? ORDER BY ordinal',
    );
    this.#cursor = db.prepare(
      `SELECT coalesce(max(folded) FILTER (WHERE ordinal = @ordinal), 0) AS folded,
              coalesce(max(lines)  FILTER (WHERE ordinal = @ordinal), 0) AS lines,
              coalesce(max(first)  FILTER (WHERE ordinal = @ordinal),
                       @first, max(first + lines) FILTER (WHERE ordinal < @ordinal), 0) AS first,
              coalesce(sum(lines)  FILTER (WHERE ordinal > @ordinal), 0) AS linesAfter
       FROM segments WHERE log = @log`,
    );
    this.#move = db.prepare('REPLACE INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#pushOn = db.prepare('UPDATE segments SET first = first + ? WHERE log = ? AND ordinal > ?');
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
      // Before the files are opened: by then they hold all that it says.
      const position = positionOf(this.#dir);
      for (const log of LOG_NAMES) {
        const live = quick ? this.#liveOnly(log, known[log].at(-1)) : undefined;
        if (live) known[log].splice(0, known[log].length - 1);
        present[log] = live ?? presentSegments(this.#dir, log);
      }
      // The audit log first: by it an incident line counts or does not.
      const plans = LOGS_IN_ORDER.map((log) => [log, planSync(log, known[log], present[log])] as const);
      const losses = plans.flatMap(([, plan]) => (plan.kind === 'lost' ? plan.losses : []));
      const again = plans.map(([log, plan]) => (plan.kind === 'read again' ? `${log}: ${plan.why}` : undefined));
      const readAgain = again.find((why) => why !== undefined);
      if (losses.length > 0 || readAgain !== undefined) return { logs, tails, losses, readAgain };
      for (const [log, plan] of plans) {
        if (plan.kind !== 'go on') continue;
        const foreseen = foresee(log, position, plan, known[log], present[log]);
        tails.push(...this.#follow(log, plan, foreseen, present[log], logs[log]));
      }
      return { logs, tails, losses, readAgain };
    } catch (error) {
      if (!(error instanceof MustReadAgain)) throw error;
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

  #follow(log: LogName, plan: GoOn, foreseen: Foreseen, present: readonly OpenSegment[], result: LogSync): Tail[] {
    const tails: Tail[] = [];
    result.rotated = plan.rotated;
    for (const { ordinal, present: at, folded } of plan.from) {
      const file = present[at];
      if (!file) continue;
      const end = Math.max(foreseen.ends[at] ?? 0, folded);
      const reached = this.#foldSegment(log, ordinal, folded, { ...file, size: end }, foreseen, result);
      const length = file.size - wholeLinesEnd(file.fd, reached, file.size);
      result.unterminated += length;
      result.untaken += file.size - end;
      const { path, dev, ino } = file;
      if (length > 0) tails.push({ log, path, dev, ino, offset: file.size - length, length });
    }
    return tails;
  }

  /** Folds one file to its last LF, a batch at a time. Returns where it got to. */
  #foldSegment(
    log: LogName,
    ordinal: number,
    from: number,
    file: OpenSegment,
    foreseen: Foreseen,
    result: LogSync,
  ): number {
    let folded = from;
    let reach = BATCH_BYTES;
    while (folded < file.size) {
      const to = Math.min(file.size, folded + reach);
      const batch = this.#inTransaction(log, () => this.#foldBatch(log, ordinal, file, to, foreseen));
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
  #foldBatch(log: LogName, ordinal: number, file: OpenSegment, to: number, { firsts, foreign }: Foreseen) {
    const cursor = this.#cursor.get({ log, ordinal, first: firsts.get(ordinal) ?? null });
    const { folded, lines, first, linesAfter } = cursor ?? NOTHING_FOLDED;
    if (folded >= to) return { end: folded, bytes: 0, lines: 0, quarantined: 0 };
    const fold = this.#foldOf(log);
    let read = 0;
    let quarantined = 0;
    const nextLine = () => {
      // A stub was ended there, or a writer had not noticed the rotation: order is by position in the log, so what was
      // folded after it is out of order.
      if (linesAfter > 0) throw new MustReadAgain(`${log}: an older file has grown`);
      return first + lines + ++read;
    };
    const refuse = (position: number, length: number, reason: string) => {
      this.#quarantine.run(log, ordinal, position, length, reason);
      quarantined++;
    };
    const end = readLines(file.fd, folded, to, {
      line(bytes, position) {
        const line = nextLine();
        const isForeign = foreign.some(({ from, to }) => line > from && line <= to);
        const place = { ordinal, position, length: bytes.length, line, foreign: isForeign };
        const reason = fold.fold(bytes, place);
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
    this.#move.run(log, ordinal, file.dev, file.ino, end, first, lines + read, head, tail);
    // A newer file may be known that has no whole line yet.
    if (read > 0) this.#pushOn.run(read, log, ordinal);
    return { end, bytes: end - folded, lines: read, quarantined };
  }

  #foldOf(log: LogName): LineFold {
    const fold = this.#folds[log] ?? (log === 'incidents' ? new IncidentFold(this.#db) : new AuditFold(this.#db));
    this.#folds[log] = fold;
    return fold;
  }
}

function emptyLogSync(): LogSync {
  return { lines: 0, bytes: 0, quarantined: 0, rotated: false, unterminated: 0, untaken: 0 };
}

const LOGS_IN_ORDER: readonly LogName[] = ['audit', 'incidents'];

type GoOn = Extract<Plan, { kind: 'go on' }>;

interface KnownFile extends KnownSegment {
  readonly first: number;
  readonly lines: number;
}

/** Looks ahead over what will be folded: how far it is ours, and which of its lines are not. */
function foresee(
  log: LogName,
  position: Position | undefined,
  plan: GoOn,
  known: readonly KnownFile[],
  present: readonly OpenSegment[],
): Foreseen {
  const ends = trustedEnds(position?.[log], present);
  if (log !== 'audit') return { ends, firsts: new Map(), foreign: [] };
  const last = known.at(-1);
  return last ? foreseeMore(position, plan, ends, present, last) : foreseeAll(position, plan, ends, present);
}

function foreseeMore(
  position: Position | undefined,
  plan: GoOn,
  ends: number[],
  present: readonly OpenSegment[],
  last: KnownFile,
): Foreseen {
  const scan = new ForeignScan();
  const live = liveOf(position, present);
  for (const { ordinal, present: at, folded } of plan.from) {
    const file = present[at];
    if (!file) continue;
    // Where grace stands in a file, the older ones have as many lines as they had when it was begun.
    if (at < live && ordinal <= last.ordinal) ends[at] = folded;
    ends[at] = scan.scan(file.fd, folded, Math.max(folded, ends[at] ?? 0));
  }
  const before = last.first + last.lines;
  const ranges = scan.ranges();
  // Without a position nothing told them from ours when they were folded.
  if (ranges.some(({ from }) => from < 0)) throw new MustReadAgain('audit: lines of another program were named');
  return { ends, firsts: new Map(), foreign: ranges.map(({ from, to }) => ({ from: from + before, to: to + before })) };
}

function foreseeAll(
  position: Position | undefined,
  plan: GoOn,
  ends: number[],
  present: readonly OpenSegment[],
): Foreseen {
  const files = plan.from.flatMap(({ ordinal, present: at }) => {
    const file = present[at];
    if (!file) return [];
    const scan = new ForeignScan();
    ends[at] = scan.scan(file.fd, 0, ends[at] ?? 0);
    return [{ ordinal, at, fd: file.fd, ...scan.seen }];
  });
  const lines = files.reduce((sum, file) => sum + file.lines, 0);
  const live = liveOf(position, present);
  const isLast = files.length > 0 && files.at(-1)?.at === live;
  // What grace remembers is of the file that it wrote; in a copy of the directory the last one stands for it.
  const all = Math.max(lines, position?.audit.lines ?? 0);
  const beforeLast = isLast ? (position?.audit.first ?? 0) : all - (files.at(-1)?.lines ?? 0);
  const placed = placeFiles(files, beforeLast);
  placed.files.forEach(({ lines: count }, i) => {
    const file = files[i];
    if (file && count < file.lines) ends[file.at] = new ForeignScan().scan(file.fd, 0, ends[file.at] ?? 0, count);
  });
  return {
    ends,
    firsts: new Map(files.map(({ ordinal }, i) => [ordinal, placed.files[i]?.first ?? 0])),
    foreign: placed.foreign,
  };
}

/** The place of the file in which grace stands; -1: it is not there. */
function liveOf(position: Position | undefined, present: readonly OpenSegment[]): number {
  return present.findIndex(({ dev, ino }) => dev === position?.audit.dev && ino === position.audit.ino);
}

/** Where the last whole line ends. */
function wholeLinesEnd(fd: number, from: number, to: number): number {
  return from === to ? to : readLines(fd, from, to, { line: () => undefined, tooLong: () => undefined });
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
