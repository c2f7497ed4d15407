import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../src/core/ledger.js';
import type { AuditEntry } from '../../../src/core/records/audit-entry.js';
import type { SealEvent } from '../../../src/core/seal/seal-event.js';
import { program } from '../../support/child.js';
import { dumpRegistry } from '../../support/dump-registry.js';
import { auditDraft, claimEntry, line, newIncident } from '../../support/records.js';
import { deleteRegistry, logPath, openLedger, openRegistry } from '../../support/registry.js';
import {
  auditEntries,
  auditLines,
  entriesOf,
  expectCovered,
  expectSealed,
  keysBeside,
  openSealed,
  sealedDir,
  sidecar,
} from '../../support/sealed.js';
import { tempDir } from '../../support/temp-dir.js';
import { expectTiles } from './tiles.js';

const act = (ledger: Ledger, resource = 'r', n = 1) =>
  ledger.transact(() => ({ entries: Array.from({ length: n }, () => auditDraft({ resource })), value: 0 }));

/** A log with `n` lines and more, an open incident and a claim; the ledger that wrote it, still open. */
async function atWork(n = 0): Promise<{ dir: string; ledger: Ledger; hash: string }> {
  const dir = sealedDir();
  const ledger = openSealed(dir);
  if (n > 0) await act(ledger, 'many', n);
  const { hashes } = await ledger.transact(() => ({
    incidents: [{ record: newIncident(), after: null }],
    entries: [claimEntry('', { incident_id: 'inc_new', target: 't' })],
    value: 0,
  }));
  for (let i = 0; i < 3; i++) await act(ledger, `then ${i}`);
  return { dir, ledger, hash: hashes[0] ?? '' };
}

/** What was acknowledged before the damage has its effect, and the next act is covered like any other. */
async function expectGoesOn(dir: string, ledger: Ledger, hash: string, foreign = 0): Promise<void> {
  const before = auditLines(dir).length;
  const { entries } = await ledger.transact((view) => {
    expect(view.incident('inc_new')?.hash, 'the incident is known to the decision').toBe(hash);
    expect(view.allOpenClaims(), 'the claim is known to the decision').toHaveLength(1);
    return { entries: [auditDraft({ resource: 'after' })], value: 0 };
  });
  expectCovered(dir, entries);
  expect(expectSealed(dir).sealed).toBe(auditLines(dir).length);
  expect(entriesOf(dir, 'log_loss_noted')).toEqual([]);
  expect(entriesOf(dir, 'audit_log_adopted')).toHaveLength(1);
  const registry = openRegistry(dir);
  registry.sync();
  const kept = dumpRegistry(registry);
  registry.close();
  deleteRegistry(dir);
  const again = openRegistry(dir);
  again.sync();
  expect(kept).toEqual(dumpRegistry(again));
  expect(again.read((db) => db.prepare('SELECT count(*) FROM audit_entries WHERE own = 0').pluck().get())).toBe(
    foreign,
  );
  expect(again.control((view) => view.incident('inc_new')?.hash)).toBe(hash);
  expect(again.control((view) => view.allOpenClaims())).toHaveLength(1);
  again.close();
  const { entries: more } = await act(openSealed(dir));
  expectCovered(dir, more);
  expect(auditLines(dir).length).toBeGreaterThanOrEqual(before + 2);
}

const WHO = ['the ledger that had it open', 'a new one'] as const;
const each = <T>(cases: [string, T][]) =>
  cases.flatMap(([name, what]) => WHO.flatMap((who) => [[name, who, what] as const]));
const again = (dir: string, ledger: Ledger, who: (typeof WHO)[number]) =>
  who === 'a new one' ? openSealed(dir) : ledger;

