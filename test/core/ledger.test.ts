import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/core/errors.js';
import { orderSegments } from '../../src/core/journal/segments.js';
import type { Draft } from '../../src/core/ledger.js';
import type { AuditEntry } from '../../src/core/records/audit-entry.js';
import { claimMetadata, decideClaim } from '../../src/core/records/claim.js';
import type { JsonObject } from '../../src/core/records/json.js';
import { program } from '../support/child.js';
import { dumpRegistry } from '../support/dump-registry.js';
import { auditDraft, DEAD_OWNER, line, newIncident, oldAudit, oldIncident, writeBound } from '../support/records.js';
import { deleteRegistry, LOG_FILE, type LogName, logPath, openLedger, openRegistry } from '../support/registry.js';
import { fingerprintOf, tempDir } from '../support/temp-dir.js';

const isRoot = process.geteuid?.() === 0;
const sha = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

/** Every file of a log, oldest first, as one text. */
function whole(dir: string, log: LogName): string {
  return orderSegments(LOG_FILE[log], readdirSync(dir))
    .map((name) => readFileSync(join(dir, name), 'utf8'))
    .join('');
}
const linesOf = (dir: string, log: LogName) => whole(dir, log).split('\n').slice(0, -1);
const entriesOf = (dir: string) =>
  linesOf(dir, 'audit').flatMap((text): AuditEntry[] => {
    try {
      return [JSON.parse(text) as AuditEntry];
    } catch {
      return [];
    }
  });
const withAction = (dir: string, action: string) => entriesOf(dir).filter((entry) => entry.action === action);

async function refusal(work: () => unknown): Promise<OperatorError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof OperatorError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

/** Each audit entry that names a line names its own, and each binding the bytes it is about. */
function expectSound(dir: string): void {
  const incidents = Buffer.from(whole(dir, 'incidents'));
  for (const [i, text] of linesOf(dir, 'audit').entries()) {
    if (!text.startsWith('{"entry_id":"log_')) continue;
    const { entry_id, timestamp, action, resource, metadata } = JSON.parse(text) as AuditEntry;
    if (!timestamp.endsWith('Z')) continue;
    expect(entry_id).toMatch(new RegExp(`^log_${i + 1}_\\d{20}$`));
    if (action !== 'incident_snapshot') continue;
    const { offset, length, sha256 } = metadata as { offset: number; length: number; sha256: string };
    const bytes = incidents.subarray(offset, offset + length);
    expect(sha(bytes)).toBe(sha256);
    expect(incidents[offset + length]).toBe(10);
    expect((JSON.parse(bytes.toString()) as { incident_id: string }).incident_id).toBe(resource);
  }
}

describe('a receipt', () => {
  it('tells what stands on the disk', async () => {
    const dir = join(tempDir(), 'logs');
    const ledger = openLedger(dir, { clock: { now: () => Date.UTC(2026, 10, 23, 0, 18, 47, 123), elapsed: () => 1 } });
    const record = newIncident({ error: 'é🔥' });
    const receipt = await ledger.transact(() => ({
      incidents: [{ record, after: null }],
      entries: [auditDraft({ metadata: { a: 1 } }), auditDraft({ resource: '' })],
      value: 'done',
    }));
    expect(whole(dir, 'incidents')).toBe(line(record));
    const [binding, ...entries] = entriesOf(dir);
    expect(binding).toEqual({
      entry_id: 'log_1_20261123001847123000',
      timestamp: '2026-11-23T00:18:47.123Z',
      actor: 'grace',
      action: 'incident_snapshot',
      resource: 'inc_new',
      decision: { status: 'detected' },
      metadata: { offset: 0, length: Buffer.byteLength(line(record)) - 1, sha256: sha(line(record).trim()) },
    });
    expect(receipt).toEqual({ value: 'done', entries, hashes: [sha(line(record).trim())] });
    expect(entries.map((entry) => entry.entry_id)).toEqual([
      'log_2_20261123001847123000',
      'log_3_20261123001847123000',
    ]);
    expect(Object.keys(entries[0] ?? {})).toEqual(Object.keys(oldAudit()));
    expectSound(dir);
  });

  it('of a decision that wants nothing is empty, and nothing is written', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    expect(await ledger.transact(() => ({ value: 7 }))).toEqual({ value: 7, entries: [], hashes: [] });
    expect(whole(dir, 'audit') + whole(dir, 'incidents')).toBe('');
  });

  it('is given for each of many acts of one process', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    const acts = Array.from({ length: 30 }, (_, i) =>
      ledger.transact(() => ({ entries: [auditDraft({ resource: String(i) })], value: i })),
    );
    const receipts = await Promise.all(acts);
    const byId = new Map(entriesOf(dir).map((entry) => [entry.entry_id, entry.resource]));
    expect(byId.size).toBe(30);
    for (const { value, entries } of receipts) expect(byId.get(entries[0]?.entry_id ?? '')).toBe(String(value));
    expectSound(dir);
  });

  it('counts lines that others wrote, bad ones too', async () => {
    const dir = tempDir();
    writeFileSync(logPath(dir, 'audit'), `${line(oldAudit())}garbage\n\n`);
    const ledger = openLedger(dir);
    await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
    appendFileSync(logPath(dir, 'audit'), 'more garbage\n');
    await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
    expect(entriesOf(dir).map((entry) => entry.entry_id.split('_')[1])).toEqual(['1', '4', '6']);
    expectSound(dir);
  });
});

