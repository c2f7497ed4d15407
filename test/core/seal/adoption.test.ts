import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { leafHash } from '../../../src/core/audit/hash.js';
import { formatVerifierKey, newSigningKey } from '../../../src/core/audit/keys.js';
import { OperatorError } from '../../../src/core/errors.js';
import type { SealEvent } from '../../../src/core/seal/seal-event.js';
import { auditDraft, line, newIncident, oldAudit, oldIncident, writeBound } from '../../support/records.js';
import { deleteRegistry, logPath, openLedger, openRegistry } from '../../support/registry.js';
import {
  auditEntries,
  auditLines,
  entriesOf,
  expectCovered,
  expectSealed,
  keyFiles,
  openSealed,
  sealedDir,
  sha,
  sidecar,
  verifierKeysOf,
} from '../../support/sealed.js';
import { expectTiles } from './tiles.js';

const OLD = [line(oldAudit()), 'garbage\n', '\n', line(oldAudit({ entry_id: 'é🔥' })), '\r\n'];

function oldLogs(): string {
  const dir = sealedDir();
  mkdirSync(dir, { mode: 0o750 });
  writeFileSync(logPath(dir, 'audit'), OLD.join(''));
  writeFileSync(logPath(dir, 'incidents'), line(oldIncident()) + line(oldIncident({ incident_id: 'b' })));
  return dir;
}

const act = (dir: string, events: SealEvent[] = []) =>
  openSealed(dir, {}, events).transact(() => ({ entries: [auditDraft()], value: 0 }));