describe('the position', () => {
  const path = (dir: string) => sidecar(dir, 'position');
  const damages: [string, (dir: string, older: Buffer) => void][] = [
    ['deleted', (dir) => rmSync(path(dir))],
    ['emptied', (dir) => truncateSync(path(dir), 0)],
    ['cut short', (dir) => truncateSync(path(dir), 50)],
    ['garbage', (dir) => writeFileSync(path(dir), 'garbage '.repeat(64))],
    ['zeros', (dir) => writeFileSync(path(dir), Buffer.alloc(512))],
    ['one digit another one', (dir) => flip(path(dir), 25)],
    ['an older one, in its place', (dir, older) => writeFileSync(path(dir), older)],
    [
      'an older one, as another file',
      (dir, older) => {
        writeFileSync(`${path(dir)}.x`, older);
        renameSync(`${path(dir)}.x`, path(dir));
      },
    ],
  ];

  it.each(each(damages))('%s: %s goes on', async (_, who, damage) => {
    const { dir, ledger, hash } = await atWork();
    const older = readFileSync(path(dir));
    await act(ledger, 'since', 3);
    damage(dir, older);
    await expectGoesOn(dir, again(dir, ledger, who), hash);
  });

  it.each(each(damages))('%s, and the registry is gone, too: %s goes on', async (_, who, damage) => {
    const { dir, ledger, hash } = await atWork();
    const older = readFileSync(path(dir));
    await act(ledger, 'since', 3);
    damage(dir, older);
    deleteRegistry(dir);
    await expectGoesOn(dir, again(dir, ledger, who), hash);
  });

  it.each(damages)('%s: a reader sees no less than it did', async (_, damage) => {
    const { dir, ledger, hash } = await atWork();
    const registry = openRegistry(dir);
    registry.sync();
    const older = readFileSync(path(dir));
    await act(ledger, 'since', 3);
    registry.sync();
    const before = dumpRegistry(registry);
    damage(dir, older);
    registry.sync();
    expect(dumpRegistry(registry)).toEqual(before);
    expect(registry.control((view) => view.incident('inc_new')?.hash)).toBe(hash);
  });

  it('deleted, with lines of others after the last note: those have no effect', async () => {
    const { dir, ledger, hash } = await atWork();
    appendFileSync(logPath(dir, 'audit'), line(claimEntry('forged', { incident_id: 'x' })));
    rmSync(path(dir));
    await expectGoesOn(dir, ledger, hash, 1);
  });

  it('deleted, when the older files are gone: the entry of the rotation says where the rest begins', async () => {
    const { dir, ledger } = await atWork();
    renameSync(logPath(dir, 'audit'), `${logPath(dir, 'audit')}.1`);
    await act(ledger, 'in the new file', 3);
    ledger.close();
    rmSync(`${logPath(dir, 'audit')}.1`);
    rmSync(path(dir));
    const { entries } = await act(openSealed(dir));
    expect(entriesOf(dir, 'foreign_lines_sealed')).toEqual([]);
    expect(auditEntries(dir).map(({ entry_id }) => Number(entry_id.split('_')[1]))).toEqual(
      auditLines(dir).map((_line, i) => i + 7),
    );
    expect(entries[0]?.entry_id).toBe(auditEntries(dir).at(-1)?.entry_id);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.auditLines())).toBe(auditLines(dir).length + 6);
  });

  it('of a copy of the whole directory, whose files are others', async () => {
    const { dir, ledger, hash } = await atWork();
    const copy = join(tempDir(), 'logs');
    cpSync(dir, copy, { recursive: true, preserveTimestamps: true });
    cpSync(keysBeside(dir).directory ?? '', keysBeside(copy).directory ?? '', { recursive: true });
    await expectGoesOn(copy, openSealed(copy), hash);
    await expectGoesOn(dir, ledger, hash);
  });

  it('of a copy of the directory without its registry', async () => {
    const { dir, hash } = await atWork();
    const copy = join(tempDir(), 'logs');
    cpSync(dir, copy, { recursive: true });
    cpSync(keysBeside(dir).directory ?? '', keysBeside(copy).directory ?? '', { recursive: true });
    deleteRegistry(copy);
    const reader = openRegistry(copy);
    reader.sync();
    expect(reader.control((view) => view.incident('inc_new')?.hash)).toBe(hash);
    reader.close();
    deleteRegistry(copy);
    await expectGoesOn(copy, openSealed(copy), hash);
  });

  it('of a copy in which grace went on, after nothing but a look', async () => {
    const { dir, hash } = await atWork();
    const copy = join(tempDir(), 'logs');
    cpSync(dir, copy, { recursive: true });
    cpSync(keysBeside(dir).directory ?? '', keysBeside(copy).directory ?? '', { recursive: true });
    deleteRegistry(copy);
    const ledger = openSealed(copy);
    await ledger.recover();
    const reader = openRegistry(copy);
    reader.sync();
    expect(reader.control((view) => view.incident('inc_new')?.hash)).toBe(hash);
    reader.close();
    await expectGoesOn(copy, ledger, hash);
  });

  it('of lines that were restored, byte for byte, into other files', async () => {
    const { dir, ledger, hash } = await atWork();
    for (const log of ['audit', 'incidents'] as const) {
      copyFileSync(logPath(dir, log), `${logPath(dir, log)}.copy`);
      renameSync(`${logPath(dir, log)}.copy`, logPath(dir, log));
    }
    await expectGoesOn(dir, ledger, hash);
  });
});

