import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatSigningKey, newSigningKey } from '../../../src/core/audit/keys.js';
import type { Ledger } from '../../../src/core/ledger.js';
import { type KeyPlace, keyFileOf, keyPlaceOf } from '../../../src/core/seal/key-file.js';
import type { SealEvent } from '../../../src/core/seal/seal-event.js';
import { auditDraft, claimEntry, line, newIncident, oldAudit } from '../../support/records.js';
import { logPath, openRegistry } from '../../support/registry.js';
import {
  auditLines,
  entriesOf,
  expectCovered,
  expectSealed,
  keyFiles,
  keysBeside,
  openSealed,
  sealedDir,
  sidecar,
  verifierKeysOf,
} from '../../support/sealed.js';
import { tempDir } from '../../support/temp-dir.js';
import { expectTiles } from './tiles.js';

const isRoot = process.geteuid?.() === 0;
const act = (ledger: Ledger, resource = 'r', n = 1) =>
  ledger.transact(() => ({ entries: Array.from({ length: n }, () => auditDraft({ resource })), value: 0 }));

/** A sealed log and the one file of its key. */
async function sealed(): Promise<{ dir: string; file: string }> {
  const dir = sealedDir();
  const ledger = openSealed(dir);
  await act(ledger);
  ledger.close();
  const [file = ''] = keyFiles(dir);
  return { dir, file };
}

describe('the place of a key', () => {
  it('is what was named, else the state directory, and never the directory of the logs', () => {
    expect(keyPlaceOf({ GRACE_KEY: '/e', XDG_STATE_HOME: '/s', HOME: '/h' }, '/n')).toEqual({
      named: '/n',
      directory: '/s/grace/keys',
    });
    expect(keyPlaceOf({ GRACE_KEY: '/e', HOME: '/h' })).toEqual({
      named: '/e',
      directory: '/h/.local/state/grace/keys',
    });
    expect(keyPlaceOf({ GRACE_KEY: '', XDG_STATE_HOME: '', HOME: '' })).toEqual({
      named: undefined,
      directory: undefined,
    });
    expect(keyFileOf({ directory: '/d' }, 'host/grace/ab')).toBe('/d/host_grace_ab.key');
    expect(keyFileOf({ directory: '/d', named: '/n' }, 'host/grace/ab')).toBe('/n');
    expect(keyFileOf({}, 'host/grace/ab')).toBeUndefined();
  });

  it('holds one key for each log, for its owner alone', async () => {
    const one = sealedDir();
    const other = join(one, '../other');
    await act(openSealed(one));
    await act(openSealed(other, { keys: keysBeside(one) }));
    const files = keyFiles(one);
    expect(files).toHaveLength(2);
    for (const file of files) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(files[0] ?? '', '..')).mode & 0o777).toBe(0o700);
    const [a, b] = [verifierKeysOf(one)[0], verifierKeysOf(other)[0]];
    expect(a?.name).not.toBe(b?.name);
    expect(a?.publicKey).not.toEqual(b?.publicKey);
  });

  it('that does not exist: records are kept, nobody signs, and nothing is made', async () => {
    const dir = sealedDir();
    const events: SealEvent[] = [];
    const ledger = openSealed(dir, { keys: {} }, events);
    await act(ledger);
    const { entries } = await act(ledger);
    expect(entries[0]?.entry_id).toMatch(/^log_2_/);
    expect(events).toEqual([expect.objectContaining({ kind: 'unsigned', verdict: 'NO KEY' })]);
    expect(existsSync(sidecar(dir))).toBe(false);
    const { entries: later } = await act(openSealed(dir));
    expectCovered(dir, [...entriesOf(dir, 'audit_log_adopted'), ...later]);
    expect(entriesOf(dir, 'audit_log_adopted')).toMatchObject([{ metadata: { lines: 2 } }]);
  });

  it('that cannot be made: nothing is written, and a sentence says so', async () => {
    const dir = sealedDir();
    const blocked = join(tempDir(), 'file');
    writeFileSync(blocked, '');
    await expect(act(openSealed(dir, { keys: { directory: join(blocked, 'keys') } }))).rejects.toMatchObject({
      code: 'GRACE_KEY_NOT_CREATED',
      exit: 4,
    });
    expect(auditLines(dir)).toEqual([]);
    // With a place that can be had it is as if nothing had been.
    const { entries } = await act(openSealed(dir));
    expectCovered(dir, entries);
    expect(entriesOf(dir, 'audit_log_adopted')).toHaveLength(1);
  });

  it('that was named', async () => {
    const dir = sealedDir();
    const named = join(tempDir(), 'deep', 'the.key');
    const { entries } = await act(openSealed(dir, { keys: { ...keysBeside(dir), named } }));
    expectCovered(dir, entries);
    expect(keyFiles(dir)).toEqual([]);
    expect(statSync(named).mode & 0o777).toBe(0o600);
    const events: SealEvent[] = [];
    await act(openSealed(dir, { keys: { named } }, events));
    expect(events).toEqual([]);
    expect(expectSealed(dir).sealed).toBe(3);
  });

  it.each([
    ['a key', (path: string) => writeFileSync(path, `${formatSigningKey(newSigningKey('x', Buffer.alloc(32)))}\n`)],
    ['anything', (path: string) => writeFileSync(path, 'important')],
    ['a directory', (path: string) => mkdirSync(path)],
    ['a link to nowhere', (path: string) => symlinkSync('/nonexistent/key', path)],
  ])('that was named and holds %s already is not written over', async (_, make) => {
    const dir = sealedDir();
    const named = join(tempDir(), 'the.key');
    make(named);
    const kind = (path: string) => [
      existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'utf8') : 'no file',
    ];
    const before = kind(named);
    await expect(act(openSealed(dir, { keys: { named } }))).rejects.toMatchObject({
      code: 'GRACE_KEY_IN_USE',
      exit: 4,
    });
    expect(kind(named)).toEqual(before);
    expect(auditLines(dir)).toEqual([]);
    expect(existsSync(sidecar(dir))).toBe(false);
  });
});

