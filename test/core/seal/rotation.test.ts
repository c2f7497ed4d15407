import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { leafHash } from '../../../src/core/audit/hash.js';
import type { Ledger } from '../../../src/core/ledger.js';
import type { AuditEntry } from '../../../src/core/records/audit-entry.js';
import { program } from '../../support/child.js';
import { auditDraft, claimEntry, line, newIncident, oldAudit } from '../../support/records.js';
import { deleteRegistry, logPath, openRegistry } from '../../support/registry.js';
import {
  auditEntries,
  auditLines,
  entriesOf,
  expectCovered,
  expectSealed,
  openSealed,
  sealedDir,
} from '../../support/sealed.js';

const act = (ledger: Ledger, resource = 'r', n = 1) =>
  ledger.transact(() => ({ entries: Array.from({ length: n }, () => auditDraft({ resource })), value: 0 }));

/** As logrotate does it: each one number up, the live one to `.1`. */
function rotate(dir: string, begin?: string): void {
  const path = logPath(dir, 'audit');
  let older = 1;
  while (existsSync(`${path}.${older}`)) older++;
  for (let n = older; n > 1; n--) renameSync(`${path}.${n - 1}`, `${path}.${n}`);
  renameSync(path, `${path}.1`);
  if (begin !== undefined) writeFileSync(path, begin, { mode: 0o640 });
}

function ownLines(dir: string): number[] {
  const registry = openRegistry(dir);
  registry.sync();
  const own = () =>
    registry.read((db) =>
      db.prepare<[], number>('SELECT line FROM audit_entries WHERE own = 1 ORDER BY line').pluck().all(),
    );
  const kept = own();
  registry.rebuild('to compare');
  expect(own()).toEqual(kept);
  registry.close();
  return kept;
}