describe('the hashes on the disk', () => {
  const growing = (dir: string) =>
    readdirSync(sidecar(dir))
      .filter((name) => name.startsWith('leaves.'))
      .map((name) => sidecar(dir, name));
  const change = (dir: string, what: (path: string) => void) => {
    for (const path of growing(dir)) what(path);
  };
  const damages: [string, (dir: string) => void][] = [
    ['leaves deleted', (dir) => change(dir, rmSync)],
    ['leaves emptied', (dir) => change(dir, truncateSync)],
    ['a leaf cut off', (dir) => change(dir, (path) => truncateSync(path, statSync(path).size - 7))],
    ['a leaf changed', (dir) => change(dir, (path) => flip(path, 40))],
    ['the frontier deleted', (dir) => rmSync(sidecar(dir, 'frontier'))],
    ['the frontier emptied', (dir) => truncateSync(sidecar(dir, 'frontier'), 0)],
    ['the frontier garbage', (dir) => writeFileSync(sidecar(dir, 'frontier'), 'garbage\n')],
    ['the frontier changed', (dir) => flip(sidecar(dir, 'frontier'), 22)],
    [
      'all of it deleted',
      (dir) => {
        rmSync(sidecar(dir, 'tile'), { recursive: true });
        rmSync(sidecar(dir, 'frontier'));
        change(dir, rmSync);
      },
    ],
  ];

  it.each(damages)('%s: a new ledger makes them anew from the log', async (_, damage) => {
    const { dir, ledger, hash } = await atWork(800);
    ledger.close();
    const notes = readFileSync(sidecar(dir, 'checkpoints'));
    damage(dir);
    await expectGoesOn(dir, openSealed(dir), hash);
    expect(readFileSync(sidecar(dir, 'checkpoints')).subarray(0, notes.length)).toEqual(notes);
    await act(openSealed(dir), 'more', 300);
    expect(expectTiles(dir)).toBe(Math.floor(auditLines(dir).length / 256));
  });

  it.each([
    ['deleted', (dir: string) => rmSync(sidecar(dir, 'tile/0/001'))],
    ['cut short', (dir: string) => truncateSync(sidecar(dir, 'tile/0/001'), 8000)],
    ['changed', (dir: string) => flip(sidecar(dir, 'tile/0/000'), 4000)],
    ['with all others deleted', (dir: string) => rmSync(sidecar(dir, 'tile'), { recursive: true })],
  ])('a tile %s: what is signed is right all the same', async (_, damage) => {
    const { dir, ledger, hash } = await atWork(800);
    ledger.close();
    damage(dir);
    await expectGoesOn(dir, openSealed(dir), hash);
    await act(openSealed(dir), 'more', 300);
    expect(expectSealed(dir).sealed).toBe(auditLines(dir).length);
  });

  // One leaf alone is taken from the log, and the root that was signed tells that it is the right one.
  const lost = damages.filter(([name]) => name !== 'a leaf cut off');
  it.each(lost)('%s, and the last lines were changed: nothing is signed, exit 12', async (_, damage) => {
    const { dir, ledger } = await atWork(800);
    ledger.close();
    damage(dir);
    const text = readFileSync(logPath(dir, 'audit'), 'utf8');
    writeFileSync(logPath(dir, 'audit'), text.replace('"then 1"', '"else 1"'));
    const logs = readFileSync(logPath(dir, 'audit'));
    const notes = readFileSync(sidecar(dir, 'checkpoints'));
    await expect(act(openSealed(dir))).rejects.toMatchObject({ code: 'GRACE_SEAL_BROKEN', exit: 12 });
    expect(readFileSync(logPath(dir, 'audit'))).toEqual(logs);
    expect(readFileSync(sidecar(dir, 'checkpoints'))).toEqual(notes);
  });

  it('the log cut off below what is sealed, and no registry that knew: the note is larger than the log', async () => {
    const { dir, ledger } = await atWork();
    ledger.close();
    deleteRegistry(dir);
    truncateSync(logPath(dir, 'audit'), 500);
    rmSync(sidecar(dir, 'position'));
    await expect(act(openSealed(dir))).rejects.toMatchObject({ code: 'GRACE_SEAL_BROKEN', exit: 12 });
  });
});