describe('a key that is missing', () => {
  it('stops nobody from recording, is told once, and later everything is sealed', async () => {
    const { dir, file } = await sealed();
    renameSync(file, `${file}.away`);
    const events: SealEvent[] = [];
    const ledger = openSealed(dir, {}, events);
    const first = await act(ledger, 'unsigned', 300);
    const { hashes } = await ledger.transact(() => ({ incidents: [{ record: newIncident(), after: null }], value: 0 }));
    await ledger.transact((view) => ({
      incidents: [{ record: newIncident({ status: 'remediating' }), after: view.incident('inc_new')?.hash ?? null }],
      entries: [claimEntry('', { incident_id: 'inc_new' })],
      value: 0,
    }));
    expect(hashes).toHaveLength(1);
    expect(events).toEqual([{ kind: 'unsigned', verdict: 'NO KEY', why: expect.stringContaining(file) }]);
    expect(expectSealed(dir).sealed).toBe(2);
    expect(existsSync(file), 'none is made in its place').toBe(false);
    renameSync(`${file}.away`, file);
    const signing = openSealed(dir, {}, events);
    const { entries } = await act(signing, 'signed');
    expect(events).toHaveLength(1);
    expectCovered(dir, [...first.entries, ...entries]);
    expect(expectTiles(dir)).toBe(1);
    expect(entriesOf(dir, 'foreign_lines_sealed')).toEqual([]);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.allOpenClaims())).toHaveLength(1);
  });

  it('while lines of others come: they are foreign all the same', async () => {
    const { dir, file } = await sealed();
    renameSync(file, `${file}.away`);
    const ledger = openSealed(dir);
    await act(ledger);
    writeFileSync(logPath(dir, 'audit'), line(claimEntry('forged')), { flag: 'a' });
    await act(ledger);
    renameSync(`${file}.away`, file);
    const { entries } = await act(openSealed(dir));
    expectCovered(dir, entries);
    expect(entriesOf(dir, 'foreign_lines_sealed')).toMatchObject([{ metadata: { lines: 1 } }]);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.allOpenClaims())).toEqual([]);
  });

  it.each([
    ['the directory is restored from a copy', (dir: string) => replaceByCopy(dir)],
    ['the frontier is lost', (dir: string) => rmSync(sidecar(dir, 'frontier'))],
    ['leaves are lost', (dir: string) => rmSync(sidecar(dir, 'leaves.0'))],
  ])('and %s: the records keep their effect', async (_, damage) => {
    const { dir, file } = await sealed();
    renameSync(file, `${file}.away`);
    const unsigned = openSealed(dir);
    const { entries } = await unsigned.transact(() => ({
      incidents: [{ record: newIncident(), after: null }],
      entries: [claimEntry('', { incident_id: 'inc_new' })],
      value: 0,
    }));
    unsigned.close();
    damage(dir);
    renameSync(`${file}.away`, file);
    const ledger = openSealed(dir);
    await ledger.transact((view) => {
      expect(view.incident('inc_new')).toBeDefined();
      expect(view.allOpenClaims().map(({ claim_id }) => claim_id)).toEqual(entries.map(({ entry_id }) => entry_id));
      return { entries: [auditDraft()], value: 0 };
    });
    expectCovered(dir, entries);
    expect(entriesOf(dir, 'foreign_lines_sealed')).toEqual([]);
  });

  function replaceByCopy(dir: string): void {
    cpSync(dir, `${dir}.copy`, { recursive: true });
    rmSync(dir, { recursive: true });
    renameSync(`${dir}.copy`, dir);
  }
});

