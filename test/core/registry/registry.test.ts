import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { MIGRATIONS } from '../../../src/core/registry/migrations/index.js';
import type { Registry } from '../../../src/core/registry/registry.js';
import { program } from '../../support/child.js';
import { type Dump, dumpDatabase, dumpRegistry } from '../../support/dump-registry.js';
import {
  claimEntry,
  line,
  newAudit,
  newIncident,
  oldAudit,
  oldIncident,
  taskEntry,
  writeBound,
} from '../../support/records.js';
import { deleteRegistry, type LogName, logPath, openRegistry } from '../../support/registry.js';
import { fingerprintOf, tempDir } from '../../support/temp-dir.js';

const isRoot = process.geteuid?.() === 0;

/** A directory with logs of some hundred records. */
function logsDir(n = 200): string {
  const dir = tempDir();
  const audit: string[] = [];
  writeBound(
    dir,
    Array.from({ length: n }, (_, i) =>
      i % 2 ? oldIncident({ incident_id: `i${i}` }) : newIncident({ incident_id: `i${i % 20}`, error: String(i % 40) }),
    ),
  );
  for (let i = 0; i < n; i++) {
    audit.push(line(i % 5 ? oldAudit({ entry_id: `e${i}` }) : claimEntry(`c${i}`, { incident_id: `i${i}` })));
    if (i % 7 === 0) audit.push(line(taskEntry('task_registered', `t${i}`)), 'bad line\n');
  }
  appendFileSync(logPath(dir, 'audit'), audit.join(''));
  return dir;
}

const dbPath = (dir: string) => join(dir, 'registry.db');
const add = (dir: string, log: LogName, record: object) =>
  log === 'incidents' ? writeBound(dir, [record]) : appendFileSync(logPath(dir, log), line(record));

/** What a registry of these logs must hold. */
function reference(dir: string): Dump {
  const registry = openRegistry(dir);
  registry.sync();
  const dump = dumpRegistry(registry);
  registry.close();
  return dump;
}

function synced(dir: string): Registry {
  const registry = openRegistry(dir);
  registry.sync();
  return registry;
}

