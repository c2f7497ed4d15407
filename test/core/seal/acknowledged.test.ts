import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../src/core/records/audit-entry.js';
import type { SealEvent } from '../../../src/core/seal/seal-event.js';
import { program } from '../../support/child.js';
import { dumpRegistry } from '../../support/dump-registry.js';
import { auditDraft, newIncident } from '../../support/records.js';
import { deleteRegistry, openRegistry } from '../../support/registry.js';
import {
  auditEntries,
  auditLines,
  entriesOf,
  expectCovered,
  expectSealed,
  openSealed,
  sealedDir,
  sidecar,
} from '../../support/sealed.js';
import { expectTiles } from './tiles.js';

describe('what is acknowledged is covered by a signed note', () => {
  it('after each of many acts', async () => {
    const dir = sealedDir();
    const events: SealEvent[] = [];
    const ledger = openSealed(dir, {}, events);
    let after: string | null = null;
    for (let i = 0; i < 12; i++) {
      const receipt = await ledger.transact(() => ({
        ...(i % 3 === 0 ? { incidents: [{ record: newIncident({ error: String(i) }), after }] } : {}),
        entries: Array.from({ length: (i % 4) + 1 }, (_, n) => auditDraft({ resource: `${i} ${n}` })),
        value: i,
      }));
      after = receipt.hashes[0] ?? after;
      expectCovered(dir, receipt.entries);
      expect(expectSealed(dir).sealed, 'all lines').toBe(auditLines(dir).length);
    }
    expect(events).toEqual([expect.objectContaining({ kind: 'created', lines: 0 })]);
    expect(auditEntries(dir)[0]?.action).toBe('audit_log_adopted');
    expect(entriesOf(dir, 'foreign_lines_sealed')).toEqual([]);
  });

  it('of one process at work on many at once, with no more notes than acts', async () => {
    const dir = sealedDir();
    const ledger = openSealed(dir);
    const receipts = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        ledger.transact(() => ({ entries: [auditDraft({ resource: String(i) })], value: i })),
      ),
    );
    expectCovered(
      dir,
      receipts.flatMap(({ entries }) => entries),
    );
    expect(new Set(receipts.map(({ entries }) => entries[0]?.resource)).size).toBe(60);
    expect(expectSealed(dir).sizes.length).toBeLessThanOrEqual(61);
    expect(entriesOf(dir, 'foreign_lines_sealed')).toEqual([]);
  });

  it('of many acts in a row, between which the rest of the process has its turn', async () => {
    const ledger = openSealed(sealedDir());
    let stop = false;
    setTimeout(() => {
      stop = true;
    }, 0);
    let acts = 0;
    while (!stop && acts < 2000) {
      await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
      acts++;
    }
    expect(acts).toBeLessThan(2000);
  });

  it('of two ledgers that take turns', async () => {
    const dir = sealedDir();
    const ledgers = [openSealed(dir), openSealed(dir)];
    const entries: AuditEntry[] = [];
    for (let i = 0; i < 20; i++) {
      const receipt = await ledgers[i % 2]?.transact(() => ({ entries: [auditDraft()], value: 0 }));
      entries.push(...(receipt?.entries ?? []));
      expectCovered(dir, entries);
    }
    expect(auditLines(dir)).toHaveLength(21);
  });

  it('of four processes at once, at the moment each is told', async () => {
    const dir = sealedDir();
    const start = await program(`
      import { readFileSync } from 'node:fs';
      import { systemClock } from 'grace:core/host/clock';
      import { Ledger } from 'grace:core/ledger';
      import { parseNotes } from 'grace:core/audit/checkpoint-stream';
      import { newIncident, auditDraft } from ${JSON.stringify(join(import.meta.dirname, '../../support/records.ts'))};
      const [, , dir, name] = process.argv;
      const events = [];
      const ledger = new Ledger({
        dir, clock: systemClock, invocation: 'grace', jitter: Math.random, unique: String(process.pid),
        keys: { directory: dir + '/../keys' }, onSealEvent: (event) => events.push(event.kind),
      });
      const told = [];
      let after = null;
      const act = async (i) => {
        const receipt = await ledger.transact((view) => ({
          incidents: i % 4 ? [] : [{ record: newIncident({ incident_id: name, error: String(i) }), after: view.incident(name)?.hash ?? null }],
          entries: [auditDraft({ resource: name + ' ' + i })],
          value: 0,
        }));
        const origin = readFileSync(dir + '/immutable_audit.tlog/vkey', 'utf8').split('+')[0];
        const { notes } = parseNotes(readFileSync(dir + '/immutable_audit.tlog/checkpoints'), origin);
        const line = Number(receipt.entries[0].entry_id.split('_')[1]);
        told.push([receipt.entries[0], notes.at(-1).checkpoint.size >= line]);
      };
      for (let i = 0; i < 30; i += 3) await Promise.all([act(i), act(i + 1), act(i + 2)]);
      ledger.close();
      console.log(JSON.stringify({ told, events }));
      process.exit(0);
    `);
    const children = ['a', 'b', 'c', 'd'].map((name) => start([dir, name]));
    const entries: AuditEntry[] = [];
    const events: string[] = [];
    for (const child of children) {
      const { code, stderr } = await child.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const said = JSON.parse(await child.nextLine()) as { told: [AuditEntry, boolean][]; events: string[] };
      expect(said.told.filter(([, covered]) => !covered)).toEqual([]);
      entries.push(...said.told.map(([entry]) => entry));
      events.push(...said.events);
    }
    expect(events).toEqual(['created']);
    expect(entries).toHaveLength(120);
    expectCovered(dir, entries);
    expect(new Set(entries.map(({ resource }) => resource)).size).toBe(120);
    expect(entriesOf(dir, 'foreign_lines_sealed')).toEqual([]);
    const registry = openRegistry(dir);
    registry.sync();
    const kept = dumpRegistry(registry);
    registry.close();
    deleteRegistry(dir);
    const again = openRegistry(dir);
    again.sync();
    expect(kept).toEqual(dumpRegistry(again));
    const { sealed } = expectSealed(dir);
    expect(again.control((view) => view.auditLines())).toBe(sealed);
  });

  it('and a copy of the newest note lies beside them once the ledger is closed', async () => {
    const dir = sealedDir();
    const ledger = openSealed(dir);
    for (let i = 0; i < 3; i++) await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
    ledger.close();
    const copy = readFileSync(sidecar(dir, 'checkpoint'), 'utf8');
    expect(readFileSync(sidecar(dir, 'checkpoints'), 'utf8').endsWith(`\n${copy}`)).toBe(true);
    expect(copy.split('\n')[1]).toBe('4');
  });

  it('a decision that wants nothing makes no seal and no key', async () => {
    const dir = sealedDir();
    const events: SealEvent[] = [];
    const ledger = openSealed(dir, {}, events);
    await ledger.transact((view) => ({ value: view.auditLines() }));
    await ledger.recover();
    ledger.close();
    expect(events).toEqual([]);
    expect(() => readFileSync(sidecar(dir, 'vkey'))).toThrow(/ENOENT/);
    expect(auditLines(dir)).toEqual([]);
  });
});