describe('a key that is not the right one', () => {
  it('of another log: nothing is written', async () => {
    const { dir, file } = await sealed();
    const other = await sealed();
    copyFileSync(other.file, file);
    const before = readFileSync(logPath(dir, 'audit'));
    await expect(act(openSealed(dir))).rejects.toMatchObject({ code: 'GRACE_WRONG_KEY', exit: 2 });
    await expect(act(openSealed(dir, { keys: { named: other.file } }))).rejects.toMatchObject({
      code: 'GRACE_WRONG_KEY',
      exit: 2,
    });
    expect(readFileSync(logPath(dir, 'audit'))).toEqual(before);
    expect(expectSealed(dir).sizes).toHaveLength(2);
  });

  it('of the same name, made up: nothing is written', async () => {
    const { dir, file } = await sealed();
    const name = verifierKeysOf(dir)[0]?.name ?? '';
    writeFileSync(file, `${formatSigningKey(newSigningKey(name, Buffer.alloc(32, 9)))}\n`);
    await expect(act(openSealed(dir))).rejects.toMatchObject({ code: 'GRACE_WRONG_KEY', exit: 2 });
    expect(auditLines(dir)).toHaveLength(2);
  });

  const refused: [string, (file: string) => void, string][] = [
    ['others may read', (file) => chmodSync(file, 0o644), 'GRACE_KEY_REFUSED'],
    ['the group may read', (file) => chmodSync(file, 0o640), 'GRACE_KEY_REFUSED'],
    ['everybody may write', (file) => chmodSync(file, 0o602), 'GRACE_KEY_REFUSED'],
    [
      'is a symbolic link',
      (file) => {
        renameSync(file, `${file}.real`);
        symlinkSync(`${file}.real`, file);
      },
      'GRACE_KEY_REFUSED',
    ],
    ['has a second name', (file) => linkSync(file, `${file}.second`), 'GRACE_KEY_REFUSED'],
    [
      'is a directory',
      (file) => {
        rmSync(file);
        mkdirSync(file);
      },
      'GRACE_KEY_REFUSED',
    ],
    ...(isRoot
      ? ([['belongs to another account', (file) => chownSync(file, 65_534, 65_534), 'GRACE_KEY_REFUSED']] as [
          string,
          (file: string) => void,
          string,
        ][])
      : []),
    ['is empty', (file) => writeFileSync(file, ''), 'GRACE_KEY_INVALID'],
    ['holds something else', (file) => writeFileSync(file, 'something else\n'), 'GRACE_KEY_INVALID'],
    [
      'holds a key cut short',
      (file) => writeFileSync(file, readFileSync(file, 'utf8').slice(0, 90)),
      'GRACE_KEY_INVALID',
    ],
    [
      'holds the public half',
      (file) => writeFileSync(file, readFileSync(join(file, '../../logs/immutable_audit.tlog/vkey'))),
      'GRACE_KEY_INVALID',
    ],
  ];
  it.each(refused)('%s: nothing is written', async (_, spoil, code) => {
    const { dir, file } = await sealed();
    const mode = statSync(file).mode;
    spoil(file);
    const before = readFileSync(logPath(dir, 'audit'));
    const error = await act(openSealed(dir)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, exit: code === 'GRACE_KEY_INVALID' ? 2 : 4 });
    expect(String((error as Error).message), 'no secret is shown').not.toContain('PRIVATE+KEY+v');
    expect(readFileSync(logPath(dir, 'audit'))).toEqual(before);
    expect(mode & 0o777).toBe(0o600);
  });

  it('leaves no descriptor behind', async () => {
    const { dir, file } = await sealed();
    chmodSync(file, 0o644);
    const open = () => readdirSync('/proc/self/fd').length;
    const ledger = openSealed(dir);
    await expect(act(ledger)).rejects.toThrow();
    const before = open();
    for (let i = 0; i < 20; i++) await expect(act(ledger)).rejects.toThrow();
    expect(open()).toBeLessThanOrEqual(before);
  });
});

it('a key is made of what the system says is random, and no two are alike', async () => {
  const places: KeyPlace[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < 5; i++) {
    const dir = sealedDir();
    writeOld(dir);
    await act(openSealed(dir));
    const [file = ''] = keyFiles(dir);
    places.push(keysBeside(dir));
    seen.add(readFileSync(file, 'utf8').split('+').slice(4).join('+'));
  }
  expect(places).toHaveLength(5);
  expect(seen.size).toBe(5);
});

function writeOld(dir: string): void {
  mkdirSync(dir, { mode: 0o750 });
  writeFileSync(logPath(dir, 'audit'), line(oldAudit()));
}