describe('a damaged registry', () => {
  const byHand = (sql: string) => (path: string) => {
    const db = new Database(path);
    db.exec(sql);
    db.close();
  };
  const damages: [string, (path: string) => void][] = [
    ['a garbage header', (path) => overwrite(path, 0, Buffer.from('garbage '.repeat(13)))],
    ['text in its place', (path) => writeFileSync(path, 'this is no database\n'.repeat(500))],
    ['cut to half', (path) => truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096)],
    ['written by a later version', byHand('PRAGMA user_version = 99')],
    ['user_version 0 over tables that are there', byHand('PRAGMA user_version = 0')],
    ['user_version 16 over indexes that are there', byHand('PRAGMA user_version = 16')],
    ['all claims deleted', byHand('DELETE FROM claims')],
    ['one claim deleted', byHand("DELETE FROM claims WHERE claim_id = 'c5'")],
    ['one incident deleted', byHand("DELETE FROM incidents WHERE incident_id = 'i1'")],
    [
      'a claim made up',
      byHand(
        "INSERT INTO claims SELECT 'made-up', 'i1', 't', 'p', claimed_at, 'b', NULL, NULL, 1, 1, 1, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL FROM claims LIMIT 1",
      ),
    ],
    ['the tallies deleted', byHand('DELETE FROM tallies')],
    ['the cursors deleted', byHand('DELETE FROM segments')],
    ['the cursor of one log deleted', byHand("DELETE FROM segments WHERE log = 'audit'")],
  ];

  it.each(damages)('%s: is kept aside and built again, equal', (_, damage) => {
    const dir = logsDir();
    const want = reference(dir);
    damage(dbPath(dir));
    const bytes = readFileSync(dbPath(dir));
    const registry = openRegistry(dir);
    registry.sync();
    expect(dumpRegistry(registry)).toEqual(want);
    expect(registry.notes).toMatchObject({
      temporary: undefined,
      rebuilt: expect.stringMatching(/damaged/),
      kept: `${dbPath(dir)}.damaged`,
      losses: [],
    });
    expect(readFileSync(`${dbPath(dir)}.damaged`).length).toBeGreaterThanOrEqual(bytes.length);
    registry.close();
    expect(dumpRegistry(synced(dir)), 'the next one finds it sound').toEqual(want);
  });

  it.each([1, 8, 15])(
    'version %i, projected by an earlier program: is built again, and nothing is kept aside',
    (version) => {
      const dir = logsDir();
      const want = reference(dir);
      byHand(`PRAGMA user_version = ${version}`)(dbPath(dir));
      const registry = synced(dir);
      expect(dumpRegistry(registry)).toEqual(want);
      expect(registry.notes).toEqual({
        temporary: undefined,
        rebuilt: expect.stringMatching(/^it was projected by an earlier version/),
        kept: undefined,
        losses: [],
      });
      expect(readdirSync(dir).filter((name) => name.includes('damaged'))).toEqual([]);
      registry.close();
      const next = synced(dir);
      expect(next.notes.rebuilt, 'once').toBeUndefined();
      expect(next.read((db) => db.pragma('user_version', { simple: true }))).toBe(15 + MIGRATIONS.length);
    },
  );

  it.each([
    ['a table', 'DROP TABLE bindings', 'SELECT count(*) FROM bindings'],
    ['a column', 'ALTER TABLE tasks DROP COLUMN progress', 'SELECT progress FROM tasks'],
  ])('%s gone: is noticed by the first question that needs it', (_, sql, question) => {
    const dir = logsDir();
    const want = reference(dir);
    byHand(sql)(dbPath(dir));
    const registry = synced(dir);
    expect(registry.read((db) => db.prepare(question).all()).length).toBeGreaterThan(0);
    expect(dumpRegistry(registry)).toEqual(want);
    expect(registry.notes.kept).toBe(`${dbPath(dir)}.damaged`);
  });

  it('an empty file: is filled', () => {
    const dir = logsDir();
    const want = reference(dir);
    truncateSync(dbPath(dir), 0);
    expect(dumpRegistry(synced(dir))).toEqual(want);
  });

  it('any one page zeroed: whatever is read from it is right', () => {
    const dir = logsDir(120);
    const want = reference(dir);
    const sound = readFileSync(dbPath(dir));
    const pages = sound.length / 4096;
    expect(pages).toBeGreaterThan(20);
    for (let page = 0; page < pages; page++) {
      deleteRegistry(dir);
      writeFileSync(dbPath(dir), sound);
      overwrite(dbPath(dir), page * 4096, Buffer.alloc(4096));
      const registry = openRegistry(dir);
      registry.sync();
      expect(dumpRegistry(registry), `page ${page}`).toEqual(want);
      // It goes on with what comes next.
      registry.close();
    }
    for (const log of ['incidents', 'audit'] as const) {
      add(dir, log, log === 'audit' ? newAudit() : newIncident({ incident_id: 'next' }));
    }
    const registry = synced(dir);
    const grown = dumpRegistry(registry);
    registry.close();
    deleteRegistry(dir);
    expect(grown).toEqual(reference(dir));
  });

  it('keeps only the last damaged one', () => {
    const dir = logsDir(10);
    for (const text of ['first', 'second']) {
      reference(dir);
      deleteRegistry(dir);
      writeFileSync(dbPath(dir), text);
      reference(dir);
    }
    expect(readFileSync(`${dbPath(dir)}.damaged`, 'utf8')).toBe('second');
    expect(readdirSync(dir).filter((name) => name.includes('damaged'))).toEqual(['registry.db.damaged']);
  });

  it('a directory in its place: a temporary one is used, and the directory stays', () => {
    const dir = logsDir(10);
    const want = reference(dir);
    deleteRegistry(dir);
    mkdirSync(dbPath(dir));
    const registry = synced(dir);
    expect(dumpRegistry(registry)).toEqual(want);
    expect(registry.notes.temporary).toBeDefined();
    expect(statSync(dbPath(dir)).isDirectory()).toBe(true);
  });
});