describe('the notes', () => {
  /** The last note's bytes, and what the position said before and after it. */
  async function lastNote() {
    const { dir, ledger, hash } = await atWork();
    const before = readFileSync(sidecar(dir, 'checkpoints'));
    const older = readFileSync(sidecar(dir, 'position'));
    await act(ledger, 'last');
    ledger.close();
    const whole = readFileSync(sidecar(dir, 'checkpoints'));
    return { dir, hash, before, older, whole };
  }

  it.each(['as it is', 'from before', 'deleted'])(
    'torn at every byte of the last one, the position %s: the one before is found, and the next one, too',
    async (position) => {
      const { dir, hash, before, older, whole } = await lastNote();
      for (let cut = before.length; cut < whole.length; cut += position === 'as it is' ? 1 : 9) {
        const copy = join(tempDir(), 'logs');
        cpSync(dir, copy, { recursive: true });
        cpSync(keysBeside(dir).directory ?? '', keysBeside(copy).directory ?? '', { recursive: true });
        writeFileSync(sidecar(copy, 'checkpoints'), whole.subarray(0, cut));
        if (position === 'from before') writeFileSync(sidecar(copy, 'position'), older);
        if (position === 'deleted') rmSync(sidecar(copy, 'position'));
        const ledger = openSealed(copy);
        const { entries } = await ledger.transact((view) => {
          expect(view.incident('inc_new')?.hash).toBe(hash);
          return { entries: [auditDraft()], value: 0 };
        });
        expectCovered(copy, entries);
        const { strayBytes } = expectSealed(copy);
        const stub = cut - before.length;
        // A stub that lacks nothing but its last LF is whole again with the one that ends it.
        expect(cut === whole.length - 1 ? [0] : [stub, stub + 1], `cut at ${stub}`).toContain(strayBytes);
        ledger.close();
        rmSync(copy, { recursive: true });
      }
    },
    120_000,
  );

  it.each(['as it is', 'from before'])(
    'torn in place, with the position %s and the files where they were',
    async (position) => {
      const { dir, hash, before, older, whole } = await lastNote();
      for (const cut of [1, 20, 60, whole.length - before.length - 1]) {
        writeFileSync(sidecar(dir, 'checkpoints'), whole.subarray(0, before.length + cut));
        if (position === 'from before') writeFileSync(sidecar(dir, 'position'), older);
        const ledger = openSealed(dir);
        const { entries } = await ledger.transact((view) => {
          expect(view.incident('inc_new')?.hash).toBe(hash);
          return { entries: [auditDraft()], value: 0 };
        });
        expectCovered(dir, entries);
        ledger.close();
        break;
      }
    },
  );

  it.each([
    ['NUL bytes', Buffer.alloc(4096)],
    ['garbage', Buffer.from('garbage')],
    ['many lines of garbage', Buffer.from('garbage\n'.repeat(3000))],
    ['half a note', Buffer.from('vm/grace/0\n12\n')],
  ])('followed by %s', async (_, rest) => {
    const { dir, hash } = await lastNote();
    appendFileSync(sidecar(dir, 'checkpoints'), rest);
    await expectGoesOn(dir, openSealed(dir), hash);
  });

  it('of which the last is forged: a note that the key did not sign is refused, exit 12', async () => {
    const { dir } = await lastNote();
    const notes = readFileSync(sidecar(dir, 'checkpoints'));
    // The size that it names, and nothing else.
    const at = notes.lastIndexOf('\n\n');
    const size = notes.lastIndexOf('\n', notes.lastIndexOf('\n', at - 1) - 1) + 1;
    notes[size] = (notes[size] ?? 0) ^ 1;
    writeFileSync(sidecar(dir, 'checkpoints'), notes);
    await expect(act(openSealed(dir))).rejects.toMatchObject({ code: 'GRACE_SEAL_BROKEN', exit: 12 });
  });

  it('put back to an older state, with the log as it is: grace goes on from what they cover', async () => {
    const { dir, before } = await lastNote();
    writeFileSync(sidecar(dir, 'checkpoints'), before);
    const { entries } = await act(openSealed(dir));
    expectCovered(dir, entries);
  });
});