describe('tiles', () => {
  it('are made as the log grows, by whoever signs', async () => {
    const dir = sealedDir();
    const ledgers = [openSealed(dir), openSealed(dir)];
    const sizes = [100, 100, 100, 1, 300, 5, 254, 1, 1, 1, 700];
    for (const [i, n] of sizes.entries()) {
      const entries = Array.from({ length: n }, (_, k) => auditDraft({ resource: `${i} ${k}` }));
      const receipt = await ledgers[i % 2]?.transact(() => ({ entries, value: 0 }));
      expectCovered(dir, receipt?.entries.slice(-1) ?? []);
      expect(expectTiles(dir)).toBe(Math.floor(auditLines(dir).length / 256));
    }
    expect(auditLines(dir).length).toBeGreaterThan(256 * 6);
    const next = openSealed(dir);
    const receipt = await next.transact(() => ({ entries: [auditDraft()], value: 0 }));
    expectCovered(dir, receipt.entries);
  });

  it('are made at once when one act writes more than three of them', async () => {
    const dir = sealedDir();
    const entries = Array.from({ length: 900 }, (_, k) => auditDraft({ resource: `${k}` }));
    await openSealed(dir).transact(() => ({ entries, value: 0 }));
    expect(expectTiles(dir)).toBe(3);
  });
});
