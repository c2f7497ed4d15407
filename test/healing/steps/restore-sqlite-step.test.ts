import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/core/host/clock.js';
import { type RestoreSqliteSpec, restoreSqliteStep } from '../../../src/healing/steps/restore-sqlite-step.js';
import { tempDir } from '../../support/temp-dir.js';
import { trustedDir } from '../../support/trusted-dir.js';

const NODE = realpathSync(process.execPath);
const DRIVER = createRequire(import.meta.url).resolve('better-sqlite3');

function order(stop: AbortSignal = new AbortController().signal) {
  return { marker: `test-${process.pid}-${Math.random()}`, facts: {}, stop };
}

function stepOf(path: string, from: string, end_holders: string[] = [], more: Partial<RestoreSqliteSpec> = {}) {
  return restoreSqliteStep(
    { name: 'restore', restore_sqlite: { path, from, end_holders }, lock_within_s: 0.1, ...more },
    systemClock,
  );
}

function made(path: string, rows: number, journal: 'delete' | 'wal' = 'delete'): string {
  const db = new Database(path);
  db.pragma(`journal_mode = ${journal}`);
  db.exec('CREATE TABLE t (a)');
  const insert = db.prepare('INSERT INTO t VALUES (?)');
  db.transaction(() => {
    for (let i = 0; i < rows; i++) insert.run(`row ${i} ${'x'.repeat(100)}`);
  })();
  db.close();
  return path;
}

function places(journal: 'delete' | 'wal' = 'delete') {
  const dir = tempDir();
  return { dir, path: made(join(dir, 'app.db'), 500, journal), from: made(join(tempDir(), 'app.db'), 400, journal) };
}

function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 4096 * 2, 4096 * 5);
  writeFileSync(path, bytes);
}