describe('a decision', () => {
  it('sees what was written before it, by others too', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    await ledger.transact(() => ({ value: 0 }));
    const others = [newIncident({ incident_id: 'of-grace' }), oldIncident({ incident_id: 'of-the-old-system' })];
    writeBound(dir, others);
    const { value } = await ledger.transact((view) => ({
      value: others.map(({ incident_id }) => view.incident(incident_id)?.hash),
    }));
    expect(value).toEqual(others.map((record) => sha(line(record).trim())));
  });

  it('that throws writes nothing and frees the lock', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir, { lock_timeout_s: 1 });
    await expect(
      ledger.transact(() => {
        throw new RangeError('undecided');
      }),
    ).rejects.toThrow('undecided');
    expect(whole(dir, 'audit')).toBe('');
    await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
    expect(entriesOf(dir)).toHaveLength(1);
  });

  it('grants one of many claims, whatever becomes of the registry', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    const opened = await ledger.transact(() => ({ incidents: [{ record: newIncident(), after: null }], value: 0 }));
    const request = {
      incident_id: 'inc_new',
      target: 't',
      playbook_id: 'p',
      predecessor: opened.hashes[0] ?? '',
    };
    const claim = () =>
      ledger.transact((view) => {
        const situation = { incident: view.incident('inc_new'), open: view.openClaims('inc_new', 't') };
        const verdict = decideClaim(request, situation, () => true);
        if (!verdict.granted) return { value: verdict.reason as string };
        const metadata = claimMetadata(request, DEAD_OWNER);
        return { entries: [auditDraft({ action: 'remedy_claimed', metadata })], value: 'granted' };
      });
    const verdicts: string[] = [];
    for (let i = 0; i < 4; i++) {
      verdicts.push((await claim()).value);
      if (i === 1) deleteRegistry(dir);
      if (i === 2) writeFileSync(join(dir, 'registry.db'), 'damaged');
    }
    expect(verdicts).toEqual(['granted', 'claimed_by_another', 'claimed_by_another', 'claimed_by_another']);
  });
});

describe('a snapshot', () => {
  it('must follow the last one', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    const write = (after: string | null, error: string) =>
      ledger.transact(() => ({
        incidents: [{ record: newIncident({ error }), after }],
        entries: [auditDraft()],
        value: 0,
      }));
    const [first = ''] = (await write(null, 'first')).hashes;
    const [second = ''] = (await write(first, 'second')).hashes;
    const before = [whole(dir, 'incidents'), whole(dir, 'audit')];
    await expect(write(first, 'stale')).rejects.toThrow(/decided on/);
    await expect(write(null, 'opened again')).rejects.toThrow(/decided on/);
    await expect(write('0'.repeat(64), 'made up')).rejects.toThrow(/decided on/);
    expect([whole(dir, 'incidents'), whole(dir, 'audit')]).toEqual(before);
    await write(second, 'third');
    expect(linesOf(dir, 'incidents')).toHaveLength(3);
    expectSound(dir);
  });

  it('stands once in a decision', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    const one = newIncident({ error: 'one' });
    for (const after of [null, sha(line(one).trim())]) {
      const incidents = [
        { record: one, after: null },
        { record: newIncident({ error: 'two' }), after },
      ];
      await expect(ledger.transact(() => ({ incidents, value: 0 }))).rejects.toThrow(/stands twice/);
      expect(whole(dir, 'incidents')).toBe('');
    }
  });
});

