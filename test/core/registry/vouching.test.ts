import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { NewIncident } from '../../../src/core/records/incident.js';
import { dumpRegistry } from '../../support/dump-registry.js';
import {
  auditDraft,
  bindingOf,
  claimEntry,
  line,
  newIncident,
  oldIncident,
  writeBound,
} from '../../support/records.js';
import { deleteRegistry, logPath, openLedger, openRegistry } from '../../support/registry.js';
import { openSealed, sealedDir } from '../../support/sealed.js';
import { tempDir } from '../../support/temp-dir.js';

/** What `echo '…' >> incidents.jsonl` does. */
const echo = (dir: string, ...records: object[]) =>
  appendFileSync(logPath(dir, 'incidents'), records.map(line).join(''));
const vouch = (dir: string, offset: number, record: NewIncident) =>
  appendFileSync(logPath(dir, 'audit'), line(bindingOf(offset, record)));
const sizeOf = (dir: string) => statSync(logPath(dir, 'incidents'), { throwIfNoEntry: false })?.size ?? 0;

const FORGED = newIncident({
  status: 'resolved',
  resolved_at: '2026-11-23T00:20:00Z',
  success: true,
  mttr_seconds: 0.1,
  resolution: 'remediated',
  actions_taken: ['restart'],
  verification: { status: 'verified', by: 'web', passes: 2, at: '2026-11-23T00:20:00Z' },
});

interface Seen {
  readonly incidents: unknown[];
  readonly recoveries: unknown[];
  readonly tasks: unknown[];
  /** bound and old of each line, in order. */
  readonly lines: unknown[];
}

function seen(dir: string): Seen {
  const registry = openRegistry(dir);
  registry.sync();
  const state = registry.read((db) => ({
    incidents: db
      .prepare('SELECT incident_id, status, verified, lines, duplicates FROM incidents ORDER BY 1')
      .raw()
      .all(),
    recoveries: db.prepare('SELECT incident_id, episode, verified FROM recoveries ORDER BY 1, 2').raw().all(),
    tasks: db.prepare('SELECT task_id, status FROM tasks ORDER BY 1').raw().all(),
    lines: db.prepare('SELECT bound, old, duplicate FROM incident_lines ORDER BY ordinal, position').raw().all(),
  }));
  const kept = dumpRegistry(registry);
  registry.rebuild('to compare');
  expect(dumpRegistry(registry)).toEqual(kept);
  registry.close();
  return state;
}