describe('a deleted registry', () => {
  it('is built again, while open too', () => {
    const dir = logsDir();
    const registry = synced(dir);
    deleteRegistry(dir);
    add(dir, 'incidents', newIncident({ incident_id: 'late' }));
    registry.sync();
    expect(existsSync(dbPath(dir)), 'under its name').toBe(true);
    expect(registry.control((view) => view.incident('late')?.record.incident_id)).toBe('late');
    const dump = dumpRegistry(registry);
    registry.close();
    deleteRegistry(dir);
    expect(dump).toEqual(reference(dir));
  });

  it('is built again, its -wal left behind', () => {
    const dir = logsDir();
    const registry = synced(dir);
    add(dir, 'incidents', newIncident({ incident_id: 'in-the-wal' }));
    registry.sync();
    expect(statSync(`${dbPath(dir)}-wal`).size).toBeGreaterThan(0);
    rmSync(dbPath(dir));
    add(dir, 'audit', newAudit());
    registry.sync();
    const dump = dumpRegistry(registry);
    registry.close();
    deleteRegistry(dir);
    expect(dump).toEqual(reference(dir));
  });

  it('does not replay a -wal that belonged to another one', () => {
    const dir = logsDir();
    const registry = synced(dir);
    add(dir, 'incidents', newIncident({ incident_id: 'in-the-wal' }));
    registry.sync();
    copyFileSync(`${dbPath(dir)}-wal`, join(dir, 'stale'));
    registry.close();
    deleteRegistry(dir);
    renameSync(join(dir, 'stale'), `${dbPath(dir)}-wal`);
    for (let i = 0; i < 20; i++) add(dir, 'incidents', newIncident({ incident_id: `since${i}` }));
    const next = synced(dir);
    const dump = dumpRegistry(next);
    expect(next.notes).toMatchObject({ rebuilt: undefined, kept: undefined });
    next.close();
    deleteRegistry(dir);
    expect(dump).toEqual(reference(dir));
  });

  it('is built again for a question, without a sync', () => {
    const dir = logsDir(10);
    const registry = synced(dir);
    deleteRegistry(dir);
    expect(registry.control((view) => view.incident('i1')?.record.incident_id)).toBe('i1');
  });

  it('that another process had begun to build before the last look: a question is answered with what was seen', () => {
    const dir = logsDir(10);
    reference(dir);
    copyFileSync(dbPath(dir), join(dir, 'begun-early'));
    add(dir, 'incidents', newIncident({ incident_id: 'late' }));
    const registry = synced(dir);
    deleteRegistry(dir);
    renameSync(join(dir, 'begun-early'), dbPath(dir));
    expect(registry.control((view) => view.incident('late')?.record.incident_id)).toBe('late');
  });

  it('leaves no half-built one behind that a killed builder made', () => {
    const dir = logsDir(10);
    writeFileSync(`${dbPath(dir)}.new-dead`, 'half');
    reference(dir);
    expect(readdirSync(dir).filter((name) => name.includes('.new-'))).toEqual([]);
  });
});