function rowsOf(path: string): number {
  const db = new Database(path, { fileMustExist: true });
  try {
    return (db.prepare('SELECT count(*) AS n FROM t').get() as { n: number }).n;
  } finally {
    db.close();
  }
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** A process that has the database open and does something to it first. */
async function holding(path: string, first: string): Promise<ChildProcess> {
  const script = `const db = new (require(${JSON.stringify(DRIVER)}))(${JSON.stringify(path)});
    ${first}
    process.stdout.write('ready'); setInterval(() => {}, 1000);`;
  const child = spawn(NODE, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

const LOCKS = `db.exec('BEGIN EXCLUSIVE');`;
const STUBBORN = `process.on('SIGTERM', () => {});`;
const READS = `db.prepare('SELECT count(*) FROM sqlite_schema').get();`;

test('says what it is', () => {
  const step = stepOf('/var/lib/app.db', '/var/backups/app.db', ['/usr/bin/app']);
  expect(step).toMatchObject({ name: 'restore', repeatable: true, timeout_s: 600 });
  expect(step.destroys).toBe(
    'unsaved work of /usr/bin/app, if they hold /var/lib/app.db; if /var/lib/app.db is corrupt, what was written to it since /var/backups/app.db was made; it is kept as /var/lib/app.db.grace-before until the next time',
  );
});

describe('a sound database is left as it is', () => {
  test.each(['delete', 'wal'] as const)('with nobody at it, journal_mode %s', async (journal) => {
    const { dir, path, from } = places(journal);
    const before = sha256(path);
    expect(await stepOf(path, from).run(order())).toEqual({
      outcome: 'worked',
      exit: `${path} is sound and can be written; nothing was restored`,
    });
    expect([sha256(path), readdirSync(dir)]).toEqual([before, ['app.db']]);
  });

  test('with a process at it that does no harm, which is not ended', async () => {
    const { path, from } = places('wal');
    const holder = await holding(path, READS);
    expect((await stepOf(path, from, [NODE]).run(order())).outcome).toBe('worked');
    expect(holder.exitCode ?? holder.signalCode).toBe(null);
    expect(rowsOf(path)).toBe(500);
  });
});

describe('a locked database', () => {
  test('is free once its holder is ended; nothing is restored', async () => {
    const { dir, path, from } = places();
    const holder = await holding(path, LOCKS);
    expect(await stepOf(path, from, [NODE]).run(order())).toEqual({
      outcome: 'worked',
      exit: `${path} is sound; nothing was restored; ended pid ${holder.pid}`,
    });
    expect([rowsOf(path), readdirSync(dir)]).toEqual([500, ['app.db']]);
  });

  test('what the holder had written, and nobody worked in, is there afterwards', async () => {
    const { dir, path, from } = places('wal');
    await holding(path, `db.exec("INSERT INTO t VALUES ('last words')"); ${LOCKS}`);
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    expect((await stepOf(path, from, [NODE]).run(order())).outcome).toBe('worked');
    expect([rowsOf(path), readdirSync(dir)]).toEqual([501, ['app.db']]);
  });

  test('a change that the holder had half done is rolled back', async () => {
    const { dir, path, from } = places();
    await holding(path, `db.pragma('cache_size = 2'); ${LOCKS} db.exec("UPDATE t SET a = a || 'half'");`);
    expect(readdirSync(dir).sort()).toEqual(['app.db', 'app.db-journal']);
    expect((await stepOf(path, from, [NODE]).run(order())).outcome).toBe('worked');
    expect([rowsOf(path), readdirSync(dir)]).toEqual([500, ['app.db']]);
  });

  test('is refused if its holder is not listed, who is left alone', async () => {
    const { path, from } = places();
    const holder = await holding(path, LOCKS);
    const result = await stepOf(path, from, ['/usr/sbin/another']).run(order());
    expect(result).toEqual({
      outcome: 'failed',
      exit: `${path} is held by pid ${holder.pid}, which runs ${NODE} and is not among those that may be ended`,
    });
    expect(holder.exitCode ?? holder.signalCode).toBe(null);
  });

  test('is refused if this very process holds it', async () => {
    const { path, from } = places();
    const db = new Database(path);
    onTestFinished(() => {
      db.close();
    });
    db.exec('BEGIN EXCLUSIVE');
    expect((await stepOf(path, from, [NODE]).run(order())).exit).toContain('which is this very process');
  });
});

describe('a corrupt database', () => {
  test.each(['delete', 'wal'] as const)('is replaced by the backup and kept, journal_mode %s', async (journal) => {
    const { dir, path, from } = places(journal);
    damage(path);
    const corrupt = sha256(path);
    const backup = sha256(from);
    expect(await stepOf(path, from).run(order())).toEqual({
      outcome: 'worked',
      exit: `restored ${path} from ${from}; the former one is kept as ${path}.grace-before`,
    });
    expect(readdirSync(dir).sort()).toEqual(['app.db', 'app.db.grace-before']);
    expect([rowsOf(path), sha256(`${path}.grace-before`), sha256(from)]).toEqual([400, corrupt, backup]);
  });

  test('a second run finds that nothing is to be done', async () => {
    const { dir, path, from } = places();
    writeFileSync(path, 'no database at all');
    await stepOf(path, from).run(order());
    expect((await stepOf(path, from).run(order())).exit).toBe(
      `${path} is sound and can be written; nothing was restored`,
    );
    expect(readFileSync(join(dir, 'app.db.grace-before'), 'utf8')).toBe('no database at all');
  });

  test('its holder is ended first, though it does not listen to SIGTERM', async () => {
    const { path, from } = places('wal');
    damage(path);
    const holder = await holding(path, STUBBORN + READS);
    const result = await stepOf(path, from, [NODE], { grace_s: 0.2 }).run(order());
    expect(result).toEqual({
      outcome: 'worked',
      exit: `restored ${path} from ${from}; the former one is kept as ${path}.grace-before; ended pid ${holder.pid}`,
    });
    expect(rowsOf(path)).toBe(400);
  });

  test('its log of changes does not get into what is restored', async () => {
    const { dir, path, from } = places('wal');
    const holder = await holding(path, `db.exec("INSERT INTO t VALUES ('of the former database')");`);
    const copies = ['app.db', 'app.db-wal'].map((name) => [name, readFileSync(join(dir, name))] as const);
    holder.kill('SIGKILL');
    await new Promise((resolve) => holder.once('exit', resolve));
    for (const [name, bytes] of copies) writeFileSync(join(dir, name), bytes);
    // Beyond the first page, and not in the log.
    damage(path);
    expect((await stepOf(path, from).run(order())).outcome).toBe('worked');
    expect(rowsOf(path)).toBe(400);
    expect(readdirSync(dir).filter((name) => !name.includes('.grace-before'))).toEqual(['app.db']);
  });

  test('of what an earlier run kept nothing gets mixed with what is kept now', async () => {
    const { dir, path, from } = places();
    for (const suffix of ['', '-wal', '-journal']) writeFileSync(`${path}.grace-before${suffix}`, 'kept earlier');
    damage(path);
    const corrupt = sha256(path);
    expect((await stepOf(path, from).run(order())).outcome).toBe('worked');
    expect(readdirSync(dir).sort()).toEqual(['app.db', 'app.db.grace-before']);
    expect(sha256(`${path}.grace-before`)).toBe(corrupt);
  });

  test('a missing one, and one whose replacing was cut off after it was moved', async () => {
    const { dir, path, from } = places();
    renameSync(path, `${path}.grace-before`);
    writeFileSync(`${path}-wal`, 'a log of the former database');
    writeFileSync(`${path}.grace-new`, 'half a copy');
    expect(await stepOf(path, from).run(order())).toEqual({
      outcome: 'worked',
      exit: `restored ${path} from ${from}; the former one is kept as ${path}.grace-before`,
    });
    expect(rowsOf(path)).toBe(400);
    expect(readdirSync(dir).sort()).toEqual(['app.db', 'app.db.grace-before', 'app.db.grace-before-wal']);
    expect(rowsOf(`${path}.grace-before`)).toBe(500);
  });

  test('a backup with a log of changes beside it is restored with it', async () => {
    const { path, from } = places('wal');
    const db = new Database(from);
    db.exec(`INSERT INTO t VALUES ('only in the log')`);
    const backup = join(tempDir(), 'backup.db');
    for (const suffix of ['', '-wal']) copyFileSync(from + suffix, backup + suffix);
    db.close();
    damage(path);
    expect((await stepOf(path, backup).run(order())).outcome).toBe('worked');
    expect(rowsOf(path)).toBe(401);
  });

  test.skipIf(process.getuid?.() !== 0)('owner and mode stay (needs root)', async () => {
    const { path, from } = places('wal');
    damage(path);
    chownSync(path, 65_534, 12);
    await stepOf(path, from).run(order());
    expect(statSync(path)).toMatchObject({ uid: 65_534, gid: 12, mode: statSync(`${path}.grace-before`).mode });
  });
});

describe('refused, and nothing is changed', () => {
  const refused = async (path: string, from: string) => {
    const before = existsSync(path) && statSync(path).isFile() ? sha256(path) : undefined;
    const { outcome, exit } = await stepOf(path, from).run(order());
    expect(outcome).toBe('failed');
    if (before !== undefined) expect(sha256(path)).toBe(before);
    expect(existsSync(`${path}.grace-new`) || existsSync(`${path}.grace-before`)).toBe(false);
    return exit.replaceAll(path, 'PATH').replaceAll(from, 'FROM');
  };

  test('the backup is missing, a link, no file', async () => {
    const { path, from } = places();
    damage(path);
    const dir = tempDir();
    symlinkSync(from, join(dir, 'link'));
    spawnSync('mkfifo', [join(dir, 'pipe')]);
    expect(await refused(path, join(dir, 'none'))).toBe('the backup FROM is missing');
    expect(await refused(path, join(dir, 'link'))).toBe('FROM is a symbolic link and is left alone');
    expect(await refused(path, join(dir, 'pipe'))).toBe('FROM is no regular file and is left alone');
    expect(await refused(path, path)).toBe('PATH and PATH are one and the same file');
  });

  test('a link or a directory in its place', async () => {
    const { path, from } = places();
    const dir = tempDir();
    symlinkSync(path, join(dir, 'link'));
    mkdirSync(join(dir, 'directory'));
    expect(await refused(join(dir, 'link'), from)).toBe('PATH is a symbolic link and is left alone');
    expect(await refused(join(dir, 'directory'), from)).toBe('PATH is no regular file and is left alone');
  });

  test('a link that others could change above either place', async () => {
    const { path, from } = places();
    damage(path);
    const dir = tempDir();
    symlinkSync(join(path, '..'), join(dir, 'link'));
    symlinkSync(join(from, '..'), join(dir, 'other'));
    const said = (link: string) => `others could change the symbolic link ${dir}/${link}: name where it really leads`;
    const before = sha256(path);
    expect(await refused(join(dir, 'link/app.db'), from)).toBe(`PATH: ${said('link')}`);
    expect(await refused(path, join(dir, 'other/app.db'))).toBe(`FROM: ${said('other')}`);
    expect(sha256(path)).toBe(before);
  });

  test('but not one that nobody else can change', async () => {
    const { path, from } = places();
    damage(path);
    const dir = trustedDir();
    mkdirSync(join(dir, 'real'));
    symlinkSync('real', join(dir, 'link'));
    copyFileSync(path, join(dir, 'real/app.db'));
    const result = await stepOf(join(dir, 'link/app.db'), from).run(order());
    expect(result).toMatchObject({ outcome: 'worked', exit: expect.stringContaining('restored') });
    expect(rowsOf(join(dir, 'real/app.db'))).toBe(400);
    expect(readdirSync(join(dir, 'real')).sort()).toEqual(['app.db', 'app.db.grace-before']);
  });

  test('the backup is corrupt, empty, or was taken in the middle of a change; the holder is not ended for it', async () => {
    const { path, from } = places('wal');
    damage(path);
    const holder = await holding(path, READS);
    const ask = async () => {
      const { outcome, exit } = await stepOf(path, from, [NODE]).run(order());
      expect(outcome).toBe('failed');
      return exit.replaceAll(from, 'FROM');
    };
    writeFileSync(`${from}-journal`, 'x');
    expect(await ask()).toBe('the backup FROM was taken in the middle of a change: FROM-journal lies beside it');
    writeFileSync(`${from}-journal`, '');
    damage(from);
    expect(await ask()).toMatch(/^the backup FROM is not sound: .*; nothing was replaced$/);
    writeFileSync(from, '');
    expect(await ask()).toBe('the backup FROM is not sound: it is empty; nothing was replaced');
    expect(holder.exitCode ?? holder.signalCode).toBe(null);
  });

  test('there is no time for it, or the operator interrupts', async () => {
    const { dir, path, from } = places();
    damage(path);
    const before = sha256(path);
    expect(await stepOf(path, from, [], { timeout_s: 0.01 }).run(order())).toMatchObject({ outcome: 'timed_out' });
    expect((await stepOf(path, from).run(order(AbortSignal.abort()))).exit).toBe('interrupted; nothing was replaced');
    expect([sha256(path), readdirSync(dir)]).toEqual([before, ['app.db']]);
  });
});
