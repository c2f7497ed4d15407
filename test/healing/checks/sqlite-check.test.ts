import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { buildSync } from 'esbuild';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CheckSpecs } from '../../../src/core/config/schema/check-schema.js';
import { systemClock } from '../../../src/core/host/clock.js';
import { probeSqlite } from '../../../src/healing/checks/sqlite-check.js';
import { tempDir } from '../../support/temp-dir.js';

function probe(path: string, more: Partial<CheckSpecs['sqlite']> = {}) {
  return probeSqlite({ path, integrity: 'quick', lock_within: 0.1, timeout: 20, ...more }, systemClock);
}

type Journal = 'delete' | 'wal';

/** A database with some hundred pages, still open. */
function filled(journal: Journal) {
  const dir = tempDir();
  const path = join(dir, 'app.db');
  const db = new Database(path);
  onTestFinished(() => {
    db.close();
  });
  db.pragma(`journal_mode = ${journal}`);
  db.exec('CREATE TABLE t (a, b); CREATE INDEX i ON t (b)');
  const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
  db.transaction(() => {
    for (let i = 0; i < 1000; i++) insert.run(i, `row ${i} ${'x'.repeat(100)}`);
  })();
  return { dir, path, db };
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Overwrites a page in its midst. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 4096 * 3, 4096 * 4);
  writeFileSync(path, bytes);
}

/** What a program leaves that was ended in its midst: copies of the files while it has them open. */
function cutOff(dir: string): string {
  const copy = tempDir();
  for (const name of readdirSync(dir)) copyFileSync(join(dir, name), join(copy, name));
  return copy;
}

describe.each<Journal>(['delete', 'wal'])('with journal_mode %s', (journal) => {
  test('ok while a program has it open, and once none has; not a byte changes', async () => {
    const { dir, path, db } = filled(journal);
    const before = sha256(path);
    expect(await probe(path)).toEqual({ status: 'ok', summary: `${path} can be written and is in order` });
    expect(sha256(path)).toBe(before);
    db.exec(`INSERT INTO t VALUES (1, 'afterwards')`);
    db.close();
    const closed = sha256(path);
    expect((await probe(path, { integrity: 'full' })).status).toBe('ok');
    expect(sha256(path)).toBe(closed);
    expect(readdirSync(dir)).toEqual(['app.db']);
  });

  test('critical while somebody writes and does not end', async () => {
    const { path, db } = filled(journal);
    db.exec('BEGIN IMMEDIATE');
    expect(await probe(path)).toEqual({
      status: 'critical',
      summary: `${path} is locked: no write lock within 100 ms`,
    });
    db.exec('ROLLBACK');
    expect((await probe(path, { integrity: 'none' })).status).toBe('ok');
  });

  test('waits for a writer that ends in time', async () => {
    const { path, db } = filled(journal);
    db.exec('BEGIN IMMEDIATE');
    setTimeout(() => db.exec('COMMIT'), 300);
    expect((await probe(path, { lock_within: 10 })).status).toBe('ok');
  });

  test('critical when a page is damaged', async () => {
    const { path, db } = filled(journal);
    db.close();
    damage(path);
    expect(await probe(path)).toMatchObject({
      status: 'critical',
      summary: expect.stringContaining(`${path} is corrupt: `),
    });
    expect((await probe(path, { integrity: 'none' })).status).toBe('ok');
  });

  test('leaves no lock: who had it open goes on', async () => {
    const { path, db } = filled(journal);
    await probe(path);
    db.pragma('busy_timeout = 0');
    db.exec(`INSERT INTO t VALUES (1, 'afterwards')`);
  });
});

test('critical when rows and index disagree, if all is looked through', async () => {
  const { path, db } = filled('delete');
  db.unsafeMode();
  db.pragma('writable_schema = ON');
  db.exec(`DELETE FROM sqlite_schema WHERE name = 'i'`);
  db.close();
  const other = new Database(path);
  other.exec(`UPDATE t SET b = 'another' WHERE a = 1`);
  other.unsafeMode();
  other.pragma('writable_schema = ON');
  // The index comes back as it was.
  other.exec(`INSERT INTO sqlite_schema VALUES ('index', 'i', 't', 3, 'CREATE INDEX i ON t (b)')`);
  other.close();
  expect((await probe(path)).status).toBe('ok');
  expect(await probe(path, { integrity: 'full' })).toMatchObject({ status: 'critical' });
});

describe('a log of changes that a program left', () => {
  test('is neither worked in nor changed, and its rows count', async () => {
    const { dir } = filled('wal');
    const left = cutOff(dir);
    const hashes = () => ['app.db', 'app.db-wal'].map((name) => sha256(join(left, name)));
    const before = hashes();
    expect(statSync(join(left, 'app.db-wal')).size).toBeGreaterThan(1000);
    expect((await probe(join(left, 'app.db'))).status).toBe('ok');
    expect(hashes()).toEqual(before);
    expect(readdirSync(left).sort()).toEqual(readdirSync(dir).sort());
  });

  test.skipIf(process.getuid?.() !== 0)(
    'an index made anew belongs to the owner of the database (needs root)',
    async () => {
      const { dir } = filled('wal');
      const left = cutOff(dir);
      rmSync(join(left, 'app.db-shm'));
      for (const name of ['app.db', 'app.db-wal']) chownSync(join(left, name), 65_534, 65_534);
      expect((await probe(join(left, 'app.db'))).status).toBe('ok');
      expect(statSync(join(left, 'app.db-shm'))).toMatchObject({ uid: 65_534, gid: 65_534 });
      expect(statSync(join(left, 'app.db-wal'))).toMatchObject({ uid: 65_534, gid: 65_534 });
    },
  );
});