describe('looking changes nothing', () => {
  const cases: [string, (dir: string) => void, RegExp][] = [
    ['in a directory that may not be written', (dir) => chmodSync(dir, 0o555), /owner may not write/],
    ...(isRoot
      ? ([['in a directory of another account', (dir) => chownSync(dir, 65534, 65534), /belongs to nobody/]] as [
          string,
          (dir: string) => void,
          RegExp,
        ][])
      : []),
  ];
  it.each(
    cases.flatMap(
      (one) =>
        [
          [...one, 'without a registry'],
          [...one, 'with an old registry'],
        ] as const,
    ),
  )('%s', (_, protect, why, registryIs) => {
    const dir = logsDir();
    if (registryIs === 'with an old registry') {
      reference(dir);
      add(dir, 'incidents', newIncident({ incident_id: 'since' }));
    }
    protect(dir);
    const before = fingerprintOf(dir);
    // Of its own: programs of other tests are killed at any moment, and leave theirs.
    vi.stubEnv('TMPDIR', tempDir());
    onTestFinished(() => void vi.unstubAllEnvs());
    const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith('grace-registry-'));
    const lying = leftovers();
    const registry = openRegistry(dir);
    registry.sync();
    registry.sync({ quick: true });
    const dump = dumpRegistry(registry);
    expect(registry.notes).toMatchObject({ temporary: expect.stringMatching(why), losses: [] });
    expect(registry.path).toBeUndefined();
    expect(leftovers()).toEqual(lying);
    // New lines are seen all the same.
    expect(fingerprintOf(dir)).toEqual(before);
    registry.close();
    expect(fingerprintOf(dir)).toEqual(before);
    chmodSync(dir, 0o755);
    chownSync(dir, process.geteuid?.() ?? 0, process.getegid?.() ?? 0);
    expect(dump).toEqual(reference(dir));
  });

  it('goes on reading in its temporary place', () => {
    const dir = logsDir(10);
    chmodSync(dir, 0o555);
    const registry = synced(dir);
    add(dir, 'incidents', newIncident({ incident_id: 'late' }));
    expect(registry.sync({ quick: true }).logs.incidents.lines).toBe(1);
    expect(registry.control((view) => view.incident('late'))).toBeDefined();
  });

  it('creates no log and no directory', () => {
    const dir = join(tempDir(), 'none');
    expect(() => openRegistry(dir).sync()).toThrow();
    expect(existsSync(dir)).toBe(false);
    const empty = tempDir();
    synced(empty);
    expect(readdirSync(empty).filter((name) => name.endsWith('.jsonl'))).toEqual([]);
  });
});

