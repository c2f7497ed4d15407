import { stat } from 'node:fs/promises';
import { systemErrorSentence } from '../core/errors.js';
import { fileOfLoaded, runNodeTask, type TaskOrder } from './node-task.js';

export type SqliteState =
  | { readonly kind: 'sound' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'corrupt'; readonly detail: string }
  | { readonly kind: 'locked'; readonly detail: string }
  /** A program was cut off while it wrote: the next one that may write rolls that back. Until then nothing can be told. */
  | { readonly kind: 'cut_off'; readonly detail: string }
  /** What it is like cannot be told. */
  | { readonly kind: 'unreadable'; readonly detail: string }
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'stopped' };

export interface LookOrder extends TaskOrder {
  readonly integrity: 'none' | 'quick' | 'full';
  /** A write lock must be had within this time. */
  readonly lock_within_ms: number;
}

/**
 * Looks at a database and changes nothing in it: no lock outlives the look, a log of changes (-wal) is not worked in, and
 * what another program left half done is not rolled back. Only the index of that log (-shm) may be made anew. While the
 * structure of a database without such a log is read, others cannot write to it.
 */
export function lookAtSqlite(path: string, { integrity, lock_within_ms, ...order }: LookOrder): Promise<SqliteState> {
  return ask({ act: 'look', path, integrity, lock_ms: Math.round(lock_within_ms) }, order);
}

/**
 * Rolls back what was left half done, works a log of changes (-wal) into the database, and looks at all of it. Nobody else
 * may have it open.
 */
export function settleSqlite(path: string, order: TaskOrder): Promise<SqliteState> {
  return ask({ act: 'settle', path, integrity: 'full', lock_ms: 2000 }, order);
}

interface TaskInput {
  readonly act: 'look' | 'settle';
  readonly path: string;
  readonly integrity: 'none' | 'quick' | 'full';
  readonly lock_ms: number;
}

async function ask(input: TaskInput, order: TaskOrder): Promise<SqliteState> {
  try {
    if (!(await stat(input.path)).isFile()) return { kind: 'corrupt', detail: 'it is not a regular file' };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    return { kind: 'unreadable', detail: systemErrorSentence(error) ?? message };
  }
  const driver = await driverFile();
  if (driver === undefined) return { kind: 'unreadable', detail: 'better-sqlite3 cannot be loaded' };
  const end = await runNodeTask(TASK, { ...input, driver }, order);
  if (end.kind === 'answered') return end.answer as SqliteState;
  return end.kind === 'failed' ? { kind: 'unreadable', detail: end.reason } : end;
}

async function driverFile(): Promise<string | undefined> {
  try {
    await import('better-sqlite3');
    return fileOfLoaded('better-sqlite3');
  } catch {
    return undefined;
  }
}

/**
 * Runs in a process of its own. Where there is a log of changes, that process ends without closing the database: whoever
 * closes it last works the log in and removes it. Where there is none, SQLite makes one to be able to look, and removes it
 * when the database is closed.
 */
const TASK = `'use strict';
const { closeSync, existsSync, openSync, readSync, realpathSync, statSync, writeSync } = require('node:fs');
const { driver, act, path: given, integrity, lock_ms } = JSON.parse(process.argv[2]);
const Database = require(driver);
const began = performance.now();
const left = () => Math.max(0, Math.round(lock_ms - (performance.now() - began)));
const path = realpathSync(given);

function header() {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(100);
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(fd);
  }
}

function takeWriteLock(db) {
  db.exec('BEGIN IMMEDIATE');
  db.exec('ROLLBACK');
}

function structureOf(db) {
  if (integrity === 'none') return { kind: 'sound' };
  const pragma = integrity === 'full' ? 'integrity_check' : 'quick_check';
  const found = db.pragma(pragma + '(1)', { simple: true });
  if (found === 'ok') return { kind: 'sound' };
  return { kind: 'corrupt', detail: String(found).replace(/^\\*\\*\\* in database main \\*\\*\\*\\n/, '').replaceAll('\\n', '; ') };
}

function look() {
  const start = header();
  if (start.length === 0) return { kind: 'corrupt', detail: 'it is empty' };
  return start[18] === 2 ? lookWithLog() : lookWithoutLog();
}

function lookWithoutLog() {
  // First without the right to write: with it, opening would roll back what another program left half done.
  const reader = new Database(path, { readonly: true, fileMustExist: true, timeout: left() });
  reader.prepare('SELECT count(*) FROM sqlite_schema').get();
  let untried;
  const writer = new Database(path, { fileMustExist: true, timeout: left() });
  try {
    takeWriteLock(writer);
  } catch (error) {
    if (!String(error.code).startsWith('SQLITE_READONLY')) throw error;
    untried = error;
  } finally {
    writer.close();
  }
  const found = structureOf(reader);
  reader.close();
  if (untried !== undefined && found.kind === 'sound') throw untried;
  return found;
}

function lookWithLog() {
  const hasLog = existsSync(path + '-wal');
  const madeAnew = !hasLog || !existsSync(path + '-shm');
  if (madeAnew && process.geteuid() !== 0 && process.geteuid() !== statSync(path).uid) {
    return { kind: 'unreadable', detail: 'its -wal and -shm files would belong to this account, and not to its owner' };
  }
  const db = new Database(path, { fileMustExist: true, timeout: left() });
  let untried;
  try {
    takeWriteLock(db);
  } catch (error) {
    if (!String(error.code).startsWith('SQLITE_READONLY')) throw error;
    untried = error;
  }
  const found = structureOf(db);
  if (!hasLog) db.close();
  if (untried !== undefined && found.kind === 'sound') throw untried;
  return found;
}

function settle() {
  if (header().length === 0) return { kind: 'corrupt', detail: 'it is empty' };
  const db = new Database(path, { fileMustExist: true, timeout: lock_ms });
  try {
    takeWriteLock(db);
    const [{ busy }] = db.pragma('wal_checkpoint(TRUNCATE)');
    if (busy !== 0) return { kind: 'locked', detail: 'somebody else has it open' };
    return structureOf(db);
  } finally {
    db.close();
  }
}

function stateOf(error) {
  const code = String(error.code);
  if (/^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(code)) {
    return { kind: 'locked', detail: 'no write lock within ' + lock_ms + ' ms' };
  }
  if (/^SQLITE_(NOTADB|CORRUPT|FORMAT|IOERR_SHORT_READ|IOERR_CORRUPTFS)/.test(code)) {
    return { kind: 'corrupt', detail: error.message };
  }
  if (code === 'SQLITE_READONLY_ROLLBACK') {
    return { kind: 'cut_off', detail: 'a program was cut off while it wrote; the next one to open it rolls that back' };
  }
  if (code.startsWith('SQLITE_READONLY')) return { kind: 'unreadable', detail: 'this account may not write it, so no lock can be tried' };
  return { kind: 'unreadable', detail: error.message };
}

let state;
try {
  state = act === 'settle' ? settle() : look();
} catch (error) {
  state = stateOf(error);
}
writeSync(1, JSON.stringify(state));
// At an orderly end the driver would close what is still open.
process.kill(process.pid, 'SIGKILL');
`;
