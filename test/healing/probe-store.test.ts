import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { NOTHING_SEEN, type SoftState } from '../../src/healing/engine/soft-state.js';
import { type KeptProbe, PROBES_FILE, ProbeStore } from '../../src/healing/probe-store.js';
import { tool, withoutTmpfs } from '../support/fault-tools.js';
import { tempDir } from '../support/temp-dir.js';

const STATE: SoftState = {
  ...NOTHING_SEEN,
  seen: [{ boot_id: 'b', elapsed_s: 1.5, at: '2026-11-23T12:00:00.000Z', status: 'critical' }],
  states: [true, false],
  passes: 3,
};
const probe = (n: number, name = 'web'): KeptProbe => ({
  ...{ name, at: `2026-11-23T12:00:00.${String(n).padStart(3, '0')}Z`, status: 'ok', duration_s: n, summary: `n${n}` },
  perfdata: n % 2 === 0 ? null : '[]',
});

function store(dir: string, write = true): ProbeStore {
  const one = new ProbeStore(dir, { write });
  onTestFinished(() => one.close());
  return one;
}

/** Everything that a store can be asked and told. */
function useAll(one: ProbeStore) {
  one.keep('web', STATE, probe(1));
  one.remember('log', { offset: 7 });
  one.beat('cron', { boot_id: 'b', elapsed_s: 9, at: 12 });
  one.flush();
  return {
    state: one.state('web'),
    memory: one.memory('log'),
    heartbeat: one.heartbeat('cron'),
    probes: one.probes('web', 10),
  };
}

const WRITTEN = {
  state: STATE,
  memory: { offset: 7 },
  heartbeat: { boot_id: 'b', elapsed_s: 9, at: 12 },
  probes: [probe(1)],
};

/** What can be written nowhere is kept by this process alone. */
const UNWRITTEN = { state: STATE, memory: { offset: 7 }, heartbeat: undefined, probes: [] };

describe('what checks have seen', () => {
  test('is there for the next process', () => {
    const dir = tempDir();
    const one = store(dir);
    expect(useAll(one)).toEqual(WRITTEN);
    one.close();
    const next = store(dir, false);
    expect([next.state('web'), next.memory('log'), next.heartbeat('cron'), next.probes('web', 9)]).toEqual(
      Object.values(WRITTEN),
    );
    expect([next.state('db'), next.memory('db'), next.heartbeat('db')]).toEqual([NOTHING_SEEN, undefined, undefined]);
    expect(statSync(join(dir, PROBES_FILE)).mode & 0o777).toBe(0o640);
  });

  test('is known before it is written down, and is written down in the end', () => {
    const dir = tempDir();
    const one = store(dir);
    one.keep('web', STATE, undefined);
    one.remember('log', [1]);
    expect([one.state('web'), one.memory('log')]).toEqual([STATE, [1]]);
    expect(store(dir).state('web')).toEqual(NOTHING_SEEN);
    one.close();
    expect(store(dir).state('web')).toEqual(STATE);
  });

  test('probes are kept newest first, and the last 2000 of each check', () => {
    const dir = tempDir();
    const one = store(dir);
    one.keep('db', NOTHING_SEEN, probe(1, 'db'));
    for (let n = 0; n < 2600; n++) {
      one.keep('web', NOTHING_SEEN, probe(n));
      if (n % 400 === 0) one.flush();
    }
    one.flush();
    const kept = one.probes('web', 5000);
    expect([kept.length, kept[0]?.duration_s, kept.at(-1)?.duration_s]).toEqual([2000, 2599, 600]);
    expect(one.probes('web', 3).map(({ duration_s }) => duration_s)).toEqual([2599, 2598, 2597]);
    expect(one.probes('db', 9)).toHaveLength(1);
  });

  test('two processes write it in turn', () => {
    const dir = tempDir();
    const [a, b] = [store(dir), store(dir)];
    for (let n = 0; n < 20; n++) {
      const one = n % 2 === 0 ? a : b;
      one.keep(`c${n}`, STATE, probe(n, `c${n}`));
      one.flush();
    }
    for (let n = 0; n < 20; n++) expect((n % 2 === 0 ? b : a).state(`c${n}`)).toEqual(STATE);
  });

  test('whoever only looks creates nothing and changes nothing', () => {
    const dir = tempDir();
    const one = store(dir, false);
    useAll(one);
    expect(existsSync(join(dir, PROBES_FILE))).toBe(false);
    const other = tempDir();
    const writing = store(other);
    useAll(writing);
    writing.close();
    const before = readFileSync(join(other, PROBES_FILE));
    const looking = store(other, false);
    looking.keep('web', NOTHING_SEEN, probe(2));
    looking.flush();
    expect(looking.probes('web', 10)).toEqual([probe(1)]);
    looking.close();
    expect(readFileSync(join(other, PROBES_FILE))).toEqual(before);
  });
});