describe('bytes that are gone', () => {
  const figures = (registry: Registry) =>
    registry.read((db) => ({
      incidents: db.prepare('SELECT incident_id FROM incidents ORDER BY incident_id').pluck().all(),
      entries: db.prepare('SELECT entry_id FROM audit_entries ORDER BY line').pluck().all(),
    }));

  function twoAndTwo(): string {
    const dir = tempDir();
    for (const id of ['a', 'b']) {
      add(dir, 'incidents', oldIncident({ incident_id: id }));
      add(dir, 'audit', oldAudit({ entry_id: id }));
    }
    reference(dir);
    return dir;
  }

  it.each([
    ['cut off', 'shrunk', (path: string) => truncateSync(path, statSync(path).size / 2), ['a']],
    ['emptied', 'shrunk', (path: string) => truncateSync(path, 0), []],
    [
      'rewritten',
      'rewritten',
      (path: string) => writeFileSync(path, readFileSync(path, 'utf8').replaceAll('"a"', '"x"')),
      ['b', 'x'],
    ],
    ['removed', 'removed', (path: string) => rmSync(path), []],
    [
      'removed and begun anew',
      'removed',
      (path: string) => {
        renameSync(path, join(path, '../../kept-elsewhere'));
        writeFileSync(path, line(oldIncident({ incident_id: 'n' })));
        rmSync(join(path, '../../kept-elsewhere'));
      },
      ['n'],
    ],
    ['moved to a name that is no segment', 'removed', (path: string) => renameSync(path, `${path}.bak`), []],
  ])('%s: the loss is stated, and what is left is read', (_, kind, damage, left) => {
    const dir = twoAndTwo();
    const path = logPath(dir, 'incidents');
    const size = statSync(path).size;
    damage(path);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.notes.losses).toMatchObject([
      { log: 'incidents', kind, bytes_before: size, bytes_now: existsSync(path) ? statSync(path).size : 0 },
    ]);
    expect(registry.notes.losses[0]?.had).toMatch(/^[0-9a-f]{64}$/);
    expect(registry.notes.temporary).toBe('bytes are gone from the logs');
    expect(figures(registry)).toEqual({ incidents: left, entries: ['a', 'b'] });
    add(dir, 'incidents', oldIncident({ incident_id: 'z' }));
    registry.sync({ quick: true });
    expect(figures(registry).incidents).toEqual([...left, 'z']);
    expect(registry.notes.losses, 'it is not forgotten').toHaveLength(1);
    registry.close();
    // Until it is written down the next reader is told, too.
    const next = openRegistry(dir);
    next.sync();
    expect(next.notes.losses).toHaveLength(1);
    next.acceptLosses();
    expect(next.notes).toMatchObject({ temporary: undefined, losses: [] });
    expect(figures(next).incidents).toEqual([...left, 'z']);
    next.close();
    const last = openRegistry(dir);
    last.sync();
    expect(last.notes).toEqual({ temporary: undefined, rebuilt: undefined, kept: undefined, losses: [] });
  });

  it('a rotation by copy and truncation is one, though a copy is there', () => {
    const dir = twoAndTwo();
    const path = logPath(dir, 'incidents');
    copyFileSync(path, `${path}.1`);
    truncateSync(path, 0);
    const registry = synced(dir);
    expect(registry.notes.losses).toMatchObject([{ log: 'incidents', kind: 'shrunk', bytes_now: 0 }]);
    expect(figures(registry).incidents).toEqual(['a', 'b']);
  });

  it('a rotation by rename is none', () => {
    const dir = twoAndTwo();
    const path = logPath(dir, 'incidents');
    renameSync(path, `${path}.1`);
    add(dir, 'incidents', oldIncident({ incident_id: 'c' }));
    const registry = openRegistry(dir);
    expect(registry.sync().logs.incidents).toMatchObject({ rotated: true, lines: 1 });
    expect(registry.notes.losses).toEqual([]);
    expect(figures(registry).incidents).toEqual(['a', 'b', 'c']);
  });

  it('a restored copy, byte for byte, is none', () => {
    const dir = twoAndTwo();
    const path = logPath(dir, 'incidents');
    copyFileSync(path, `${path}.copy`);
    renameSync(`${path}.copy`, path);
    const registry = synced(dir);
    expect(registry.notes.losses).toEqual([]);
    expect(registry.notes.rebuilt).toMatch(/replaced/);
    expect(figures(registry).incidents).toEqual(['a', 'b']);
  });
});

