import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { napMs } from '../host/nap.js';
import { MIGRATIONS } from './migrations/index.js';

/** Pages kept in memory, in KiB; the bound on what a sync of any size holds. */
const CACHE_KIB = 8192;
/** A writer of the logs may be waiting for us under their lock. */
const BUSY_TIMEOUT_S = 5;
const BUSY_NAP_MS = 0.3;

/** The registry cannot be used as it is: it is damaged, or it was written by another version. */
export class UnusableDatabase extends Error {
  override readonly name = 'UnusableDatabase';
}

/** Nothing is wrong with it, and nothing is lost with it. */
export class OutdatedDatabase extends UnusableDatabase {}

/**
 * True for what SQLite throws when the bytes of a database are wrong. A constraint that fails is among it: the fold breaks
 * none, so rows and cursor do not belong together.
 */
export function isDamage(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return (
    error instanceof UnusableDatabase ||
    (typeof code === 'string' &&
      /^SQLITE_(CORRUPT|NOTADB|FORMAT|SCHEMA|ERROR|CONSTRAINT|READONLY_DBMOVED|IOERR_SHORT_READ)/.test(code))
  );
}

/**
 * Opens a registry that is there. WAL with `synchronous=NORMAL`: a power cut may take the last commits, but the cursor
 * goes with the rows, and the logs, which are synced, give them again.
 */
export function openDatabase(path: string): Database.Database {
  const db = new Database(path, { fileMustExist: true, timeout: 1000 });
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    db.pragma(`cache_size = -${CACHE_KIB}`);
    requireOurs(db);
    migrate(db);
    checkTallies(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** A database of this process alone, without a name: for directories that are not ours to write in. */
export function openPrivateDatabase(): Database.Database {
  const dir = mkdtempSync(join(tmpdir(), 'grace-registry-'));
  const path = join(dir, 'registry.db');
  try {
    const db = new Database(path);
    unprotected(db);
    db.exec('CREATE TABLE named (x); DROP TABLE named');
    return db;
  } finally {
    // The open descriptor keeps the file until this process ends, however it ends.
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Builds a database aside and puts it in the place of `path` when it is whole. */
export function buildAside(path: string, unique: string, fill: (db: Database.Database) => void): void {
  removeLeftovers(path);
  const aside = `${path}.new-${unique}`;
  const db = new Database(aside);
  try {
    // It holds what the logs hold, and is for the same eyes.
    chmodSync(aside, 0o640);
    unprotected(db);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    fill(db);
    // Here, where nobody else has it open: of several that open it at once only one could change this.
    db.pragma('locking_mode = NORMAL');
    db.pragma('journal_mode = WAL');
    db.close();
    syncFile(aside);
    // The former database goes before its log of changes: without that log it may be half of what it was. And the log
    // goes before the new database comes, into which it would be replayed.
    rmSync(path, { force: true });
    rmSync(`${path}-wal`, { force: true });
    rmSync(`${path}-shm`, { force: true });
    renameSync(aside, path);
  } catch (error) {
    db.close();
    rmSync(aside, { force: true });
    throw error;
  }
}

/**
 * Keeps a damaged database for whoever wants to know what happened to it; only the last one. It keeps its name, too, until
 * the new one takes that: a name that is gone for a moment would look to others as if nothing could be opened there.
 */
export function keepAside(path: string): string {
  const kept = `${path}.damaged`;
  rmSync(kept, { recursive: true, force: true });
  try {
    linkSync(path, kept);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return kept;
    // Some filesystems have no hard links.
    if (code !== 'EPERM' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    renameSync(path, kept);
  }
  return kept;
}

/** What a link leads to is somebody else's, and is neither read nor changed. */
export function isSomethingElse(path: string): boolean {
  const there = lstatSync(path, { throwIfNoEntry: false });
  return there !== undefined && !there.isFile();
}

export function databaseInode(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/**
 * Runs `work` in a transaction that may write. Waits for other writers with short naps: SQLite's own wait soon sleeps
 * for a tenth of a second, and a writer of the logs may be waiting for us under their lock.
 */
export function inTransaction<T>(db: Database.Database, work: () => T): T {
  const attempts = (BUSY_TIMEOUT_S * 1000) / BUSY_NAP_MS;
  db.pragma('busy_timeout = 0');
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        db.exec('BEGIN IMMEDIATE');
        break;
      } catch (error) {
        if (attempt >= attempts || !String((error as { code?: string }).code).startsWith('SQLITE_BUSY')) throw error;
        napMs(BUSY_NAP_MS);
      }
    }
  } finally {
    db.pragma('busy_timeout = 1000');
  }
  try {
    const value = work();
    db.exec('COMMIT');
    return value;
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** `grac`: by it a registry is known from any other database. */
export const APPLICATION_ID = 0x67726163;

/** Up to this schema lines had other meanings: such a registry is not migrated but projected anew. */
const FIRST_VERSION = 15;

function requireOurs(db: Database.Database): void {
  if (db.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new UnusableDatabase('it is some other database');
  }
}

/** Applies the migrations that the database has not seen, up to `until`. */
export function migrate(db: Database.Database, until = MIGRATIONS.length): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  const newest = FIRST_VERSION + MIGRATIONS.length;
  if (version > newest) throw new UnusableDatabase(`it has schema ${version}, this program knows ${newest}`);
  if (version > 0 && version <= FIRST_VERSION) {
    throw new OutdatedDatabase('it was projected by an earlier version, which understood the logs otherwise');
  }
  const applied = Math.max(0, version - FIRST_VERSION);
  if (applied >= until) return;
  db.transaction(() => {
    for (const [i, sql] of MIGRATIONS.entries()) {
      if (i >= applied && i < until) db.exec(sql);
    }
    db.pragma(`user_version = ${FIRST_VERSION + until}`);
  }).immediate();
}

/** Decisions rest on these rows: if there are fewer or more than were written, the cache cannot be trusted. */
const TALLIED = {
  incidents: 'SELECT count(*) AS n FROM incidents',
  claims: 'SELECT count(*) AS n FROM claims',
  open_claims: 'SELECT count(*) AS n FROM claims WHERE ended_at IS NULL',
} as const;

function checkTallies(db: Database.Database): void {
  const written = db.prepare<[string], { n: number }>('SELECT n FROM tallies WHERE name = ?');
  for (const [name, sql] of Object.entries(TALLIED)) {
    const want = written.get(name)?.n ?? 'nobody knows how many';
    const have = db.prepare<[], { n: number }>(sql).get()?.n;
    if (want !== have) throw new UnusableDatabase(`${name}: it holds ${have}, ${want} were written`);
  }
}

/** Without journal and syncs: if it is not finished it is thrown away. */
function unprotected(db: Database.Database): void {
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  db.pragma('locking_mode = EXCLUSIVE');
  db.pragma(`cache_size = -${CACHE_KIB}`);
}

function syncFile(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What builders that were killed have left. Called under the registry's lock, so none of them is at work. */
function removeLeftovers(path: string): void {
  const prefix = `${basename(path)}.new-`;
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(prefix)) unlinkSync(join(dirname(path), name));
  }
}