describe('nothing is thrown, and nothing is missed but what was seen', () => {
  const path = (dir: string) => join(dir, PROBES_FILE);

  /** A file with a few thousand rows, closed. */
  function filled(): string {
    const dir = tempDir();
    const one = store(dir);
    useAll(one);
    for (let n = 0; n < 1500; n++) one.keep(`c${n % 7}`, STATE, probe(n, `c${n % 7}`));
    one.close();
    return dir;
  }

  test.each([
    ['is no database', (dir: string) => writeFileSync(path(dir), 'x'.repeat(5000))],
    ['has a damaged header', (dir: string) => overwrite(path(dir), 16, 84)],
    ['is of another version', (dir: string) => setVersion(path(dir), 99)],
    ['is of a version with other tables', (dir: string) => otherTables(path(dir))],
    ['is empty', (dir: string) => truncateSync(path(dir), 0)],
  ])('a file that %s is made anew', (_what, damage) => {
    const dir = filled();
    damage(dir);
    const one = store(dir);
    expect(one.state('c1')).toEqual(NOTHING_SEEN);
    expect(useAll(one)).toEqual(WRITTEN);
    one.close();
    expect(useAll(store(dir, false)).state).toEqual(STATE);
  });

  test('a file whose pages are damaged is made anew when that shows', () => {
    const dir = filled();
    overwrite(path(dir), 4096, statSync(path(dir)).size - 4096);
    const one = store(dir);
    expect(one.state('c1')).toEqual(NOTHING_SEEN);
    expect(useAll(one)).toEqual(WRITTEN);
    one.close();
    expect(store(dir).state('web')).toEqual(STATE);
  });

  test('wherever it is cut or overwritten', () => {
    const dir = filled();
    const whole = readFileSync(path(dir));
    for (let at = 0; at < whole.length; at += Math.ceil(whole.length / 25)) {
      for (const damage of ['cut', 'noise'] as const) {
        writeFileSync(path(dir), damage === 'cut' ? whole.subarray(0, at) : whole);
        if (damage === 'noise') overwrite(path(dir), at, 512);
        const looking = store(dir, false);
        looking.state('c1');
        looking.probes('c1', 100);
        looking.close();
        const one = store(dir);
        useAll(one);
        one.close();
      }
    }
  });

  test('a state that cannot be read is none', () => {
    const dir = tempDir();
    store(dir).close();
    const db = new Database(path(dir));
    for (const text of ['', '{', 'null', '5', '"x"', '[]', '{}', '{"seen":5,"states":[]}', '{"seen":[]}']) {
      db.prepare('REPLACE INTO states VALUES (?, ?)').run('web', text);
      expect(store(dir, false).state('web')).toEqual(NOTHING_SEEN);
    }
    db.close();
  });

  test('no directory, a directory or a link to nowhere in its place', () => {
    const dir = tempDir();
    expect(useAll(store(join(dir, 'none')))).toEqual(UNWRITTEN);
    mkdirSync(join(dir, 'a', PROBES_FILE), { recursive: true });
    expect(useAll(store(join(dir, 'a')))).toEqual(UNWRITTEN);
    mkdirSync(join(dir, 'b'));
    symlinkSync('/none/there', path(join(dir, 'b')));
    expect(useAll(store(join(dir, 'b')))).toEqual(UNWRITTEN);
  });

  test('another process that holds it: nothing waits for long, and what was kept is written down afterwards', () => {
    const dir = tempDir();
    const one = store(dir);
    const other = new Database(path(dir));
    other.exec('BEGIN EXCLUSIVE');
    one.keep('web', STATE, probe(1));
    const begun = performance.now();
    one.flush();
    expect(performance.now() - begun).toBeLessThan(2000);
    other.exec('ROLLBACK');
    other.close();
    one.keep('web', STATE, probe(2));
    one.flush();
    expect(one.probes('web', 9)).toEqual([probe(2), probe(1)]);
  });

  test.skipIf(withoutTmpfs())('a directory that is read-only, and a disk that is full', () => {
    const dir = join(tempDir(), 'logs');
    mkdirSync(dir);
    tool('mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', dir);
    onTestFinished(() => void spawnSync('umount', ['-l', dir]));
    const before = store(dir);
    useAll(before);
    before.close();
    tool('mount', '-o', 'remount,ro', dir);
    const { mtimeMs } = statSync(path(dir));
    const one = store(dir);
    one.keep('web', NOTHING_SEEN, probe(2));
    one.flush();
    one.close();
    expect(statSync(path(dir)).mtimeMs).toBe(mtimeMs);
    tool('mount', '-o', 'remount,rw', dir);
    const full = store(dir);
    for (let n = 0; n < 2000; n++) full.keep('web', STATE, { ...probe(n), summary: 'x'.repeat(400) });
    full.flush();
    full.keep('db', STATE, undefined);
    full.flush();
    full.close();
    expect(store(dir).state('web')).toEqual(STATE);
  });
});

function overwrite(path: string, at: number, length: number): void {
  const bytes = readFileSync(path);
  for (let i = at; i < Math.min(bytes.length, at + length); i++) bytes[i] = (i * 167 + 13) & 0xff;
  writeFileSync(path, bytes);
}

function setVersion(path: string, version: number): void {
  const db = new Database(path);
  db.pragma(`user_version = ${version}`);
  db.close();
}

function otherTables(path: string): void {
  const db = new Database(path);
  db.exec('DROP TABLE states; CREATE TABLE states (other TEXT)');
  db.close();
  setVersion(path, 2);
}