describe('figures', () => {
  it('tell duplicates, recoveries and what was acted on apart', () => {
    const dir = tempDir();
    const resolved = newIncident({ status: 'resolved', actions_taken: ['restart'], mttr_seconds: 4 });
    const again = newIncident({ status: 'detected', relapses: 1 });
    const second = newIncident({ status: 'resolved', mttr_seconds: 9, relapses: 1 });
    for (const record of [newIncident(), newIncident(), resolved, resolved, again, second])
      add(dir, 'incidents', record);
    const registry = synced(dir);
    const [row] = registry.read((db) => db.prepare('SELECT * FROM incidents').all()) as Record<string, unknown>[];
    expect(row).toMatchObject({
      lines: 6,
      duplicates: 2,
      recoveries: 2,
      status: 'resolved',
      acted: 0,
      relapses: 1,
      verified: 0,
    });
    const recoveries = registry.read((db) => db.prepare('SELECT episode, mttr_seconds, acted FROM recoveries').all());
    expect(recoveries).toEqual([
      { episode: 1, mttr_seconds: 4, acted: 1 },
      { episode: 2, mttr_seconds: 9, acted: 0 },
    ]);
  });

  it('find an incident by the report that opened it', () => {
    const dir = tempDir();
    add(dir, 'incidents', newIncident({ incident_id: 'x', trigger: { source: 'alert', ref: 'r1' } }));
    const registry = synced(dir);
    expect(registry.control((view) => view.incidentByRef('alert', 'r1')?.record.incident_id)).toBe('x');
    expect(registry.control((view) => view.incidentByRef('alert', 'r2'))).toBeUndefined();
    expect(registry.control((view) => view.incidentByRef('unit', 'r1'))).toBeUndefined();
  });

  it('have a claim open from its grant to its end, on the incident and on the target', () => {
    const dir = tempDir();
    add(dir, 'audit', claimEntry('c1', { incident_id: 'i1', target: 't1' }));
    const registry = synced(dir);
    const open = (incident: string, target: string) =>
      registry.control((view) => view.openClaims(incident, target).map((claim) => claim.claim_id));
    expect(open('i1', 'other')).toEqual(['c1']);
    expect(open('other', 't1')).toEqual(['c1']);
    expect(open('other', 'other')).toEqual([]);
    expect(registry.control((view) => view.allOpenClaims()[0])).toMatchObject({
      owner: { boot_id: 'another-boot', pid: 4711, start_time: 1 },
    });
    appendFileSync(
      logPath(dir, 'audit'),
      line(
        newAudit({ entry_id: 'e', action: 'remedy_ended', decision: { outcome: 'worked' }, metadata: { claim: 'c1' } }),
      ),
    );
    registry.sync();
    expect(open('i1', 't1')).toEqual([]);
  });
});

it('counts nothing twice when a sync was broken off', () => {
  const dir = logsDir(20);
  let breaking = true;
  const registry = openRegistry(dir, {
    onProgress: () => {
      if (breaking) throw new RangeError('broken off');
    },
  });
  writeFileSync(join(dir, 'kept'), readFileSync(logPath(dir, 'audit')));
  truncateSync(logPath(dir, 'audit'), 0);
  breaking = false;
  registry.sync();
  breaking = true;
  appendFileSync(logPath(dir, 'audit'), readFileSync(join(dir, 'kept')));
  expect(() => registry.sync()).toThrow('broken off');
  breaking = false;
  registry.sync();
  const dump = dumpRegistry(registry);
  registry.close();
  deleteRegistry(dir);
  expect(dump).toEqual(reference(dir));
});