describe('a line that names its schema', () => {
  it('counts when an entry vouches for it, and else has no effect at all', () => {
    const dir = tempDir();
    writeBound(dir, [newIncident({ incident_id: 'a' })]);
    echo(dir, newIncident({ incident_id: 'b' }), FORGED);
    const state = seen(dir);
    expect(state.incidents).toEqual([['a', 'detected', 0, 1, 0]]);
    expect(state.tasks).toEqual([['a', 'pending']]);
    expect(state.recoveries).toEqual([]);
    expect(state.lines).toEqual([
      [1, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  it('that is appended to an incident that grace keeps changes nothing about it', () => {
    const dir = tempDir();
    writeBound(dir, [newIncident(), newIncident({ status: 'remediating' })]);
    const before = seen(dir);
    echo(dir, FORGED);
    const after = seen(dir);
    expect({ ...after, lines: after.lines.slice(0, 2) }).toEqual(before);
    expect(after.lines[2]).toEqual([0, 0, 0]);
  });

  it.each([
    ['another offset', (at: number) => bindingOf(at + 1, FORGED)],
    ['another length', (at: number) => withMetadata(at, { length: 1 })],
    ['another hash', (at: number) => withMetadata(at, { sha256: 'ab'.repeat(32) })],
  ])('is not vouched for by an entry with %s', (_, entry) => {
    const dir = tempDir();
    const at = sizeOf(dir);
    echo(dir, FORGED);
    appendFileSync(logPath(dir, 'audit'), line(entry(at)));
    expect(seen(dir)).toMatchObject({ incidents: [], lines: [[0, 0, 0]] });
  });

  function withMetadata(at: number, change: object) {
    const entry = bindingOf(at, FORGED);
    return { ...entry, metadata: { ...entry.metadata, ...change } };
  }

  it.each([
    ['quick', true],
    ['whole', false],
  ])('that was read before its entry counts from the moment the entry is read (%s look)', (_, quick) => {
    const dir = tempDir();
    const registry = openRegistry(dir);
    const at = sizeOf(dir);
    echo(dir, newIncident());
    registry.sync();
    expect(registry.control((view) => view.incident('inc_new'))).toBeUndefined();
    vouch(dir, at, newIncident());
    registry.sync({ quick });
    expect(registry.control((view) => view.incident('inc_new')?.record.status)).toBe('detected');
    expect(registry.notes).toMatchObject({ temporary: undefined, kept: undefined, losses: [] });
    registry.close();
    expect(seen(dir)).toMatchObject({ lines: [[1, 0, 0]] });
  });

  it('whose entry was read first counts when it comes', () => {
    const dir = tempDir();
    vouch(dir, 0, newIncident());
    expect(seen(dir).incidents).toEqual([]);
    echo(dir, newIncident());
    expect(seen(dir).incidents).toEqual([['inc_new', 'detected', 0, 1, 0]]);
  });

  it('that was written before by somebody else counts when grace writes the same', () => {
    const dir = tempDir();
    writeBound(dir, [newIncident()]);
    echo(dir, FORGED);
    writeBound(dir, [FORGED]);
    expect(seen(dir)).toMatchObject({
      incidents: [['inc_new', 'resolved', 1, 2, 0]],
      recoveries: [['inc_new', 1, 1]],
    });
  });

  it('said again by somebody else is a duplicate, and changes nothing', () => {
    const dir = tempDir();
    writeBound(dir, [newIncident(), FORGED, newIncident({ relapses: 1 })]);
    echo(dir, newIncident(), FORGED);
    expect(seen(dir)).toMatchObject({
      incidents: [['inc_new', 'detected', 0, 5, 2]],
      recoveries: [['inc_new', 1, 1]],
    });
  });

  it('counts again after a rotation of the incident log, at the offset it has in its own file', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    let after: string | null = null;
    for (const status of ['detected', 'remediating', 'failed'] as const) {
      const record = newIncident({ status });
      const receipt = await ledger.transact(() => ({ incidents: [{ record, after }], value: 0 }));
      after = receipt.hashes[0] ?? null;
      const { renameSync, existsSync } = await import('node:fs');
      const path = logPath(dir, 'incidents');
      for (let n = 3; n > 0; n--) if (existsSync(`${path}.${n}`)) renameSync(`${path}.${n}`, `${path}.${n + 1}`);
      renameSync(path, `${path}.1`);
    }
    expect(seen(dir)).toMatchObject({
      incidents: [['inc_new', 'failed', 0, 3, 0]],
      lines: [
        [1, 0, 0],
        [1, 0, 0],
        [1, 0, 0],
      ],
    });
  });
});

describe('a line of the old system', () => {
  const old = oldIncident({ status: 'remediating' });

  it('counts as before, vouched for or not', () => {
    const dir = tempDir();
    echo(dir, old, oldIncident({ incident_id: 'b' }));
    expect(seen(dir)).toMatchObject({
      incidents: [
        ['b', 'detected', 0, 1, 0],
        [old.incident_id, 'remediating', 0, 1, 0],
      ],
      lines: [
        [0, 1, 0],
        [0, 1, 0],
      ],
    });
  });

  it('may be followed by one that grace vouches for, and then no other has a say', () => {
    const dir = tempDir();
    echo(dir, old);
    writeBound(dir, [newIncident({ incident_id: old.incident_id, status: 'failed' })]);
    const before = seen(dir);
    expect(before.incidents).toEqual([[old.incident_id, 'failed', 0, 2, 0]]);
    echo(dir, oldIncident({ status: 'resolved', success: true }));
    expect(seen(dir).incidents).toEqual(before.incidents);
    expect(seen(dir).recoveries).toEqual([]);
  });

  it('that names an incident of grace has no effect', () => {
    const dir = tempDir();
    writeBound(dir, [newIncident()]);
    echo(dir, oldIncident({ incident_id: 'inc_new', status: 'resolved', success: true, mttr_seconds: 1 }));
    expect(seen(dir)).toMatchObject({ incidents: [['inc_new', 'detected', 0, 1, 0]], recoveries: [] });
  });
});

describe.each([
  ['sealed', (dir: string) => openSealed(dir)],
  ['unsealed', (dir: string) => openLedger(dir)],
])('in a log that is %s', (_, open) => {
  it('a forged line moves no decision and breaks no chain of snapshots', async () => {
    const dir = sealedDir();
    const ledger = open(dir);
    const first = await ledger.transact(() => ({ incidents: [{ record: newIncident(), after: null }], value: 0 }));
    await ledger.transact(() => ({ entries: [claimEntry('', { incident_id: 'inc_new' })], value: 0 }));
    echo(dir, FORGED, newIncident({ incident_id: 'made-up', trigger: { source: 'alert', ref: 'r1' } }));
    const { hashes } = await ledger.transact((view) => {
      expect(view.incident('inc_new')?.hash).toBe(first.hashes[0]);
      expect(view.incident('made-up')).toBeUndefined();
      expect(view.incidentByRef('alert', 'r1')).toBeUndefined();
      expect(view.openIncidents()).toHaveLength(1);
      expect(view.allOpenClaims()).toHaveLength(1);
      return {
        incidents: [{ record: newIncident({ status: 'remediating' }), after: first.hashes[0] ?? null }],
        entries: [auditDraft()],
        value: 0,
      };
    });
    deleteRegistry(dir);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.incident('inc_new')?.hash)).toBe(hashes[0]);
    expect(registry.differencesFromLogs()).toEqual([]);
    registry.close();
    expect(seen(dir).lines).toEqual([
      [1, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
      [1, 0, 0],
    ]);
    expect(readFileSync(logPath(dir, 'incidents'), 'utf8')).toContain(line(FORGED));
  });
});