describe('a record that cannot be', () => {
  const deep = () => {
    let value: JsonObject = {};
    for (let i = 0; i < 70; i++) value = { a: value };
    return value;
  };
  it.each([
    [
      'an entry longer than a line may be',
      { entries: [auditDraft(), auditDraft({ metadata: { x: 'x'.repeat(65_536) } })] },
    ],
    [
      'a snapshot longer than a line may be',
      { incidents: [{ record: newIncident({ error: 'x'.repeat(1 << 20) }), after: null }] },
    ],
    ['an entry nested too deep', { entries: [auditDraft({ metadata: deep() })] }],
    ['a snapshot nested too deep', { incidents: [{ record: newIncident({ metadata: deep() }), after: null }] }],
    ['an entry without an actor', { entries: [auditDraft({ actor: '' })] }],
    ['a time that is none', { incidents: [{ record: newIncident({ resolved_at: 'soon' }), after: null }] }],
    ['a duration that is none', { incidents: [{ record: newIncident({ mttr_seconds: -1 }), after: null }] }],
    [
      'a key that readers refuse',
      { entries: [auditDraft({ decision: JSON.parse('{"__proto__":{"a":1}}') as JsonObject })] },
    ],
  ])('%s: is refused, and nothing is written', async (_, draft) => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    const good = { record: newIncident({ incident_id: 'good' }), after: null };
    const all = { value: 0, ...draft, incidents: [good, ...('incidents' in draft ? draft.incidents : [])] };
    expect((await refusal(() => ledger.transact(() => all))).exit).toBe(14);
    expect(whole(dir, 'incidents') + whole(dir, 'audit')).toBe('');
    await ledger.transact(() => ({ incidents: [good], value: 0 }));
    expectSound(dir);
  });

  it('just as long as a line may be is taken', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    const base = line({
      entry_id: 'log_1_20261123001847123000',
      timestamp: '2026-11-23T00:18:47.123Z',
      ...auditDraft({ metadata: { x: '' } }),
    });
    const entry = auditDraft({ metadata: { x: 'x'.repeat(65_535 - base.length + 1) } });
    await ledger.transact(() => ({ entries: [entry], value: 0 }));
    expect(linesOf(dir, 'audit')[0]).toHaveLength(65_535);
    const { quarantined } = openRegistry(dir).sync().logs.audit;
    expect(quarantined).toBe(0);
  });
});