describe('a process that is killed', () => {
  /** Kills itself at its n-th call of a function of the file system that changes something in the sidecar. */
  const KILLED = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    import { systemClock } from 'grace:core/host/clock';
    import { Ledger } from 'grace:core/ledger';
    const [, , dir, at, lines] = process.argv;
    let calls = 0;
    const names = ['writeSync', 'renameSync', 'fsyncSync', 'fdatasyncSync', 'rmSync', 'mkdirSync'];
    for (const name of names) {
      const real = fs[name];
      fs[name] = (...args) => {
        if (++calls === Number(at)) process.kill(process.pid, 'SIGKILL');
        return real(...args);
      };
    }
    syncBuiltinESMExports();
    const ledger = new Ledger({
      dir, clock: systemClock, invocation: 'grace', jitter: Math.random, unique: String(process.pid),
      keys: { directory: dir + '/../keys' },
    });
    const draft = (resource) => ({ actor: 'tester', action: 'test_note', resource, decision: {}, metadata: {} });
    for (let i = 0; i < 3; i++) {
      const entries = Array.from({ length: Number(lines) }, () => draft('act ' + i));
      const receipt = await ledger.transact(() => ({ entries, value: 0 }));
      console.log(JSON.stringify(receipt.entries));
    }
    console.log('done');
    process.exit(0);
  `;

  it.each([
    ['between adoption and its third act', 1],
    ['while tiles are made', 150],
  ])(
    '%s, at any call: what it acknowledged is covered and ours, and the next one goes on',
    async (_, lines) => {
      const start = await program(KILLED);
      let survived = false;
      for (let at = 1; !survived && at < 400; at += lines === 1 ? 1 : 3) {
        const dir = sealedDir();
        const child = start([dir, String(at), String(lines)]);
        const { stderr, signal } = await child.ended;
        expect(stderr).toBe('');
        const said = await child.rest();
        survived = signal === null;
        const told = said.filter((text) => text !== 'done').flatMap((text) => JSON.parse(text) as AuditEntry[]);
        const events: SealEvent[] = [];
        const ledger = openSealed(dir, {}, events);
        const { entries } = await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
        expect(
          events.filter(({ kind }) => kind !== 'created'),
          `call ${at}`,
        ).toEqual([]);
        expectCovered(dir, [...told, ...entries]);
        expect(entriesOf(dir, 'audit_log_adopted').length, `call ${at}`).toBeGreaterThan(0);
        const registry = openRegistry(dir);
        registry.sync();
        const own = new Set(
          registry.read((db) =>
            db.prepare<[], string>('SELECT entry_id FROM audit_entries WHERE own = 1').pluck().all(),
          ),
        );
        for (const { entry_id } of [...told, ...entries]) expect(own, `call ${at}`).toContain(entry_id);
        const adopted = registry.read((db) =>
          db.prepare("SELECT count(*) FROM audit_entries WHERE own = 1 AND action = 'audit_log_adopted'").pluck().get(),
        );
        expect(adopted, `call ${at}`).toBe(1);
        ledger.close();
        registry.close();
        rmSync(join(dir, '..'), { recursive: true });
      }
      expect(survived).toBe(true);
    },
    300_000,
  );
});

it('a seal whose files are links or directories is refused in a sentence', async () => {
  const { dir, ledger } = await atWork();
  ledger.close();
  for (const name of ['position', 'checkpoints']) {
    const path = sidecar(dir, name);
    renameSync(path, `${path}.x`);
    cpSync(sidecar(dir, 'vkey'), `${path}.d/vkey`);
    renameSync(`${path}.d`, path);
    await expect(act(openSealed(dir))).rejects.toMatchObject({ code: expect.stringMatching(/^GRACE_/) });
    rmSync(path, { recursive: true });
    renameSync(`${path}.x`, path);
  }
  expect(existsSync(sidecar(dir, 'position'))).toBe(true);
  expectCovered(dir, (await act(openSealed(dir))).entries);
});

it('what a ledger without keys writes into a sealed log counts, and is sealed by the next one that has them', async () => {
  const { dir, ledger } = await atWork();
  const unsigned = await openLedger(dir).transact(() => ({
    entries: [claimEntry('', { incident_id: 'x', target: 'x' })],
    value: 0,
  }));
  const { entries } = await act(ledger);
  expectCovered(dir, [...unsigned.entries, ...entries]);
  expect(entriesOf(dir, 'foreign_lines_sealed')).toEqual([]);
  const registry = openRegistry(dir);
  registry.sync();
  expect(registry.control((view) => view.allOpenClaims())).toHaveLength(2);
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
