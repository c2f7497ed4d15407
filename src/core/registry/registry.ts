import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { EXIT, OperatorError, systemErrorSentence } from '../errors.js';
import type { Clock } from '../host/clock.js';
import { inspectDirectory } from '../journal/directory.js';
import { ProcessLock } from '../journal/lock.js';
import { LOG_NAMES } from '../journal/log-files.js';
import { shellArguments } from '../shell-quoted.js';
import { differingTables } from './compare.js';
import {
  buildAside,
  databaseInode,
  isDamage,
  isSomethingElse,
  keepAside,
  migrate,
  OutdatedDatabase,
  openDatabase,
  openPrivateDatabase,
} from './database.js';
import type { Loss } from './plan.js';
import { type ControlView, controlView } from './queries/control.js';
import { type OnProgress, Projector, type SyncResult } from './sync.js';

export const REGISTRY_FILE = 'registry.db';
export const REGISTRY_LOCK_FILE = 'registry.lock';

/** How long to wait for another process that is building the registry; a million lines take it some ten seconds. */
const BUILD_WAIT_S = 300;
/** Of a registry that vanishes again and again. */
const OPEN_ATTEMPTS = 20;

export interface RegistryOptions {
  readonly clock: Clock;
  readonly jitter: () => number;
  /** A text no other process uses at this time. */
  readonly unique: string;
  readonly onProgress?: OnProgress;
}

/** What the registry had to do besides reading on; for reports. */
export interface RegistryNotes {
  /** Why the projection lives in a temporary file. */
  readonly temporary: string | undefined;
  /** Why it was built anew. */
  readonly rebuilt: string | undefined;
  /** Where a damaged database was kept. */
  readonly kept: string | undefined;
  /** Bytes that are gone from the logs and of which no audit entry tells yet. */
  readonly losses: readonly Loss[];
}

/**
 * The projection of the two logs. It may be deleted or damaged at any moment: the next call builds it again. Everything
 * goes through {@link read}, which sees to that.
 */
export class Registry {
  readonly #dir: string;
  readonly #path: string;
  readonly #options: RegistryOptions;
  #db: Database.Database | undefined;
  #projector: Projector | undefined;
  #view: ControlView | undefined;
  /** What was read to create the registry, until somebody asks what was read. */
  #first: SyncResult | undefined;
  /** Identity of the opened file; `undefined` for a temporary one, which has no name. */
  #inode: number | undefined;
  #openings = 0;
  #notes: RegistryNotes = { temporary: undefined, rebuilt: undefined, kept: undefined, losses: [] };

  constructor(dir: string, options: RegistryOptions) {
    this.#dir = dir;
    this.#path = join(dir, REGISTRY_FILE);
    this.#options = options;
  }

  get notes(): RegistryNotes {
    return this.#notes;
  }

  /** Where it lives; `undefined` while it lives in a temporary file. */
  get path(): string | undefined {
    return this.#inode === undefined ? undefined : this.#path;
  }