describe('several processes', () => {
  const syncing = () =>
    program(`
      import { systemClock } from 'grace:core/host/clock';
      import { Registry } from 'grace:core/registry/registry';
      import { rmSync } from 'node:fs';
      const [, , dir, role] = process.argv;
      let stop = false;
      process.stdin.on('data', () => { stop = true; });
      let losses = [];
      let rounds = 0;
      const options = { clock: systemClock, jitter: Math.random, unique: String(process.pid) };
      let registry = new Registry(dir, options);
      console.log('ready');
      while (!stop) {
        registry.sync({ quick: rounds % 3 !== 0 });
        losses = losses.concat(registry.notes.losses);
        rounds++;
        if (role === 'deletes' && rounds % 40 === 0) rmSync(dir + '/registry.db', { force: true });
        if (rounds % 25 === 0) { registry.close(); registry = new Registry(dir, options); }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      registry.close();
      console.log(JSON.stringify({ losses, rounds, notes: registry.notes }));
      process.exit(0);
    `);

  async function race(roles: readonly string[], rotate: boolean): Promise<void> {
    const dir = tempDir();
    const start = await syncing();
    const children = roles.map((role) => start([dir, role]));
    for (const child of children) await child.nextLine();
    const until = Date.now() + 2500;
    for (let i = 0; Date.now() < until; i++) {
      add(dir, 'incidents', newIncident({ incident_id: `i${i % 50}`, error: String(i) }));
      add(dir, 'audit', i % 10 ? oldAudit({ entry_id: `e${i}` }) : claimEntry(`c${i}`));
      if (rotate && i % 40 === 39) {
        const path = logPath(dir, 'audit');
        const older = readdirSync(dir).filter((name) => name.startsWith('immutable_audit.jsonl.')).length;
        for (let n = older; n > 0; n--) renameSync(`${path}.${n}`, `${path}.${n + 1}`);
        renameSync(path, `${path}.1`);
      }
      if (i % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    for (const child of children) child.send('stop');
    for (const child of children) {
      const { code, stderr } = await child.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const { losses, rounds, notes } = JSON.parse(await child.nextLine()) as Record<string, unknown>;
      expect(losses).toEqual([]);
      // One that found it deleted at the moment of opening may have gone on in a temporary place.
      if (!roles.includes('deletes')) expect((notes as { temporary?: string }).temporary).toBeUndefined();
      expect(rounds).toBeGreaterThan(5);
    }
    const dump = reference(dir);
    deleteRegistry(dir);
    expect(dump).toEqual(reference(dir));
  }

  it('syncing at the same time double nothing', () => race(['', '', ''], false));
  it('nor when one of them deletes it again and again', () => race(['', 'deletes', ''], false));
  it('nor is a rotation that runs meanwhile taken for a loss', () => race(['', ''], true));
});

describe('several processes that open it at the same moment', () => {
  const opening = () =>
    program(`
      import { createInterface } from 'node:readline';
      import { systemClock } from 'grace:core/host/clock';
      import { Registry } from 'grace:core/registry/registry';
      const [, , dir] = process.argv;
      let n = 0;
      console.log('ready');
      for await (const line of createInterface({ input: process.stdin })) {
        const registry = new Registry(dir, { clock: systemClock, jitter: Math.random, unique: process.pid + '-' + n++ });
        registry.sync();
        const lines = registry.control((view) => view.auditLines());
        console.log(JSON.stringify([lines, registry.notes.losses.length, registry.notes.temporary ?? null]));
        registry.close();
      }
    `);

  it.each([
    ['for the first time', (dir: string) => deleteRegistry(dir)],
    ['and find it damaged', (dir: string) => writeFileSync(dbPath(dir), 'garbage '.repeat(2000))],
  ])('%s', async (_, prepare) => {
    const dir = logsDir(50);
    const want = reference(dir);
    const lines = readFileSync(logPath(dir, 'audit'), 'utf8').split('\n').length - 1;
    const start = await opening();
    const children = Array.from({ length: 4 }, () => start([dir]));
    for (const child of children) await child.nextLine();
    for (let round = 0; round < 15; round++) {
      deleteRegistry(dir);
      prepare(dir);
      for (const child of children) child.send('go');
      for (const child of children) expect(JSON.parse(await child.nextLine())).toEqual([lines, 0, null]);
      const kept = `${dbPath(dir)}.damaged`;
      if (existsSync(kept))
        expect(readFileSync(kept, 'utf8').slice(0, 8), 'no sound one was put aside').toBe('garbage ');
    }
    expect(reference(dir)).toEqual(want);
  });
});

it('names the tables in which it differs from what the logs say', () => {
  const dir = logsDir(20);
  const registry = synced(dir);
  expect(registry.differencesFromLogs()).toEqual([]);
  registry.read((db) => db.exec("UPDATE tasks SET title = 'forged'; DELETE FROM quarantine"));
  expect(registry.differencesFromLogs().sort()).toEqual(['quarantine', 'tasks']);
});

it('can be read by others while it is open', () => {
  const dir = logsDir(10);
  const registry = synced(dir);
  const db = new Database(dbPath(dir), { readonly: true });
  expect(dumpDatabase(db)).toEqual(dumpRegistry(registry));
  db.close();
});

function overwrite(path: string, position: number, bytes: Buffer): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, 0, bytes.length, position);
  closeSync(fd);
}
