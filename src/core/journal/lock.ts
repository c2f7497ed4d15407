import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { EXIT, OperatorError } from '../errors.js';
import type { Clock } from '../host/clock.js';
import { napMs } from '../host/nap.js';
import { shellArguments } from '../shell-quoted.js';

/** A waiter's naps: short, so that the lock changes hands quickly; jittered, so that waiters do not march in step. */
const NAP_MS = { least: 0.05, most: 2 };

/**
 * A mutex between processes: the reserved lock of a SQLite file that holds no data. The kernel frees it the moment its
 * holder dies, however it dies, which no pid file does. SQLite's own busy wait is not used: it leaves waiters behind.
 *
 * The file must never be opened in another way by this process: POSIX locks drop when any descriptor of it is closed.
 */
export class ProcessLock {
  readonly path: string;
  #db: Database.Database;
  #take: Database.Statement;
  #free: Database.Statement;
  #ino: number;
  readonly #clock: Clock;
  readonly #timeoutS: number;
  readonly #jitter: () => number;

  constructor(path: string, options: { clock: Clock; timeout_s: number; jitter: () => number }) {
    this.path = path;
    this.#clock = options.clock;
    this.#timeoutS = options.timeout_s;
    this.#jitter = options.jitter;
    this.#db = openLockFile(path);
    this.#take = this.#db.prepare('BEGIN IMMEDIATE');
    this.#free = this.#db.prepare('ROLLBACK');
    this.#ino = statSync(path).ino;
  }

  /** Runs `work` as the only process to do so. `work` is synchronous: the lock is never held across a wait. */
  async run<T>(work: () => T): Promise<T> {
    await this.#acquire(() => false);
    return this.#runHeld(work);
  }

  /** The same, unless another process does the same work first: `isDone` is asked each time the lock is not free. */
  async runUnless(isDone: () => boolean, work: () => void): Promise<void> {
    if (!isDone() && (await this.#acquire(isDone))) this.#runHeld(work);
  }

  /** Runs `work` as the only process to do so, however long it waits: for rare work, and a lock that nothing else needs. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    await this.#acquire(() => false);
    try {
      return await work();
    } finally {
      this.#free.run();
    }
  }

  /** The same as {@link run}, blocking this thread while it waits: for rare work that must not be interleaved with anything. */
  runBlocking<T>(work: () => T): T {
    const begun = this.#clock.elapsed();
    while (!this.#tryOnce()) {
      const waited = this.#clock.elapsed() - begun;
      if (waited >= this.#timeoutS) throw this.#gaveUp(waited);
      napMs(this.#nap());
    }
    return this.#runHeld(work);
  }

  /** Throws unless the lock that is held is still the one that others would ask for. */
  requireHeld(): void {
    if (statSync(this.path, { throwIfNoEntry: false })?.ino !== this.#ino) throw held(this.path, 0);
  }

  close(): void {
    this.#db.close();
  }

  /** `false` when it is no longer needed. */
  async #acquire(isNeedless: () => boolean): Promise<boolean> {
    const begun = this.#clock.elapsed();
    while (!this.#tryOnce()) {
      const waited = this.#clock.elapsed() - begun;
      if (waited >= this.#timeoutS) throw this.#gaveUp(waited);
      napMs(this.#nap());
      // The acts of this process that do not need the lock go on meanwhile.
      await nextTurn();
      if (isNeedless()) return false;
    }
    return true;
  }

  #runHeld<T>(work: () => T): T {
    try {
      return work();
    } finally {
      this.#free.run();
    }
  }

  #nap(): number {
    return NAP_MS.least + this.#jitter() * (NAP_MS.most - NAP_MS.least);
  }

  #tryOnce(): boolean {
    // Two acts of one process share this connection: while one of them holds the lock the other waits its turn.
    if (this.#db.inTransaction) return false;
    try {
      this.#take.run();
    } catch (error) {
      const code = (error as { code?: string }).code ?? '';
      if (code.startsWith('SQLITE_BUSY')) return false;
      if (code.startsWith('SQLITE_')) throw damaged(this.path, code, error);
      throw error;
    }
    if (statSync(this.path, { throwIfNoEntry: false })?.ino === this.#ino) return true;
    this.#reopen();
    return false;
  }

  /** The file was deleted or replaced under us: a lock on the old one excludes nobody who opens the new one. */
  #reopen(): void {
    this.#free.run();
    // The old one is kept as long as there is no other: the directory may be away for a while.
    const db = openLockFile(this.path);
    this.#db.close();
    this.#db = db;
    this.#take = this.#db.prepare('BEGIN IMMEDIATE');
    this.#free = this.#db.prepare('ROLLBACK');
    this.#ino = statSync(this.path).ino;
  }

  #gaveUp(waited: number): OperatorError {
    return held(this.path, waited);
  }
}

function openLockFile(path: string): Database.Database {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there && !there.isFile()) {
    throw new OperatorError(
      'GRACE_LOCK_NOT_OPENED',
      EXIT.badAnswer,
      `${path} cannot be opened: it is not a regular file`,
      {
        hint: `ls -ld ${shellArguments(path)}`,
      },
    );
  }
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { timeout: 1000 });
    // Nothing is ever written, so there is nothing to roll back; a journal file would be made and removed for each lock.
    db.pragma('journal_mode = MEMORY');
    db.pragma('busy_timeout = 0');
    return db;
  } catch (error) {
    db?.close();
    const { code = '' } = error as { code?: string };
    const isAway = !existsSync(dirname(path));
    if (!code.startsWith('SQLITE_') && !isAway) throw error;
    if (code.startsWith('SQLITE_BUSY')) throw held(path, 1);
    if (db) throw damaged(path, code, error);
    const why = isAway ? `${dirname(path)} is not there` : code;
    throw new OperatorError('GRACE_LOCK_NOT_OPENED', EXIT.badAnswer, `${path} cannot be opened: ${why}`, {
      hint: `df -hi ${shellArguments(dirname(path))}   # see whether files can be made there`,
      cause: error,
    });
  }
}

function held(path: string, waited_s: number): OperatorError {
  const holder = lockHolder(path);
  const who = holder === undefined ? 'another process' : `process ${holder.pid} (${holder.command})`;
  return new OperatorError('GRACE_LOCKED', EXIT.locked, `${who} held ${path} for ${waited_s.toFixed(1)} s`, {
    hint: holder === undefined ? `fuser -v ${shellArguments(path)}` : `ps -fp ${holder.pid}`,
  });
}

function damaged(path: string, code: string, cause: unknown): OperatorError {
  return new OperatorError('GRACE_LOCK_DAMAGED', EXIT.badAnswer, `${path} cannot be locked: ${code}`, {
    hint: `rm ${shellArguments(path)}   # it holds no data; first stop every grace process`,
    cause,
  });
}

/** Who holds the lock now, from the kernel's own list. `undefined`: nobody, or the kernel does not say. */
export function lockHolder(path: string): { pid: number; command: string } | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  let locks: string;
  try {
    locks = readFileSync('/proc/locks', 'latin1');
  } catch {
    return undefined;
  }
  for (const line of locks.split('\n')) {
    // `1: POSIX  ADVISORY  WRITE 4711 fe:00:131 1073741825 1073741825`; a waiter's line has `->` after the number.
    const [, , , mode, pid, place] = line.trim().split(/\s+/);
    if (mode === 'WRITE' && place?.split(':')[2] === String(stat.ino)) {
      return { pid: Number(pid), command: commandOf(Number(pid)) };
    }
  }
  return undefined;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