describe('an old log', () => {
  it('is adopted by the first write: its lines are the first leaves, and the next entry says what stood there', async () => {
    const dir = oldLogs();
    const before = { audit: readFileSync(logPath(dir, 'audit')), incidents: readFileSync(logPath(dir, 'incidents')) };
    const events: SealEvent[] = [];
    const { entries } = await act(dir, events);
    expect(readFileSync(logPath(dir, 'audit')).subarray(0, before.audit.length)).toEqual(before.audit);
    expect(readFileSync(logPath(dir, 'incidents'))).toEqual(before.incidents);
    const [key] = verifierKeysOf(dir);
    if (!key) throw new Error('no key');
    const [adopted] = entriesOf(dir, 'audit_log_adopted');
    expect(adopted).toMatchObject({
      entry_id: expect.stringMatching(/^log_6_/),
      actor: 'grace',
      resource: key.name,
      decision: {},
      metadata: {
        origin: key.name,
        vkey: formatVerifierKey(key),
        lines: 5,
        bytes: before.audit.length,
        sha256: sha(before.audit),
        incidents: { lines: 2, bytes: before.incidents.length, sha256: sha(before.incidents) },
      },
    });
    expect(key.name).toMatch(/^[A-Za-z0-9.-]+\/grace\/[0-9a-f]{32}$/);
    expect(events).toEqual([{ kind: 'created', vkey: formatVerifierKey(key), keyFile: keyFiles(dir)[0], lines: 5 }]);
    expectCovered(dir, [...(adopted ? [adopted] : []), ...entries]);
    expect(expectSealed(dir).sizes, 'first of the old lines alone').toEqual([5, 7]);
    expect(auditLines(dir).slice(0, 5).map(leafHash)).toEqual(
      OLD.map((text) => leafHash(Buffer.from(text).subarray(0, -1))),
    );
  });

  it('is adopted once', async () => {
    const dir = oldLogs();
    await act(dir);
    const events: SealEvent[] = [];
    const { entries } = await act(dir, events);
    expect(entriesOf(dir, 'audit_log_adopted')).toHaveLength(1);
    expect(events).toEqual([]);
    expectCovered(dir, entries);
  });

  it('with a torn last line: that is ended first, and is a leaf', async () => {
    const dir = oldLogs();
    appendFileSync(logPath(dir, 'audit'), '{"entry_id": "cut o');
    appendFileSync(logPath(dir, 'incidents'), '{"incident_id": "cut o');
    const { entries } = await act(dir);
    expect(auditEntries(dir).map(({ action }) => action)).toEqual([
      'test_boot',
      'test_boot',
      'audit_log_adopted',
      'tail_ended',
      'tail_ended',
      'test_note',
    ]);
    const [adopted] = entriesOf(dir, 'audit_log_adopted');
    const audit = `${OLD.join('')}{"entry_id": "cut o\n`;
    expect(adopted?.metadata).toMatchObject({
      ...{ lines: 6, bytes: Buffer.byteLength(audit), sha256: sha(audit) },
      incidents: { lines: 3 },
    });
    expectCovered(dir, entries);
    expect(entriesOf(dir, 'foreign_lines_sealed')).toEqual([]);
  });

  it('of lines of any length: the hash in the entry is that of the bytes', async () => {
    const dir = oldLogs();
    const long = `${'x'.repeat(200_000)}\n${'y'.repeat(2_000_000)}\n`;
    appendFileSync(logPath(dir, 'audit'), long);
    appendFileSync(logPath(dir, 'incidents'), long);
    const before = { audit: readFileSync(logPath(dir, 'audit')), incidents: readFileSync(logPath(dir, 'incidents')) };
    const { entries } = await act(dir);
    expectCovered(dir, entries);
    expect(entriesOf(dir, 'audit_log_adopted')[0]?.metadata).toMatchObject({
      ...{ lines: 7, bytes: before.audit.length, sha256: sha(before.audit) },
      incidents: { lines: 4, bytes: before.incidents.length, sha256: sha(before.incidents) },
    });
  });

  it('in several files is one tree, and its digest is over all of them', async () => {
    const dir = oldLogs();
    const path = logPath(dir, 'audit');
    renameSync(path, `${path}.2`);
    writeFileSync(`${path}.1`, line(oldAudit({ entry_id: 'in the second' })));
    writeFileSync(path, line(oldAudit({ entry_id: 'in the third' })));
    const bytes = Buffer.concat([`${path}.2`, `${path}.1`, path].map((name) => readFileSync(name)));
    const { entries } = await act(dir);
    expect(entriesOf(dir, 'audit_log_adopted')[0]?.metadata).toMatchObject({
      ...{ lines: 7, bytes: bytes.length, sha256: sha(bytes) },
    });
    expectCovered(dir, entries);
  });

  it.each([
    ['and no new file was begun', false],
    ['and an empty one was begun', true],
  ])('that was rotated just before, %s', async (_, begun) => {
    const dir = oldLogs();
    const path = logPath(dir, 'audit');
    renameSync(path, `${path}.1`);
    if (begun) writeFileSync(path, '', { mode: 0o640 });
    const { entries } = await act(dir);
    expectCovered(dir, [...entriesOf(dir, 'audit_log_adopted'), ...entries]);
    expect(entriesOf(dir, 'foreign_lines_sealed')).toEqual([]);
    expect(entriesOf(dir, 'audit_log_adopted')).toHaveLength(1);
    expectOwnAdoption(dir);
  });

  it('of seventy thousand lines: tiles of two levels', async () => {
    const dir = oldLogs();
    const lines = Array.from({ length: 70_000 }, (_, i) => `line ${i}\n`);
    appendFileSync(logPath(dir, 'audit'), lines.join(''));
    const { entries } = await act(dir);
    expectCovered(dir, entries);
    expect(expectTiles(dir)).toBe(273 + 1);
    const { entries: more } = await act(dir);
    expectCovered(dir, more);
  });

  it('that a ledger without keys had kept is adopted by one that has them', async () => {
    const dir = oldLogs();
    await openLedger(dir).transact(() => ({
      incidents: [{ record: newIncident(), after: null }],
      entries: [auditDraft({ resource: 'unsealed' })],
      value: 0,
    }));
    const events: SealEvent[] = [];
    const { entries } = await act(dir, events);
    expect(events).toMatchObject([{ kind: 'created', lines: 7 }]);
    expectCovered(dir, entries);
    const registry = openRegistry(dir);
    registry.sync();
    expect(
      registry.control((view) => view.incident('inc_new')),
      'what was vouched for still is',
    ).toBeDefined();
  });
});

function expectOwnAdoption(dir: string): void {
  const registry = openRegistry(dir);
  registry.sync();
  const own = registry.read((db) =>
    db.prepare("SELECT own FROM audit_entries WHERE action = 'audit_log_adopted'").pluck().all(),
  );
  expect(own).toEqual([1]);
}