  /** Reads on to the ends of the logs. Losses are reported in {@link notes} and hide nothing that is still there. */
  sync(options: { quick?: boolean } = {}): SyncResult {
    return this.#surviving(() => {
      const db = this.#open();
      this.#projector ??= new Projector(db, this.#dir, this.#options.onProgress);
      const first = this.#first;
      this.#first = undefined;
      const result = this.#projector.sync(options.quick);
      // First: a registry that is built anew knows nothing of what it once had read.
      if (result.losses.length > 0) return this.#goPrivate('bytes are gone from the logs', result.losses);
      if (result.readAgain !== undefined) return this.rebuild(result.readAgain);
      return first ? together(first, result) : result;
    });
  }

  /** Runs a query over the database as it stands; built again if it is damaged. */
  read<T>(query: (db: Database.Database) => T): T {
    return this.#surviving(() => query(this.#open()));
  }

  /** What decisions rest on. A question that changes nothing: it is asked again when the answer came from another database. */
  control<T>(ask: (view: ControlView) => T): T {
    for (;;) {
      // Another one has come in its place, which somebody may have begun to build before our last look.
      if (this.#db && !this.#isInPlace()) this.sync();
      const openings = this.#openings;
      const answer = this.read((db) => {
        this.#view ??= controlView(db);
        return ask(this.#view);
      });
      if (openings === this.#openings) return answer;
    }
  }

  /** Builds the registry anew from the logs; in a temporary file where it cannot be written ({@link notes}). */
  rebuild(why: string): SyncResult {
    if (this.#notes.temporary !== undefined) return this.#goPrivate(this.#notes.temporary, this.#notes.losses);
    return this.#replace(why);
  }

  /**
   * What is gone has been written into the audit log: from now on the registry shows what is there. Unless more has gone
   * meanwhile: only the registry as it stands knows of that, so it stays until that has been written down, too.
   */
  acceptLosses(): void {
    const stated = new Set(this.#notes.losses.map(({ had }) => had));
    this.#note({ temporary: undefined, losses: [] });
    try {
      this.#replace('bytes are gone from the logs', () => {
        if (!this.#lossesOfPresent().every(({ had }) => stated.has(had))) throw new MoreIsGone();
      });
    } catch (error) {
      if (!(error instanceof MoreIsGone)) throw error;
    }
  }

  /** Projects the logs a second time, from their first byte, and names the tables in which the two differ. */
  differencesFromLogs(): string[] {
    const fresh = openPrivateDatabase();
    try {
      fill(fresh, this.#dir, this.#options.onProgress);
      return this.read((db) => differingTables(db, fresh));
    } finally {
      fresh.close();
    }
  }

  /** What made it live in a temporary file has been mended: try its own place again. */
  forgetTemporary(): void {
    if (this.#notes.temporary === undefined) return;
    this.close();
    this.#note({ temporary: undefined, losses: [] });
  }

  close(): void {
    this.#db?.close();
    this.#db = undefined;
    this.#projector = undefined;
    this.#view = undefined;
    this.#inode = undefined;
  }

  #note(change: Partial<RegistryNotes>): void {
    this.#notes = { ...this.#notes, ...change };
  }

  #surviving<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (isDamage(error) && this.#notes.temporary === undefined) {
        this.#replaceDamaged(error);
        return work();
      }
      const sentence = cannotBeWritten(error);
      if (sentence === undefined) throw error;
      if (this.#notes.temporary !== undefined) throw this.#nowhere(error);
      return this.#privately(sentence, work);
    }
  }

  #privately<T>(why: string, work: (built: SyncResult) => T): T {
    try {
      return work(this.#goPrivate(why, []));
    } catch (error) {
      throw this.#nowhere(error);
    }
  }

  /** Not even a temporary file helps: the logs themselves cannot be read, or there is no room for it either. */
  #nowhere(cause: unknown): unknown {
    const sentence = cannotBeWritten(cause);
    if (sentence === undefined || cause instanceof OperatorError) return cause;
    return new OperatorError('GRACE_LOGS_UNREADABLE', EXIT.badAnswer, `${this.#dir} cannot be projected: ${sentence}`, {
      hint: `df -h ${shellArguments(this.#dir, tmpdir())}   # see what the disks say`,
      cause,
    });
  }

  #replaceDamaged(error: unknown): void {
    const had = this.#inode ?? databaseInode(this.#path);
    this.close();
    this.#underLock(() => {
      // Another process may have replaced it while we waited for the lock.
      if (databaseInode(this.#path) !== had) return;
      const isOutdated = error instanceof OutdatedDatabase;
      if (!isOutdated) this.#note({ kept: keepAside(this.#path) });
      this.#buildAndInstall();
      const { message } = error as Error;
      this.#note({ rebuilt: isOutdated ? message : `it was damaged (${message})` });
    });
  }

  #isInPlace(): boolean {
    return this.#notes.temporary !== undefined || databaseInode(this.#path) === this.#inode;
  }

  #open(): Database.Database {
    if (this.#db) {
      if (this.#isInPlace()) return this.#db;
      this.close();
    }
    const { unwritable = isSomethingElse(this.#path) ? `${REGISTRY_FILE} is not a regular file` : undefined } =
      inspectDirectory(this.#dir);
    if (unwritable !== undefined || this.#notes.temporary !== undefined) {
      this.#goPrivate(unwritable ?? this.#notes.temporary ?? '', this.#notes.losses);
    } else {
      this.#db = this.#openInPlace();
      this.#openings++;
      this.#inode = databaseInode(this.#path);
    }
    if (!this.#db) throw new Error('no database was opened');
    return this.#db;
  }

  /** The file may vanish between the look and the opening: somebody deleted it, or is putting a new one in its place. */
  #openInPlace(): Database.Database {
    for (let attempt = 1; ; attempt++) {
      // Waits for whoever is building one.
      if (databaseInode(this.#path) === undefined) this.#createFirst();
      try {
        return openDatabase(this.#path);
      } catch (error) {
        if (attempt === OPEN_ATTEMPTS || databaseInode(this.#path) !== undefined) throw error;
      }
    }
  }

  /** `check` runs when the new one is whole and the old one still stands; it throws to keep the old one. */
  #replace(why: string, check?: () => void): SyncResult {
    this.close();
    try {
      const result = this.#underLock(() => this.#buildAndInstall(check));
      this.#note({ rebuilt: why, losses: [] });
      return result;
    } catch (error) {
      const sentence = cannotBeWritten(error);
      if (sentence === undefined) throw error;
      return this.#privately(sentence, (built) => built);
    }
  }

  /** What is gone of the bytes that the registry under our name has read. */
  #lossesOfPresent(): readonly Loss[] {
    let db: Database.Database | undefined;
    try {
      db = openDatabase(this.#path);
      return new Projector(db, this.#dir).sync().losses;
    } catch (error) {
      // A registry that is not there, or is damaged, knows of nothing.
      if (isDamage(error) || cannotBeWritten(error) !== undefined) return [];
      throw error;
    } finally {
      db?.close();
    }
  }

  #createFirst(): void {
    this.#underLock(() => {
      if (databaseInode(this.#path) === undefined) this.#first = this.#buildAndInstall();
    });
  }

  #buildAndInstall(check?: () => void): SyncResult {
    let result: SyncResult | undefined;
    buildAside(this.#path, this.#options.unique, (db) => {
      result = fill(db, this.#dir, this.#options.onProgress);
      check?.();
    });
    if (!result) throw new Error('nothing was built');
    return result;
  }

  /** From here on this process projects into a file of its own; the directory stays as it is. */
  #goPrivate(why: string, losses: readonly Loss[]): SyncResult {
    this.close();
    const db = openPrivateDatabase();
    const result = fill(db, this.#dir, this.#options.onProgress);
    this.#db = db;
    this.#openings++;
    this.#note({ temporary: why, losses });
    return result;
  }

  #underLock<T>(work: () => T): T {
    const { clock, jitter } = this.#options;
    const lock = new ProcessLock(join(this.#dir, REGISTRY_LOCK_FILE), { clock, timeout_s: BUILD_WAIT_S, jitter });
    try {
      return lock.runBlocking(work);
    } finally {
      lock.close();
    }
  }
}

class MoreIsGone extends Error {}

/** What two syncs in a row have read. */
function together(first: SyncResult, second: SyncResult): SyncResult {
  const logs = { ...second.logs };
  for (const log of LOG_NAMES) {
    const [a, b] = [first.logs[log], second.logs[log]];
    logs[log] = {
      ...b,
      lines: a.lines + b.lines,
      bytes: a.bytes + b.bytes,
      quarantined: a.quarantined + b.quarantined,
    };
  }
  return { ...second, logs };
}

/** Tables, rows, then the indexes that are quicker built at the end. */
function fill(db: Database.Database, dir: string, onProgress?: OnProgress): SyncResult {
  migrate(db, 1);
  const result = new Projector(db, dir, onProgress).sync();
  migrate(db);
  return result;
}

/** Why a database cannot be written here, or `undefined` if the error says something else. */
function cannotBeWritten(error: unknown): string | undefined {
  if (error instanceof OperatorError && error.code === 'GRACE_LOCK_NOT_OPENED') return cannotBeWritten(error.cause);
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && /^SQLITE_(FULL|READONLY|CANTOPEN|IOERR|PERM|BUSY)/.test(code)) {
    return `the registry cannot be written there (${code})`;
  }
  return systemErrorSentence(error);
}