describe('a torn tail', () => {
  const STUB = '{"incident_id": "cut o';

  it.each(['incidents', 'audit'] as const)('of the %s log is ended with LF and noted, once', async (log) => {
    const dir = tempDir();
    const good = log === 'audit' ? line(oldAudit()) : line(oldIncident());
    writeFileSync(logPath(dir, log), good + STUB);
    const ledger = openLedger(dir);
    const noted = await ledger.recover();
    expect(noted).toMatchObject([
      {
        action: 'tail_ended',
        resource: LOG_FILE[log],
        decision: { quarantined: true },
        metadata: { log, offset: good.length, length: STUB.length, sha256: sha(STUB) },
      },
    ]);
    expect(whole(dir, log).startsWith(`${good}${STUB}\n`)).toBe(true);
    expect(await ledger.recover()).toEqual([]);
    await ledger.transact(() => ({
      incidents: [{ record: newIncident(), after: null }],
      entries: [auditDraft()],
      value: 0,
    }));
    expect(withAction(dir, 'tail_ended')).toHaveLength(1);
    expectSound(dir);
    const registry = openRegistry(dir);
    registry.sync();
    const rows = registry.read((db) => db.prepare('SELECT log, position, length FROM quarantine').all());
    expect(rows).toEqual([{ log, position: good.length, length: STUB.length }]);
  });

  it('of both at once, before the next record, which is unharmed', async () => {
    const dir = tempDir();
    writeFileSync(logPath(dir, 'incidents'), 'a');
    writeFileSync(logPath(dir, 'audit'), '{"entry_id": "log_1');
    const ledger = openLedger(dir);
    const receipt = await ledger.transact(() => ({
      incidents: [{ record: newIncident(), after: null }],
      entries: [auditDraft()],
      value: 0,
    }));
    expect(entriesOf(dir).map((entry) => entry.action)).toEqual([
      'tail_ended',
      'tail_ended',
      'incident_snapshot',
      'test_note',
    ]);
    expect(receipt.entries.map((entry) => entry.action)).toEqual(['test_note']);
    expect(linesOf(dir, 'incidents')).toEqual(['a', line(newIncident()).trim()]);
    expectSound(dir);
  });

  it('that comes while the ledger is open', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
    const offset = statSync(logPath(dir, 'audit')).size;
    appendFileSync(logPath(dir, 'audit'), STUB);
    await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
    expect(withAction(dir, 'tail_ended')[0]?.metadata).toEqual({
      log: 'audit',
      offset,
      length: STUB.length,
      sha256: sha(STUB),
    });
    expectSound(dir);
  });

  it.each([
    ['and nothing new was begun', '', false],
    ['and an empty file was begun', '', true],
    ['and others wrote into the new one', line(oldAudit()), true],
  ])('of a file that was rotated away, %s', async (_, next, create) => {
    const dir = tempDir();
    const path = logPath(dir, 'audit');
    const good = line(oldAudit());
    writeFileSync(path, good + STUB);
    renameSync(path, `${path}.1`);
    if (create) writeFileSync(path, next);
    const ledger = openLedger(dir);
    await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
    expect(withAction(dir, 'tail_ended').map((entry) => entry.metadata)).toEqual([
      { log: 'audit', offset: good.length, length: STUB.length, sha256: sha(STUB) },
    ]);
    expect(readFileSync(`${path}.1`, 'utf8')).toBe(`${good}${STUB}\n`);
    expectSound(dir);
  });

  it('of a file that was rotated away, which a reader saw first', async () => {
    const dir = tempDir();
    const path = logPath(dir, 'audit');
    writeFileSync(path, line(oldAudit()) + STUB);
    renameSync(path, `${path}.1`);
    writeFileSync(path, line(oldAudit()));
    const reader = openRegistry(dir);
    reader.sync();
    reader.close();
    await openLedger(dir).recover();
    expect(withAction(dir, 'tail_ended')).toHaveLength(1);
    expect(readFileSync(`${path}.1`, 'utf8').endsWith(`${STUB}\n`)).toBe(true);
    expectSound(dir);
    const registry = openRegistry(dir);
    registry.sync();
    const kept = dumpRegistry(registry);
    deleteRegistry(dir);
    registry.sync();
    expect(kept, 'lines after it were numbered anew').toEqual(dumpRegistry(registry));
  });

  it('is ended once by several processes at the same time', async () => {
    const dir = tempDir();
    writeFileSync(logPath(dir, 'incidents'), STUB);
    const start = await program(RECOVER);
    const children = Array.from({ length: 4 }, () => start([dir]));
    for (const child of children) expect(await child.nextLine()).toBe('ready');
    for (const child of children) child.send('go');
    for (const child of children) expect(await child.ended).toMatchObject({ code: 0, stderr: '' });
    expect(withAction(dir, 'tail_ended')).toHaveLength(1);
    expect(whole(dir, 'incidents')).toBe(`${STUB}\n`);
  });
});

const OPEN = `
  import { systemClock } from 'grace:core/host/clock';
  import { Ledger } from 'grace:core/ledger';
  const [, , dir, name] = process.argv;
  const ledger = new Ledger({ dir, clock: systemClock, invocation: 'grace', jitter: Math.random, unique: String(process.pid) });
`;
const RECOVER = `${OPEN}
  console.log('ready');
  process.stdin.once('data', async () => { await ledger.recover(); ledger.close(); process.exit(0); });
`;