describe('a rotation by rename', () => {
  it.each([
    ['nothing is begun', undefined],
    ['an empty file is begun', ''],
    ['another program begins the new file', line(oldAudit())],
  ])('%s: one tree goes on with one numbering, and the new file says where it begins', async (_, begin) => {
    const dir = sealedDir();
    const ledger = openSealed(dir);
    const acknowledged: AuditEntry[] = [];
    for (let i = 0; i < 4; i++) {
      acknowledged.push(...(await act(ledger, String(i), 2)).entries);
      rotate(dir, begin);
    }
    acknowledged.push(...(await act(ledger, 'last')).entries);
    expectCovered(dir, acknowledged);
    expect(entriesOf(dir, 'log_rotated')).toHaveLength(4);
    const lines = auditLines(dir).map(String);
    for (const { metadata, resource, decision } of entriesOf(dir, 'log_rotated')) {
      expect({ metadata, resource, decision }).toEqual({
        metadata: { log: 'audit', first_line: expect.any(Number) },
        resource: 'immutable_audit.jsonl',
        decision: {},
      });
      const first = lines[Number(metadata.first_line) - 1] ?? '';
      expect(begin ? first : JSON.parse(first).action).toBe(begin ? begin.trim() : 'log_rotated');
    }
    expect(entriesOf(dir, 'log_loss_noted')).toEqual([]);
    expect(entriesOf(dir, 'foreign_lines_sealed')).toHaveLength(begin ? 4 : 0);
    expect(ownLines(dir)).toHaveLength(lines.length - (begin ? 4 : 0));
    const next = openSealed(dir);
    expectCovered(dir, (await act(next)).entries);
  });

  it('with lines of others at the end of the old file and at the beginning of the new one', async () => {
    const dir = sealedDir();
    const ledger = openSealed(dir);
    await act(ledger, 'before');
    appendFileSync(logPath(dir, 'audit'), line(claimEntry('before')) + line(oldAudit()));
    rotate(dir, line(claimEntry('after')));
    const { entries } = await act(ledger, 'after');
    expectCovered(dir, entries);
    expect(
      entriesOf(dir, 'foreign_lines_sealed').map(({ resource, metadata }) => [
        resource,
        metadata.first_line,
        metadata.lines,
      ]),
    ).toEqual([
      ['immutable_audit.jsonl.1', 3, 2],
      ['immutable_audit.jsonl', 5, 1],
    ]);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.allOpenClaims())).toEqual([]);
    expect(ownLines(dir)).toEqual([1, 2, 6, 7, 8, 9]);
  });

  it('twice between two acts, with a torn line in between', async () => {
    const dir = sealedDir();
    const ledger = openSealed(dir);
    await act(ledger);
    appendFileSync(logPath(dir, 'audit'), 'torn');
    rotate(dir, `${line(oldAudit())}torn`);
    rotate(dir, '');
    const { entries } = await act(ledger);
    expectCovered(dir, entries);
    expect(entriesOf(dir, 'tail_ended').map(({ resource }) => resource)).toEqual([
      'immutable_audit.jsonl.2',
      'immutable_audit.jsonl.1',
    ]);
    expect(entriesOf(dir, 'log_rotated')).toHaveLength(2);
    expect(ownLines(dir)).toHaveLength(auditLines(dir).length - 3);
  });

  it('and the older files are taken away: the tree goes on', async () => {
    const dir = sealedDir();
    await act(openSealed(dir), 'first', 300);
    rotate(dir, '');
    const ledger = openSealed(dir);
    await act(ledger, 'second', 30);
    const leaves = auditLines(dir).map(leafHash);
    rmSync(`${logPath(dir, 'audit')}.1`);
    for (const each of [ledger, openSealed(dir)]) {
      const first = auditLines(dir).length;
      const { entries } = await act(each, 'third');
      leaves.push(...auditLines(dir).slice(first).map(leafHash));
      expect(expectSealed(dir, leaves).sealed).toBe(leaves.length);
      expect(entries[0]?.entry_id).toMatch(new RegExp(`^log_${leaves.length}_`));
    }
    expect(entriesOf(dir, 'log_loss_noted')).toMatchObject([{ decision: { kind: 'removed' } }]);
    deleteRegistry(dir);
    const registry = openRegistry(dir);
    registry.sync();
    expect(
      registry.control((view) => view.auditLines()),
      'those that are gone are counted',
    ).toBe(leaves.length);
  });

  it('again and again, while four processes write', async () => {
    const dir = sealedDir();
    await act(openSealed(dir));
    const start = await program(`
      import { systemClock } from 'grace:core/host/clock';
      import { Ledger } from 'grace:core/ledger';
      const [, , dir, name] = process.argv;
      const ledger = new Ledger({
        dir, clock: systemClock, invocation: 'grace', jitter: Math.random, unique: String(process.pid),
        keys: { directory: dir + '/../keys' },
      });
      const entries = [];
      for (let i = 0; i < 25; i++) {
        const draft = { actor: 'tester', action: 'test_note', resource: name + ' ' + i, decision: {}, metadata: {} };
        const receipt = await ledger.transact(() => ({ entries: [draft], value: 0 }));
        entries.push(...receipt.entries);
      }
      ledger.close();
      console.log(JSON.stringify(entries));
      process.exit(0);
    `);
    const children = ['a', 'b', 'c', 'd'].map((name) => start([dir, name]));
    let going = true;
    const ended = Promise.all(children.map((child) => child.ended)).finally(() => {
      going = false;
    });
    for (let i = 0; going && i < 12; i++) {
      await new Promise((resolve) => setTimeout(resolve, 40));
      if (existsSync(logPath(dir, 'audit'))) rotate(dir, i % 2 ? '' : undefined);
    }
    for (const { code, stderr } of await ended) expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const entries: AuditEntry[] = [];
    for (const child of children) entries.push(...(JSON.parse(await child.nextLine()) as AuditEntry[]));
    expect(entries).toHaveLength(100);
    expectCovered(dir, entries);
    expect(entriesOf(dir, 'log_loss_noted')).toEqual([]);
    const own = new Set(ownLines(dir));
    for (const { entry_id } of entries) expect(own).toContain(Number(entry_id.split('_')[1]));
  });
});

