import { chmodSync, existsSync, lstatSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { effectiveUid } from '../core/host/account.js';
import type { Heartbeat } from './checks/check-tools.js';
import { NOTHING_SEEN, type SoftState } from './engine/soft-state.js';

export const PROBES_FILE = 'probes.db';

/** Probes of each check that are kept; what learning replays to propose confirm counts. */
const MOST_PROBES = 2000;
const BUSY_MS = 200;
/** Another number: the file is made anew, since nothing in it is evidence. */
const VERSION = 1;

/** Stands in the file as it is written here: no other program's database holds it. */
export const PROBES_MARK = 'CREATE TABLE heartbeats (name TEXT PRIMARY KEY, boot_id TEXT NOT NULL, elapsed_s REAL';

const SCHEMA = `
  CREATE TABLE states (name TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE memories (name TEXT PRIMARY KEY, memory TEXT NOT NULL) WITHOUT ROWID;
  ${PROBES_MARK} NOT NULL, at REAL NOT NULL)
    WITHOUT ROWID;
  CREATE TABLE probes (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL, status TEXT NOT NULL, duration_s REAL NOT NULL,
    summary TEXT NOT NULL, perfdata TEXT);
  CREATE INDEX probes_by_name ON probes (name, id);`;

/** One probe as it is kept. */
export interface KeptProbe {
  readonly name: string;
  readonly at: string;
  readonly status: string;
  readonly duration_s: number;
  readonly summary: string;
  /** JSON, or `null`. */
  readonly perfdata: string | null;
}

/**
 * `probes.db`: what checks have seen, between one run and the next. It is no evidence: where it is lost, damaged or cannot
 * be written, failures that were not confirmed yet are confirmed anew, and that is all. So nothing here ever fails.
 */
export class ProbeStore {
  readonly #path: string;
  readonly #write: boolean;
  #db: Database.Database | undefined;
  /** Which files are open. */
  #files = '';
  #waiting: KeptProbe[] = [];
  readonly #states = new Map<string, SoftState>();
  readonly #memories = new Map<string, string>();

  /** `write` false: looks only, and creates nothing. */
  constructor(dir: string, options: { readonly write: boolean }) {
    this.#path = join(dir, PROBES_FILE);
    this.#write = options.write;
    if (options.write) this.#openAgain();
    else this.#db = openToLook(this.#path);
  }

  state(name: string): SoftState {
    const waiting = this.#states.get(name);
    if (waiting !== undefined) return waiting;
    const text = this.#column('SELECT state FROM states WHERE name = ?', name);
    const state = text === undefined ? undefined : (parsed(text) as Partial<SoftState> | null | undefined);
    return Array.isArray(state?.seen) && Array.isArray(state.states) ? { ...NOTHING_SEEN, ...state } : NOTHING_SEEN;
  }

  /** The checks of which something is known, by name. */
  states(): Map<string, SoftState> {
    const rows = this.#quietly((db) => db.prepare<[], { name: string }>('SELECT name FROM states ORDER BY name').all());
    return new Map((rows ?? []).map(({ name }) => [name, this.state(name)]));
  }

  memory(name: string): unknown {
    const text = this.#memories.get(name) ?? this.#column('SELECT memory FROM memories WHERE name = ?', name);
    return text === undefined ? undefined : parsed(text);
  }

  heartbeat(name: string): Heartbeat | undefined {
    return this.#quietly((db) =>
      db.prepare<[string], Heartbeat>('SELECT boot_id, elapsed_s, at FROM heartbeats WHERE name = ?').get(name),
    );
  }

  /** Newest first. */
  probes(name: string, limit: number): KeptProbe[] {
    return (
      this.#quietly((db) =>
        db
          .prepare<[string, number], KeptProbe>(
            'SELECT name, at, status, duration_s, summary, perfdata FROM probes WHERE name = ? ORDER BY id DESC LIMIT ?',
          )
          .all(name, limit),
      ) ?? []
    );
  }

  remember(name: string, memory: unknown): void {
    this.#memories.set(name, JSON.stringify(memory) ?? 'null');
  }

  /** Kept in memory until {@link flush}. */
  keep(name: string, state: SoftState, probe: KeptProbe | undefined): void {
    this.#states.set(name, state);
    if (probe) this.#waiting.push(probe);
  }

  /** False when it could not be written: what waits for it must not take silence for life. */
  beat(name: string, beat: Heartbeat): boolean {
    const written = this.#quietly((db) =>
      db.prepare('REPLACE INTO heartbeats VALUES (?, ?, ?, ?)').run(name, beat.boot_id, beat.elapsed_s, beat.at),
    );
    return written !== undefined;
  }

  /** Writes down in one go what was kept since the last time. */
  flush(): void {
    if (!this.#write || this.#states.size + this.#memories.size + this.#waiting.length === 0) return;
    const [states, memories, probes] = [this.#states, this.#memories, this.#waiting];
    const written = this.#quietly((db) => {
      const putState = db.prepare('REPLACE INTO states VALUES (?, ?)');
      const putMemory = db.prepare('REPLACE INTO memories VALUES (?, ?)');
      const putProbe = db.prepare(
        'INSERT INTO probes VALUES (NULL, @name, @at, @status, @duration_s, @summary, @perfdata)',
      );
      const prune = db.prepare(
        `DELETE FROM probes WHERE name = @name AND id <= (
           SELECT id FROM probes WHERE name = @name ORDER BY id DESC LIMIT 1 OFFSET ${MOST_PROBES})`,
      );
      db.transaction(() => {
        for (const [name, state] of states) putState.run(name, JSON.stringify(state));
        for (const memory of memories) putMemory.run(...memory);
        for (const probe of probes) putProbe.run(probe);
        for (const name of new Set(probes.map((probe) => probe.name))) prune.run({ name });
      }).immediate();
      return true;
    });
    if (written) {
      states.clear();
      memories.clear();
    }
    // Where there was no room, how things stand is kept until there is; of what led to it, no more than is worth it.
    this.#waiting = written ? [] : probes.slice(-MOST_PROBES);
  }

  /** The last call. */
  close(): void {
    this.flush();
    this.#db?.close();
    this.#db = undefined;
  }

  #column(sql: string, name: string): string | undefined {
    const row = this.#quietly((db) => db.prepare<[string]>(sql).raw(true).get(name)) as [string] | undefined;
    return row?.[0];
  }

  #openAgain(): void {
    this.#db?.close();
    this.#db = openOrMake(this.#path);
    this.#files = filesAt(this.#path);
  }

  #quietly<T>(work: (db: Database.Database) => T): T | undefined {
    // Whoever deletes it does no harm: the next ones all have to find the same one.
    if (this.#write && (this.#db === undefined || filesAt(this.#path) !== this.#files)) this.#openAgain();
    if (!this.#db) return undefined;
    try {
      return work(this.#db);
    } catch (error) {
      if (this.#write && isDamaged(error)) {
        this.#db.close();
        this.#db = makeAnew(this.#path);
        this.#files = filesAt(this.#path);
      }
      return undefined;
    }
  }
}

/** The database and its log of changes: while it is open both are there. */
function filesAt(path: string): string {
  return ['', '-wal']
    .map((end) => {
      const at = statSync(`${path}${end}`, { throwIfNoEntry: false });
      return at === undefined ? 'gone' : `${at.dev}:${at.ino}`;
    })
    .join(' ');
}

function openToLook(path: string): Database.Database | undefined {
  try {
    // Who may only read a database in use by nobody leaves two files beside it; who may write takes them away again.
    const isInUse = existsSync(`${path}-wal`) && existsSync(`${path}-shm`);
    const isOurs = lstatSync(path).uid === effectiveUid();
    return new Database(path, { readonly: isInUse || !isOurs, fileMustExist: true, timeout: BUSY_MS });
  } catch {
    return undefined;
  }
}

function openOrMake(path: string): Database.Database | undefined {
  try {
    return prepared(path);
  } catch (error) {
    if (!isDamaged(error) && !(error instanceof OtherVersion)) return undefined;
  }
  return makeAnew(path);
}

function isDamaged(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'SQLITE_NOTADB' || code?.startsWith('SQLITE_CORRUPT') === true;
}

/** What is damaged, or another version's, holds nothing that is missed. */
function makeAnew(path: string): Database.Database | undefined {
  try {
    for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
    return prepared(path);
  } catch {
    return undefined;
  }
}

class OtherVersion extends Error {}

function prepared(path: string): Database.Database {
  const db = new Database(path, { timeout: BUSY_MS });
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = OFF');
    const version = db.pragma('user_version', { simple: true });
    if (version === VERSION) return db;
    if (version !== 0) throw new OtherVersion();
    db.transaction(() => {
      if (db.pragma('user_version', { simple: true }) === VERSION) return;
      // It holds what checks have seen, and is for the same eyes as the logs.
      chmodSync(path, 0o640);
      db.exec(SCHEMA);
      db.pragma(`user_version = ${VERSION}`);
    }).immediate();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