describe('four processes', () => {
  it('writing at once lose nothing, double nothing, and number every line rightly', async () => {
    const dir = tempDir();
    mkdirSync(dir, { recursive: true });
    const start = await program(`${OPEN}
      import { newIncident, auditDraft } from ${JSON.stringify(join(import.meta.dirname, '../support/records.ts'))};
      const acknowledged = [];
      let after = null;
      for (let i = 0; i < 40; i++) {
        const draft = (view) => ({
          incidents: [
            { record: newIncident({ incident_id: name, error: String(i) }), after },
            { record: newIncident({ incident_id: 'shared', error: name + i }), after: view.incident('shared')?.hash ?? null },
          ],
          entries: [auditDraft({ resource: name + ' ' + i })],
          value: 0,
        });
        const receipt = await ledger.transact(draft);
        after = receipt.hashes[0];
        acknowledged.push([receipt.entries[0].entry_id, receipt.entries[0].resource, ...receipt.hashes]);
      }
      ledger.close();
      console.log(JSON.stringify(acknowledged));
    `);
    const children = ['a', 'b', 'c', 'd'].map((name) => start([dir, name]));
    const acknowledged: string[][] = [];
    for (const child of children) {
      const { code, stderr } = await child.ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      acknowledged.push(...(JSON.parse(await child.nextLine()) as string[][]));
    }
    expect(acknowledged).toHaveLength(160);
    const entries = new Map(entriesOf(dir).map((entry) => [entry.entry_id, entry]));
    const hashes = linesOf(dir, 'incidents').map(sha);
    expect(entries.size).toBe(480);
    expect(hashes).toHaveLength(320);
    for (const [id = '', resource, ...bound] of acknowledged) {
      expect(entries.get(id)).toMatchObject({ action: 'test_note', resource });
      for (const hash of bound) expect(hashes.filter((other) => other === hash)).toHaveLength(1);
    }
    expectSound(dir);
    const registry = openRegistry(dir);
    registry.sync();
    const kept = dumpRegistry(registry);
    registry.close();
    deleteRegistry(dir);
    const again = openRegistry(dir);
    again.sync();
    expect(kept).toEqual(dumpRegistry(again));
    expect(kept.quarantine).toEqual([]);
  });
});

describe('a rotation by rename', () => {
  it('between two acts is followed', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    const other = openLedger(dir);
    let after: string | null = null;
    for (let i = 0; i < 4; i++) {
      const draft: Draft<number> = {
        incidents: [{ record: newIncident({ error: String(i) }), after }],
        entries: [auditDraft()],
        value: 0,
      };
      after = (await (i % 2 ? other : ledger).transact(() => draft)).hashes[0] ?? null;
      for (const log of ['incidents', 'audit'] as const) {
        const path = logPath(dir, log);
        for (let n = i; n > 0; n--) renameSync(`${path}.${n}`, `${path}.${n + 1}`);
        renameSync(path, `${path}.1`);
        if (i === 2) writeFileSync(path, '', { mode: 0o640 });
      }
    }
    expect(entriesOf(dir).map((entry) => entry.entry_id.split('_')[1])).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
    ]);
    expect(linesOf(dir, 'incidents')).toHaveLength(4);
    expect(withAction(dir, 'log_loss_noted')).toEqual([]);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.incident('inc_new')?.hash)).toBe(after);
    const bindings = registry.read((db) => db.prepare('SELECT position FROM bindings').pluck().all());
    expect(bindings, 'each snapshot is the first of its file').toEqual([0, 0, 0, 0]);
  });
});