describe('an adoption that was broken off', () => {
  /** What a crash at each step leaves behind, and then a whole adoption is done. */
  const steps: [string, (dir: string) => void][] = [
    ['with an empty directory', (dir) => keep(dir, [])],
    [
      'with the public half, and the secret one nowhere',
      (dir) => {
        keep(dir, ['vkey']);
        for (const file of keyFiles(dir)) rmSync(file);
      },
    ],
    ['with both halves of the key', (dir) => keep(dir, ['vkey'])],
    ['with leaves', (dir) => keep(dir, ['vkey', 'leaves.0'])],
    ['with the whole tree', (dir) => keep(dir, ['vkey', 'leaves.0', 'frontier'])],
    [
      'with half a file aside',
      (dir) => {
        keep(dir, ['vkey']);
        writeFileSync(sidecar(dir, 'frontier.new'), 'grace.fron');
      },
    ],
    [
      'with an empty file of notes',
      (dir) => {
        keep(dir, ['vkey', 'leaves.0', 'frontier', 'checkpoints']);
        truncateSync(sidecar(dir, 'checkpoints'), 0);
      },
    ],
    [
      'with half a note',
      (dir) => {
        keep(dir, ['vkey', 'leaves.0', 'frontier', 'checkpoints']);
        truncateSync(sidecar(dir, 'checkpoints'), 100);
      },
    ],
    ['with a note and no position', (dir) => keep(dir, ['vkey', 'leaves.0', 'frontier', 'checkpoints'])],
    ['with all but the entry', () => undefined],
  ];

  it.each(steps)('%s: the next write adopts the log, once', async (_, leave) => {
    const dir = oldLogs();
    // The append fails, after everything else was made.
    const ledger = openSealed(dir);
    append.fails = true;
    await expect(ledger.transact(() => ({ entries: [auditDraft()], value: 0 }))).rejects.toThrow('no space');
    append.fails = false;
    ledger.close();
    expect(auditLines(dir)).toHaveLength(5);
    leave(dir);
    const { entries } = await act(dir);
    const adopted = entriesOf(dir, 'audit_log_adopted');
    expect(adopted).toHaveLength(1);
    expect(adopted[0]?.metadata).toMatchObject({ lines: 5, sha256: sha(OLD.join('')) });
    expect(verifierKeysOf(dir).map(formatVerifierKey)).toEqual([adopted[0]?.metadata.vkey]);
    expectCovered(dir, [...adopted, ...entries]);
    expect(keyFiles(dir).length).toBeGreaterThan(0);
    // The sidecar's loss is noticed as that of any other seal.
    rmSync(sidecar(dir), { recursive: true });
    const events: SealEvent[] = [];
    await act(dir, events);
    expect(events).toMatchObject([{ kind: 'unsigned', verdict: 'NO SEAL' }]);
  });
});

const append = vi.hoisted(() => ({ fails: false }));
vi.mock('../../../src/core/journal/append.js', async (original) => {
  const real = (await original()) as typeof import('../../../src/core/journal/append.js');
  return {
    ...real,
    appendBytes: (...args: Parameters<typeof real.appendBytes>) => {
      if (append.fails) throw new Error('no space');
      return real.appendBytes(...args);
    },
  };
});

/** Leaves just these files of the sidecar. */
function keep(dir: string, names: string[]): void {
  const kept = names.map((name) => [name, readFileSync(sidecar(dir, name))] as const);
  rmSync(sidecar(dir), { recursive: true });
  mkdirSync(sidecar(dir), { mode: 0o750 });
  for (const [name, bytes] of kept) writeFileSync(sidecar(dir, name), bytes, { mode: 0o640 });
}