describe('a rotation by copy and truncation', () => {
  it('with a whole copy: nothing sealed is lost, and the tree goes on', async () => {
    const dir = sealedDir();
    const ledger = openSealed(dir);
    const before = await ledger.transact(() => ({
      incidents: [{ record: newIncident(), after: null }],
      entries: [auditDraft(), claimEntry('', { incident_id: 'inc_new' })],
      value: 0,
    }));
    openRegistry(dir).sync();
    const path = logPath(dir, 'audit');
    copyFileSync(path, `${path}.1`);
    truncateSync(path, 0);
    for (const each of [ledger, openSealed(dir)]) {
      const { entries } = await act(each, 'after');
      expectCovered(dir, [...before.entries, ...entries]);
    }
    expect(entriesOf(dir, 'log_rotated')).toMatchObject([{ metadata: { first_line: 5 } }]);
    expect(entriesOf(dir, 'foreign_lines_sealed')).toEqual([]);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.allOpenClaims())).toHaveLength(1);
    expect(ownLines(dir)).toHaveLength(auditLines(dir).length);
  });

  it('with a copy that lacks the last lines: the loss is stated, the tree goes on after what was sealed', async () => {
    const dir = sealedDir();
    const ledger = openSealed(dir);
    await act(ledger, 'first', 5);
    const path = logPath(dir, 'audit');
    copyFileSync(path, `${path}.1`);
    await act(ledger, 'between the two', 2);
    openRegistry(dir).sync();
    const leaves = auditLines(dir).slice(6).map(leafHash);
    truncateSync(path, 0);
    for (const each of [ledger, openSealed(dir), openSealed(dir)]) {
      const { entries } = await act(each, 'after');
      // The leaves of what is gone stand between those of the copy and those of the new lines.
      const live = readFileSync(path, 'utf8').split('\n').slice(0, -1);
      const all = [...leaves, ...live.map((text) => leafHash(Buffer.from(text)))];
      const { sealed } = expectSealed(dir, all);
      expect(sealed).toBe(all.length);
      expect(entries[0]?.entry_id).toMatch(new RegExp(`^log_${sealed}_`));
    }
    expect(entriesOf(dir, 'log_loss_noted')).toMatchObject([{ metadata: { log: 'audit', kind: 'shrunk' } }]);
    const own = auditEntries(dir).filter(({ resource }) => resource === 'after');
    const registry = openRegistry(dir);
    registry.sync();
    const rows = registry.read((db) =>
      db.prepare<[], { own: number }>("SELECT own FROM audit_entries WHERE resource = 'after'").all(),
    );
    expect(rows.map((row) => row.own)).toEqual(own.map(() => 1));
  });

  it('of a log that is emptied without a copy: the same, and nothing of ours afterwards is foreign', async () => {
    const dir = sealedDir();
    const ledger = openSealed(dir);
    await act(ledger, 'first', 5);
    openRegistry(dir).sync();
    const leaves = auditLines(dir).map(leafHash);
    truncateSync(logPath(dir, 'audit'), 0);
    const { entries } = await act(ledger, 'after');
    const all = [...leaves, ...auditLines(dir).map(leafHash)];
    expect(expectSealed(dir, all).sealed).toBe(all.length);
    expect(entries[0]?.entry_id).toMatch(new RegExp(`^log_${all.length}_`));
    expect(entriesOf(dir, 'log_loss_noted')).toHaveLength(1);
    expect(entriesOf(dir, 'foreign_lines_sealed')).toEqual([]);
    const next = openSealed(dir);
    await act(next);
    deleteRegistry(dir);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.read((db) => db.prepare('SELECT count(*) FROM audit_entries WHERE own = 0').pluck().get())).toBe(0);
  });
});