describe('bytes that are gone', () => {
  function written(): string {
    const dir = tempDir();
    for (let i = 0; i < 3; i++) {
      appendFileSync(logPath(dir, 'incidents'), line(oldIncident({ incident_id: `i${i}` })));
      appendFileSync(logPath(dir, 'audit'), line(oldAudit({ entry_id: `e${i}` })));
    }
    const registry = openRegistry(dir);
    registry.sync();
    registry.close();
    return dir;
  }
  const third = (dir: string, log: LogName) => statSync(logPath(dir, log)).size / 3;

  it.each(['incidents', 'audit'] as const)('from the %s log are noted once, and the ledger goes on', async (log) => {
    const dir = written();
    const size = third(dir, log) * 3;
    const had = sha(readFileSync(logPath(dir, log)));
    truncateSync(logPath(dir, log), third(dir, log));
    const ledger = openLedger(dir);
    const receipt = await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
    expect(withAction(dir, 'log_loss_noted')).toMatchObject([
      {
        decision: { kind: 'shrunk' },
        metadata: { log, kind: 'shrunk', bytes_before: size, bytes_now: size / 3, had },
      },
    ]);
    expect(receipt.entries.map((entry) => entry.action)).toEqual(['test_note']);
    expect(await ledger.recover()).toEqual([]);
    expect(await openLedger(dir).recover()).toEqual([]);
    expect(withAction(dir, 'log_loss_noted')).toHaveLength(1);
    expectSound(dir);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.notes).toMatchObject({ temporary: undefined, losses: [] });
  });

  it('in the middle of a line are noted, and the stub is ended', async () => {
    const dir = written();
    const offset = third(dir, 'incidents');
    truncateSync(logPath(dir, 'incidents'), offset + 10);
    await openLedger(dir).recover();
    expect(
      entriesOf(dir)
        .map((entry) => entry.action)
        .sort(),
    ).toEqual(['log_loss_noted', 'tail_ended', ...Array.from({ length: 3 }, () => 'test_boot')]);
    expect(withAction(dir, 'tail_ended')[0]?.metadata).toMatchObject({ offset, length: 10 });
  });

  it('are noted once though the process is killed before the registry has accepted it', async () => {
    const dir = written();
    truncateSync(logPath(dir, 'audit'), third(dir, 'audit'));
    const start = await program(`${OPEN}
      ledger.registry.acceptLosses = () => process.kill(process.pid, 'SIGKILL');
      await ledger.transact(() => ({ value: 0 }));
    `);
    const killed = await start([dir]).ended;
    expect(killed.signal).toBe('SIGKILL');
    expect(withAction(dir, 'log_loss_noted')).toHaveLength(1);
    expect(await openLedger(dir).recover()).toEqual([]);
    expect(withAction(dir, 'log_loss_noted')).toHaveLength(1);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.notes.losses).toEqual([]);
    expect(registry.control((view) => view.auditLines())).toBe(2);
  });

  it('are noted once by several processes at the same time', async () => {
    const dir = written();
    truncateSync(logPath(dir, 'incidents'), 0);
    const start = await program(RECOVER);
    const children = Array.from({ length: 4 }, () => start([dir]));
    for (const child of children) expect(await child.nextLine()).toBe('ready');
    for (const child of children) child.send('go');
    for (const child of children) expect(await child.ended).toMatchObject({ code: 0, stderr: '' });
    expect(withAction(dir, 'log_loss_noted')).toHaveLength(1);
    expectSound(dir);
  });
});