describe('a seal that is gone', () => {
  it('is told, is not made again, and the records go on with their effect', async () => {
    const dir = oldLogs();
    await act(dir);
    rmSync(sidecar(dir), { recursive: true });
    deleteRegistry(dir);
    const events: SealEvent[] = [];
    const ledger = openSealed(dir, {}, events);
    const receipt = await ledger.transact(() => ({
      incidents: [{ record: newIncident(), after: null }],
      entries: [auditDraft({ resource: 'after' })],
      value: 0,
    }));
    await ledger.transact((view) => ({
      incidents: [{ record: newIncident({ status: 'remediating' }), after: view.incident('inc_new')?.hash ?? null }],
      value: 0,
    }));
    expect(events).toEqual([expect.objectContaining({ kind: 'unsigned', verdict: 'NO SEAL' })]);
    expect(receipt.entries[0]?.entry_id).toMatch(/^log_9_/);
    expect(() => readFileSync(sidecar(dir, 'vkey'))).toThrow(/ENOENT/);
    expect(entriesOf(dir, 'audit_log_adopted')).toHaveLength(1);
    expect(keyFiles(dir)).toHaveLength(1);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.incident('inc_new')?.record.status)).toBe('remediating');
  });

  it.each([
    ['its public key', (dir: string) => rmSync(sidecar(dir, 'vkey'))],
    ['its public key, emptied', (dir: string) => truncateSync(sidecar(dir, 'vkey'), 0)],
    [
      'its public key, and another in its place',
      (dir: string) => {
        const other = newSigningKey('elsewhere/grace/0123456789abcdef0123456789abcdef', Buffer.alloc(32, 7));
        writeFileSync(sidecar(dir, 'vkey'), `${formatVerifierKey(other)}\n`);
      },
    ],
    ['its notes', (dir: string) => rmSync(sidecar(dir, 'checkpoints'))],
    ['its notes, emptied', (dir: string) => truncateSync(sidecar(dir, 'checkpoints'), 0)],
  ])('%s: it is told or refused, nothing is made again, and no record loses its effect', async (_, damage) => {
    const dir = oldLogs();
    await act(dir);
    damage(dir);
    const kept = ['vkey', 'checkpoints'].map((name) => bytesOf(sidecar(dir, name)));
    const events: SealEvent[] = [];
    const ledger = openSealed(dir, {}, events);
    const open = () => ledger.transact(() => ({ incidents: [{ record: newIncident(), after: null }], value: 0 }));
    const refused = await open().catch((error: unknown) => error);
    if (refused instanceof OperatorError) {
      expect(refused).toMatchObject({ code: 'GRACE_SEAL_BROKEN', exit: 12 });
      expect(auditLines(dir)).toHaveLength(7);
      expect(['vkey', 'checkpoints'].map((name) => bytesOf(sidecar(dir, name)))).toEqual(kept);
      expect(keyFiles(dir)).toHaveLength(1);
      return;
    }
    await ledger.transact((view) => {
      const hash = view.incident('inc_new')?.hash ?? null;
      expect(hash, 'its own record').not.toBeNull();
      return { incidents: [{ record: newIncident({ status: 'remediating' }), after: hash }], value: 0 };
    });
    expect(events).toMatchObject([{ kind: 'unsigned', verdict: 'NO SEAL' }]);
    expect(['vkey', 'checkpoints'].map((name) => bytesOf(sidecar(dir, name)))).toEqual(kept);
    expect(entriesOf(dir, 'audit_log_adopted')).toHaveLength(1);
    expect(keyFiles(dir)).toHaveLength(1);
    const numbers = auditEntries(dir).map(({ entry_id }) => entry_id.split('_')[1]);
    expect(numbers.slice(-2)).toEqual(['8', '9']);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.incident('inc_new')?.record.status)).toBe('remediating');
    expect(registry.control((view) => view.auditLines())).toBe(9);
  });

  it('by a public key of the same name that signed nothing here: nothing is written', async () => {
    const dir = oldLogs();
    await act(dir);
    const name = verifierKeysOf(dir)[0]?.name ?? '';
    const other = newSigningKey(name, Buffer.alloc(32, 7));
    writeFileSync(sidecar(dir, 'vkey'), `${formatVerifierKey(other)}\n`);
    const before = readFileSync(logPath(dir, 'audit'));
    await expect(act(dir)).rejects.toMatchObject({ code: 'GRACE_SEAL_BROKEN', exit: 12 });
    expect(readFileSync(logPath(dir, 'audit'))).toEqual(before);
  });
});

function bytesOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

it('a claim by an old line that a log was adopted does not keep it from being sealed', async () => {
  const dir = sealedDir();
  mkdirSync(dir, { mode: 0o750 });
  writeFileSync(logPath(dir, 'audit'), line(oldAudit({ actor: 'someone', action: 'audit_log_adopted' })));
  writeBound(dir, [newIncident()]);
  const events: SealEvent[] = [];
  const { entries } = await act(dir, events);
  expect(events).toMatchObject([{ kind: 'created' }]);
  expectCovered(dir, entries);
});