test('unknown when a change was cut off that has to be rolled back first, and it is not rolled back', async () => {
  const { dir, db } = filled('delete');
  // So little memory that it writes before it commits.
  db.pragma('cache_size = 2');
  db.exec(`BEGIN IMMEDIATE; UPDATE t SET b = b || 'changed'`);
  const left = cutOff(dir);
  expect(readdirSync(left).sort()).toEqual(['app.db', 'app.db-journal']);
  const hashes = () => readdirSync(left).map((name) => sha256(join(left, name)));
  const before = hashes();
  expect(await probe(join(left, 'app.db'))).toMatchObject({
    status: 'unknown',
    summary: expect.stringContaining('was cut off while it wrote'),
  });
  expect(hashes()).toEqual(before);
});

describe('critical', () => {
  test('missing', async () => {
    const path = join(tempDir(), 'app.db');
    expect(await probe(path)).toEqual({ status: 'critical', summary: `${path} is missing` });
    expect(existsSync(path)).toBe(false);
  });

  test.each([
    ['empty', ''],
    ['no database', 'x'.repeat(5000)],
  ])('%s', async (_name, text) => {
    const path = join(tempDir(), 'app.db');
    writeFileSync(path, text);
    expect(await probe(path)).toMatchObject({ status: 'critical', summary: expect.stringContaining('is corrupt: ') });
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  test('a directory in its place', async () => {
    const path = join(tempDir(), 'app.db');
    mkdirSync(path);
    expect((await probe(path)).summary).toBe(`${path} is corrupt: it is not a regular file`);
  });

  test('a named pipe in its place, at once', async () => {
    const path = join(tempDir(), 'app.db');
    spawnSync('mkfifo', [path]);
    expect((await probe(path)).summary).toBe(`${path} is corrupt: it is not a regular file`);
  });
});

test('follows a link, and makes nothing beside it', async () => {
  const { dir, path, db } = filled('wal');
  db.close();
  const other = tempDir();
  symlinkSync(path, join(other, 'link.db'));
  expect((await probe(join(other, 'link.db'))).status).toBe('ok');
  expect([readdirSync(other), readdirSync(dir)]).toEqual([['link.db'], ['app.db']]);
});

test('unknown when it takes longer than it may', async () => {
  const { path, db } = filled('delete');
  db.exec('BEGIN IMMEDIATE');
  expect(await probe(path, { lock_within: 60, timeout: 0.3 })).toEqual({
    status: 'unknown',
    summary: `${path} could not be looked through within 0.3 s`,
  });
});

/** The program as it is built: one CommonJS file, packages outside. */
function built(): string {
  const dir = tempDir();
  symlinkSync(resolve('node_modules'), join(dir, 'node_modules'));
  buildSync({
    stdin: {
      contents: `import { systemClock } from './src/core/host/clock.js';
        import { probeSqlite } from './src/healing/checks/sqlite-check.js';
        const spec = { path: process.argv[2], integrity: 'quick', lock_within: 0.1, timeout: 20 };
        probeSqlite(spec, systemClock).then((found) => process.stdout.write(JSON.stringify(found)));`,
      resolveDir: resolve('.'),
      loader: 'ts',
    },
    outfile: join(dir, 'main.cjs'),
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    supported: { 'dynamic-import': false },
  });
  return join(dir, 'main.cjs');
}

test('works as it is built, from any directory', () => {
  const { path } = filled('wal');
  const { stdout } = spawnSync(process.execPath, [built(), path], { cwd: '/', encoding: 'utf8' });
  expect(JSON.parse(stdout)).toMatchObject({ status: 'ok' });
});

test.skipIf(process.getuid?.() !== 0)('unknown for an account that may not (needs root)', async () => {
  const { dir, path, db } = filled('wal');
  db.close();
  const program = built();
  const asNobody = () => {
    const { stdout } = spawnSync(process.execPath, [program, path], {
      cwd: '/',
      encoding: 'utf8',
      uid: 65_534,
      gid: 65_534,
    });
    return JSON.parse(stdout);
  };
  chmodSync(join(program, '..'), 0o755);
  chmodSync(dir, 0o777);
  chmodSync(path, 0o666);
  // It could, but what SQLite makes beside the database would lock its owner out.
  expect(asNobody()).toMatchObject({ status: 'unknown', summary: expect.stringContaining('and not to its owner') });
  chmodSync(path, 0o600);
  expect(asNobody()).toMatchObject({ status: 'unknown', summary: expect.stringContaining('permission denied') });
  chmodSync(dir, 0o700);
  expect(asNobody()).toMatchObject({ status: 'unknown', summary: expect.stringContaining('permission is denied') });
  expect(readdirSync(dir)).toEqual(['app.db']);
});