describe('logs that are not to be written', () => {
  const cases: [string, (dir: string) => void, number, string][] = [
    ['a read-only directory', (dir) => chmodSync(dir, 0o555), 4, 'GRACE_LOGS_READ_ONLY'],
    ['a directory everybody may write to', (dir) => chmodSync(dir, 0o777), 4, 'GRACE_LOGS_WORLD_WRITABLE'],
    ['a read-only log', (dir) => chmodSync(logPath(dir, 'audit'), 0o440), 4, 'GRACE_LOG_REFUSED'],
    ['a log everybody may write to', (dir) => chmodSync(logPath(dir, 'incidents'), 0o666), 4, 'GRACE_LOG_REFUSED'],
    ['a log with a second name', (dir) => linkSync(logPath(dir, 'audit'), join(dir, 'x')), 4, 'GRACE_LOG_REFUSED'],
    ['a link in place of a log', (dir) => replaceByLink(logPath(dir, 'audit')), 4, 'GRACE_LOG_REFUSED'],
    ['a directory in place of a log', (dir) => replaceByDirectory(logPath(dir, 'incidents')), 4, 'GRACE_LOG_REFUSED'],
    ...(isRoot
      ? ([
          ['a directory of another account', (dir) => chownSync(dir, 65534, 65534), 4, 'GRACE_NOT_OWNER'],
          ['a log of another account', (dir) => chownSync(logPath(dir, 'audit'), 65534, 65534), 4, 'GRACE_LOG_REFUSED'],
        ] as [string, (dir: string) => void, number, string][])
      : []),
  ];
  it.each(cases)('%s', async (_, protect, exit, code) => {
    const dir = tempDir();
    for (const log of ['incidents', 'audit'] as const) writeFileSync(logPath(dir, log), '', { mode: 0o640 });
    protect(dir);
    const before = fingerprintOf(dir) as { files: { name: string }[] };
    const error = await refusal(async () => {
      const ledger = openLedger(dir);
      await ledger.transact(() => ({
        incidents: [{ record: newIncident(), after: null }],
        entries: [auditDraft()],
        value: 0,
      }));
    });
    expect(error).toMatchObject({ exit, code });
    const logsOf = (print: { files: { name: string }[] }) => print.files.filter(({ name }) => name.endsWith('.jsonl'));
    expect(logsOf(fingerprintOf(dir) as typeof before)).toEqual(logsOf(before));
  });

  it('a path that is a file', async () => {
    const path = join(tempDir(), 'file');
    writeFileSync(path, '');
    expect(await refusal(() => openLedger(path))).toMatchObject({ exit: 2 });
  });

  it('a log put in place of the opened one is looked at again', async () => {
    const dir = tempDir();
    const ledger = openLedger(dir);
    await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
    replaceByLink(logPath(dir, 'audit'));
    const error = await refusal(() => ledger.transact(() => ({ entries: [auditDraft()], value: 0 })));
    expect(error.exit).toBe(4);
    expect(readFileSync(`${logPath(dir, 'audit')}.target`, 'utf8').split('\n')).toHaveLength(2);
  });
});

it('gives up when another process keeps the lock, with exit code 11', async () => {
  const dir = tempDir();
  const start = await program(`${OPEN}
    import { napMs } from 'grace:core/host/nap';
    await ledger.transact(() => { console.log('held'); for (;;) napMs(1000); });
  `);
  const holder = start([dir]);
  expect(await holder.nextLine()).toBe('held');
  const ledger = openLedger(dir, { lock_timeout_s: 0.2 });
  const error = await refusal(() => ledger.transact(() => ({ entries: [auditDraft()], value: 0 })));
  expect(error).toMatchObject({ code: 'GRACE_LOCKED', exit: 11 });
  expect(error.message).toContain(`process ${holder.pid} (node)`);
  holder.kill();
  await holder.ended;
  await ledger.transact(() => ({ entries: [auditDraft()], value: 0 }));
  expect(entriesOf(dir)).toHaveLength(1);
});

it('creates its logs, readable by the group and nobody else', async () => {
  const dir = join(tempDir(), 'a', 'b');
  await openLedger(dir).transact(() => ({ value: 0 }));
  for (const log of ['incidents', 'audit'] as const) expect(statSync(logPath(dir, log)).mode & 0o777).toBe(0o640);
  expect(statSync(dir).mode & 0o777).toBe(0o750);
});

it('goes on when a log is deleted between two acts, and says so', async () => {
  const dir = tempDir();
  const ledger = openLedger(dir);
  await ledger.transact(() => ({ entries: [auditDraft({ resource: 'first' })], value: 0 }));
  const size = statSync(logPath(dir, 'audit')).size;
  openRegistry(dir).sync();
  rmSync(logPath(dir, 'audit'));
  expect(existsSync(logPath(dir, 'audit'))).toBe(false);
  await ledger.transact(() => ({ entries: [auditDraft({ resource: 'second' })], value: 0 }));
  expect(withAction(dir, 'log_loss_noted')).toMatchObject([{ metadata: { kind: 'removed', bytes_before: size } }]);
  expect(withAction(dir, 'test_note').map((entry) => entry.resource)).toEqual(['second']);
  expectSound(dir);
});

function replaceByLink(path: string): void {
  renameSync(path, `${path}.target`);
  symlinkSync(`${path}.target`, path);
}

function replaceByDirectory(path: string): void {
  rmSync(path);
  mkdirSync(path);
}
