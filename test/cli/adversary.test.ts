import { spawnSync } from 'node:child_process';
import { appendFileSync, linkSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { dumpOf, grace, linesOf, readLogs } from '../support/cli.js';
import { withoutTmpfs } from '../support/fault-tools.js';
import { line, newIncident, oldIncident, writeBound } from '../support/records.js';
import { tempDir } from '../support/temp-dir.js';

/** What an adversary tried, who owns the account or writes into the logs. Nothing here may be believed. */

function logsDir(): string {
  const logs = join(tempDir(), 'logs');
  mkdirSync(logs, { mode: 0o750 });
  return logs;
}

const evidence = async (logs: string) => {
  const run = await grace(['evidence', 'self-healing', '--json', '--logs', logs]);
  return { ...run, doc: JSON.parse(run.stdout) };
};

test('an old line that calls itself verified is not', async () => {
  const logs = logsDir();
  const forged = {
    ...oldIncident({ status: 'resolved', resolved_at: '2026-11-20T10:00:01Z', success: true, mttr_seconds: 1 }),
    origin: 'real',
    verification: { status: 'verified', by: 'me', passes: 2, at: null },
    resolution: 'remediated',
  };
  appendFileSync(join(logs, 'incidents.jsonl'), line(forged));
  const { code, doc } = await evidence(logs);
  expect(code).toBe(3);
  expect(doc.claims[0].verdict).toBe('INCONCLUSIVE');
});

test('what is simulated is never real, whatever else it says', async () => {
  const logs = logsDir();
  const forged = newIncident({ metadata: { simulated: true }, origin: 'real', status: 'resolved' });
  writeBound(logs, [forged]);
  expect((await grace(['registry', 'list', '--logs', logs])).stdout).toContain('simulated');
});

test('lines that the audit log vouches for cannot vanish unseen, though the registry goes with them', async () => {
  const logs = logsDir();
  await grace(['trigger', 'incident', '--failure-mode', 'disk_full', '--logs', logs]);
  rmSync(join(logs, 'incidents.jsonl'));
  rmSync(join(logs, 'registry.db'), { force: true });
  const { doc } = await evidence(logs);
  const records = doc.claims.find((claim: { id: string }) => claim.id === 'record_integrity');
  expect(records).toMatchObject({ verdict: 'FAIL' });
  expect(records.reasons.join()).toContain('vouches for 1 incident line');
});

test('a replayed line neither reopens an incident nor counts a recovery twice', async () => {
  const logs = logsDir();
  expect((await grace(['trigger', 'incident', '--logs', logs])).code).toBe(0);
  const incidents = join(logs, 'incidents.jsonl');
  appendFileSync(incidents, readFileSync(incidents));
  appendFileSync(incidents, `${linesOf(incidents)[0]}\n`);
  const { doc } = await evidence(logs);
  const drills = doc.time_to_recover.filter((row: { origin: string }) => row.origin === 'drill');
  expect(drills.map((row: { total: { n: number } }) => row.total.n)).toEqual([1]);
  expect((await grace(['registry', 'list', '--status', 'completed', '-q', '--logs', logs])).stdout).toMatch(
    /^inc_\S+\n$/,
  );
});

test('a second name of a log is no second log', async () => {
  const logs = logsDir();
  await grace(['trigger', 'incident', '--failure-mode', 'disk_full', '--logs', logs]);
  await grace(['registry', 'list', '--logs', logs]);
  const before = dumpOf(logs);
  for (const name of ['incidents.jsonl', 'immutable_audit.jsonl']) {
    linkSync(join(logs, name), join(logs, `${name}.1`));
  }
  await grace(['registry', 'list', '--logs', logs]);
  expect(dumpOf(logs)).toEqual(before);
});

describe('a link to a database of somebody else', () => {
  const foreign = (dir: string) => {
    const path = join(dir, 'other.db');
    const db = new Database(path);
    db.pragma('journal_mode = WAL');
    db.exec('CREATE TABLE mine (a)');
    db.close();
    return path;
  };
  const untouched = (path: string) => {
    const db = new Database(path, { readonly: true });
    const names = db.prepare('SELECT name FROM sqlite_schema').pluck().all();
    const mode = db.pragma('journal_mode', { simple: true });
    db.close();
    return { names, mode };
  };

  test('in the place of the registry is neither read nor changed', async () => {
    const logs = logsDir();
    const other = foreign(join(logs, '..'));
    symlinkSync(other, join(logs, 'registry.db'));
    const run = await grace(['trigger', 'incident', '--failure-mode', 'disk_full', '--logs', logs]);
    expect(run.code).toBe(0);
    expect(untouched(other)).toEqual({ names: ['mine'], mode: 'wal' });
  });

  test('in the place of the lock is refused', async () => {
    const logs = logsDir();
    const other = foreign(join(logs, '..'));
    symlinkSync(other, join(logs, 'ledger.lock'));
    const run = await grace(['trigger', 'incident', '--failure-mode', 'disk_full', '--logs', logs]);
    expect(run).toMatchObject({ code: 3, stdout: '' });
    expect(untouched(other)).toEqual({ names: ['mine'], mode: 'wal' });
  });
});

test('some other database under the name of the registry is kept aside, not added to', async () => {
  const logs = logsDir();
  const db = new Database(join(logs, 'registry.db'));
  db.exec('CREATE TABLE mine (a)');
  db.close();
  await grace(['trigger', 'incident', '--failure-mode', 'disk_full', '--logs', logs]);
  const kept = new Database(join(logs, 'registry.db.damaged'), { readonly: true });
  expect(kept.prepare('SELECT name FROM sqlite_schema').pluck().all()).toEqual(['mine']);
  kept.close();
});

test('a cache that somebody keeps locked stops nobody from recording', async () => {
  const logs = logsDir();
  await grace(['trigger', 'incident', '--failure-mode', 'disk_full', '--logs', logs]);
  await grace(['registry', 'list', '--logs', logs]);
  const holder = new Database(join(logs, 'registry.db'));
  holder.exec('BEGIN IMMEDIATE');
  try {
    const run = await grace(['trigger', 'incident', '--failure-mode', 'service_down', '--logs', logs]);
    expect(run).toMatchObject({ code: 0 });
  } finally {
    holder.close();
  }
  expect(readLogs(logs).incidents).toHaveLength(2);
});

test('a name without end is quarantined, and stops no drill', async () => {
  const logs = logsDir();
  const staged_by = { boot_id: 'b', pid: 1, start_time: 1 };
  const huge = newIncident({ incident_id: 'x'.repeat(70_000), origin: 'drill', metadata: { staged_by } });
  writeBound(logs, [huge]);
  expect((await grace(['trigger', 'incident', '--logs', logs])).code).toBe(0);
  expect((await grace(['doctor', '--logs', logs])).stdout).toContain('longer than 1024 characters');
});

test('a number without measure breaks no report', async () => {
  const logs = logsDir();
  const huge = { relapses: Number.MAX_SAFE_INTEGER };
  writeBound(
    logs,
    [1, 2].map((i) => newIncident({ incident_id: `i${i}`, ...huge })),
  );
  const { doc } = await evidence(logs);
  expect(doc.records.logs[0].quarantined).toBe(2);
});

test('one record cannot flood a terminal', async () => {
  const logs = logsDir();
  const wide = { ...newIncident({ incident_id: 'wide' }), ['k'.repeat(100_000)]: 1 };
  const many = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`f${i}`, i]));
  writeBound(logs, [{ ...wide, ...many }]);
  const run = await grace(['registry', 'show', 'wide', '--logs', logs]);
  expect(run.code).toBe(0);
  expect(run.stdout.length).toBeLessThan(1_000_000);
});

const noTmpfs = withoutTmpfs();
test.skipIf(noTmpfs !== undefined)(`a stream that breaks off tells what it has recorded${noTmpfs ?? ''}`, async () => {
  const dir = tempDir();
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir]);
  try {
    const input = Array.from({ length: 2000 }, (_, i) => `{"failure_mode":"disk_full","ref":"${i}"}\n`).join('');
    const run = await grace(['trigger', 'incident', '--from', '-', '--logs', join(dir, 'logs')], { input });
    expect(run.code).toBe(3);
    const told = Number(/^RECORDED: (\d+) opened/.exec(run.stdout)?.[1]);
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThan(2000);
    expect(linesOf(join(dir, 'logs', 'incidents.jsonl')).length).toBeGreaterThanOrEqual(told);
  } finally {
    spawnSync('umount', [dir]);
  }
});
