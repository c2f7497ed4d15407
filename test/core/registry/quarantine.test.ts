import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { migrate } from '../../../src/core/registry/database.js';
import { type LogSync, Projector } from '../../../src/core/registry/sync.js';
import { claimEntry, line, newAudit, oldAudit, oldIncident, pythonJson, taskEntry } from '../../support/records.js';
import { type LogName, logPath, openRegistry } from '../../support/registry.js';
import { tempDir } from '../../support/temp-dir.js';

interface Row {
  log: LogName;
  position: number;
  length: number;
  reason: string;
}

const sha = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

describe('a bad line', () => {
  it('is kept apart with its place and reason, and hides nothing after it', () => {
    const dir = tempDir();
    const good = line(oldIncident());
    const later = line(oldIncident({ incident_id: 'later' }));
    const bad: [string | Buffer, string][] = [
      ['', 'blank line'],
      ['   ', 'blank line'],
      ['{"incident_id": "cut o', 'not JSON'],
      [Buffer.from('7b2261223a22ff227d', 'hex'), 'invalid UTF-8'],
      [Buffer.alloc(512), 'NUL bytes'],
      ['[]', 'not a JSON object'],
      ['{"a":1,"a":1}', 'a key stands twice in one object'],
      ['{"__proto__":{}}', 'a key is named __proto__'],
      [`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 'nested deeper than 64'],
      ['{}', 'field incident_id is missing'],
      [
        line({ ...oldIncident(), severity: 'awful' }).trim(),
        'field severity is not one of low, medium, high, critical',
      ],
      ['x'.repeat((1 << 20) + 1), 'longer than 1048576 bytes'],
      [line({ ...oldIncident(), target: true }).trim(), 'field target is not a text or null'],
    ];
    const path = logPath(dir, 'incidents');
    const registry = openRegistry(dir);
    registry.sync();
    writeFileSync(path, good);
    const want: Omit<Row, 'log'>[] = [];
    let position = good.length;
    for (const [text, reason] of bad) {
      const bytes = Buffer.from(text as string);
      want.push({ position, length: bytes.length, reason });
      appendFileSync(path, Buffer.concat([bytes, Buffer.from('\n')]));
      position += bytes.length + 1;
    }
    appendFileSync(path, later);
    expect(registry.sync().logs.incidents).toMatchObject({
      lines: bad.length + 2,
      quarantined: bad.length,
      unterminated: 0,
    });
    const rows = registry.read((db) =>
      db.prepare('SELECT position, length, reason FROM quarantine ORDER BY position').all(),
    );
    expect(rows).toEqual(want);
    expect(registry.control((view) => view.incident('later')?.hash)).toBe(sha(later.trim()));
  });

  it('of the audit log, too; it has a line number all the same', () => {
    const dir = tempDir();
    const bad: [string, string][] = [
      ['gibberish', 'not JSON'],
      [line({ ...oldAudit(), timestamp: 'noon' }).trim(), 'field timestamp is not a time'],
      [line(taskEntry('task_started', 'nobody')).trim(), 'task nobody was never registered'],
      [
        line(newAudit({ action: 'remedy_claimed' })).trim(),
        'a claim needs metadata.incident_id, target, playbook_id and owner {boot_id, pid, start_time}',
      ],
      [line(newAudit({ action: 'remedy_ended' })).trim(), 'an ended remedy needs metadata.claim and decision.outcome'],
      [line(newAudit({ action: 'incident_snapshot' })).trim(), 'a binding needs metadata.offset, length and sha256'],
    ];
    const last = line(claimEntry('the-claim'));
    writeFileSync(logPath(dir, 'audit'), bad.map(([text]) => `${text}\n`).join('') + last);
    const registry = openRegistry(dir);
    registry.sync();
    const reasons = registry.read((db) =>
      db.prepare("SELECT reason FROM quarantine WHERE log = 'audit' ORDER BY position").pluck().all(),
    );
    expect(reasons).toEqual(bad.map(([, reason]) => reason));
    expect(registry.control((view) => [view.auditLines(), view.allOpenClaims()[0]?.claim_id])).toEqual([
      7,
      'the-claim',
    ]);
    expect(registry.read((db) => db.prepare('SELECT line FROM audit_entries').pluck().all())).toEqual([7]);
    expect(registry.read((db) => db.prepare('SELECT count(*) FROM audit_sums').pluck().get())).toBe(1);
  });
});

describe('every byte of a log of three records', () => {
  const dir = mkdtempSync(join(tmpdir(), 'grace-test-'));
  // In memory, and emptied between the cases: what is tested is the fold, some thousand times.
  const db = new Database(':memory:');
  migrate(db);
  const projector = new Projector(db, dir);
  const tables = db.prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all();
  const forget = tables.map((name) => `DELETE FROM ${name};`).join('');
  const good = {
    incidents: db.prepare<[], Row>('SELECT position, length FROM incident_lines'),
    audit: db.prepare<[], Row>('SELECT position, length FROM audit_entries'),
  };
  const bad = db.prepare<[], Row>('SELECT log, position, length, reason FROM quarantine');
  afterAll(() => {
    db.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const logs: Record<LogName, Buffer> = {
    incidents: Buffer.from(
      line(oldIncident({ incident_id: 'a' })) +
        `${pythonJson(oldIncident({ incident_id: 'b', error: 'é "quoted\\"' }))}\n` +
        line(oldIncident({ incident_id: 'c', metadata: { simulated: true } })),
    ),
    audit: Buffer.from(line(oldAudit()) + line(claimEntry('claim')) + line(taskEntry('task_registered', 'j'))),
  };
  const damages: [string, (log: Buffer, i: number) => Buffer][] = [
    ['its lowest bit flipped', (log, i) => put(log, i, (byte) => byte ^ 1)],
    ['its highest bit flipped', (log, i) => put(log, i, (byte) => byte ^ 0x80)],
    ['replaced by LF', (log, i) => put(log, i, () => 0x0a)],
    ['replaced by NUL', (log, i) => put(log, i, () => 0)],
    ['cut out', (log, i) => Buffer.concat([log.subarray(0, i), log.subarray(i + 1)])],
    ['and all after it cut off', (log, i) => log.subarray(0, i)],
  ];

  describe.each(['incidents', 'audit'] as const)('%s', (name) => {
    it.each(damages)('%s', (_, damage) => {
      const log = logs[name];
      const original = new Set(linesOf(log).lines.map(({ bytes }) => sha(bytes)));
      for (const other of ['incidents', 'audit'] as const) rmSync(logPath(dir, other), { force: true });
      const wrong: string[] = [];
      for (let i = 0; i < log.length; i++) {
        const damaged = damage(log, i);
        rmSync(logPath(dir, name), { force: true });
        writeFileSync(logPath(dir, name), damaged);
        db.exec(forget);
        const result = projector.sync().logs[name];
        wrong.push(...complaints(linesOf(damaged), original, result, name).map((what) => `byte ${i}: ${what}`));
      }
      expect(wrong).toEqual([]);
    });
  });

  /** An untouched record is there; any other line is there or stands in quarantine, with its place and a reason. */
  function complaints({ lines, rest }: Lines, original: Set<string>, result: LogSync, name: LogName): string[] {
    const kept = new Map(good[name].all().map((row) => [row.position, row.length]));
    const quarantined = new Map(bad.all().map((row) => [row.position, row]));
    const found: string[] = [];
    if (result.lines !== lines.length || result.unterminated !== rest) found.push(JSON.stringify(result));
    if (kept.size + quarantined.size !== lines.length) found.push('a line is missing or twice');
    for (const { position, bytes } of lines) {
      if (kept.get(position) === bytes.length) continue;
      const row = quarantined.get(position);
      if (original.has(sha(bytes))) found.push(`the sound line at ${position} is gone`);
      else if (row?.log !== name || row.length !== bytes.length || !row.reason)
        found.push(`at ${position}: no quarantine`);
    }
    return found;
  }
});

function put(log: Buffer, i: number, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(log);
  copy[i] = change(copy[i] ?? 0);
  return copy;
}

interface Lines {
  readonly lines: { position: number; bytes: Buffer }[];
  readonly rest: number;
}

function linesOf(log: Buffer): Lines {
  const lines: { position: number; bytes: Buffer }[] = [];
  let position = 0;
  for (let end = log.indexOf(10); end !== -1; end = log.indexOf(10, position)) {
    lines.push({ position, bytes: log.subarray(position, end) });
    position = end + 1;
  }
  return { lines, rest: log.length - position };
}
