import { appendFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../src/core/ledger.js';
import type { AuditEntry } from '../../../src/core/records/audit-entry.js';
import { program } from '../../support/child.js';
import { dumpRegistry } from '../../support/dump-registry.js';
import {
  auditDraft,
  bindingOf,
  claimEnd,
  claimEntry,
  DEAD_OWNER,
  line,
  newAudit,
  newIncident,
  oldAudit,
  oldIncident,
  taskEntry,
  writeBound,
} from '../../support/records.js';
import { deleteRegistry, logPath, openRegistry } from '../../support/registry.js';
import {
  auditEntries,
  auditLines,
  entriesOf,
  expectCovered,
  expectSealed,
  openSealed,
  sealedDir,
  sha,
} from '../../support/sealed.js';

/** What another program does that knows nothing of grace. */
const echo = (dir: string, ...records: (object | string)[]) =>
  appendFileSync(
    logPath(dir, 'audit'),
    records.map((record) => (typeof record === 'string' ? record : line(record))).join(''),
  );
const act = (ledger: Ledger, resource = 'r') =>
  ledger.transact(() => ({ entries: [auditDraft({ resource })], value: 0 }));

interface Row {
  readonly line: number;
  readonly entry_id: string;
  readonly action: string;
  readonly own: number;
}

function rowsOf(dir: string): Row[] {
  const registry = openRegistry(dir);
  registry.sync();
  const rows = registry.read((db) =>
    db.prepare<[], Row>('SELECT line, entry_id, action, own FROM audit_entries ORDER BY line').all(),
  );
  expect(registry.differencesFromLogs()).toEqual([]);
  registry.close();
  return rows;
}

/** A claim on an incident and a task, both open, as grace itself wrote them. */
async function atWork(): Promise<{ dir: string; ledger: Ledger; claim: string }> {
  const dir = sealedDir();
  const ledger = openSealed(dir);
  const opened = await ledger.transact(() => ({ incidents: [{ record: newIncident(), after: null }], value: 0 }));
  const { entries } = await ledger.transact(() => ({
    incidents: [{ record: newIncident({ status: 'remediating' }), after: opened.hashes[0] ?? '' }],
    entries: [claimEntry('', { incident_id: 'inc_new', target: 't' }), taskEntry('task_registered', 'job')],
    value: 0,
  }));
  return { dir, ledger, claim: entries[0]?.entry_id ?? '' };
}

describe('lines of another program', () => {
  it('are sealed by the next writer, who says where they stand, and change no byte of theirs', async () => {
    const dir = sealedDir();
    const ledger = openSealed(dir);
    await act(ledger);
    const offset = statSync(logPath(dir, 'audit')).size;
    const foreign = `${line(oldAudit())}garbage\n\n${line(newAudit())}`;
    echo(dir, foreign);
    const { entries } = await act(ledger);
    expect(entriesOf(dir, 'foreign_lines_sealed')).toMatchObject([
      {
        entry_id: expect.stringMatching(/^log_7_/),
        actor: 'grace',
        resource: 'immutable_audit.jsonl',
        decision: { effect: 'none' },
        metadata: { first_line: 3, lines: 4, offset, bytes: Buffer.byteLength(foreign), sha256: sha(foreign) },
      },
    ]);
    expectCovered(dir, entries);
    expect(readFileSync(logPath(dir, 'audit'), 'utf8').slice(offset, offset + foreign.length)).toBe(foreign);
    expect(rowsOf(dir).map(({ line: n, own }) => [n, own])).toEqual([
      [1, 1],
      [2, 1],
      [3, 0],
      [6, 0],
      [7, 1],
      [8, 1],
    ]);
    await act(ledger);
    expect(entriesOf(dir, 'foreign_lines_sealed'), 'once').toHaveLength(1);
  });

  it('are not read before that, and their bytes are told', async () => {
    const { dir, ledger } = await atWork();
    const registry = openRegistry(dir);
    registry.sync();
    const before = dumpRegistry(registry);
    const forged = line(claimEntry('forged', { incident_id: 'x' }));
    echo(dir, forged, 'and half a line');
    const result = registry.sync();
    expect(dumpRegistry(registry)).toEqual(before);
    expect(result.logs.audit).toMatchObject({ lines: 0, untaken: forged.length + 15, unterminated: 15 });
    deleteRegistry(dir);
    registry.sync();
    expect(dumpRegistry(registry).audit_entries).toEqual(before.audit_entries);
    await act(ledger);
    expect(registry.sync().logs.audit).toMatchObject({ untaken: 0, unterminated: 0 });
    expect(registry.control((view) => view.allOpenClaims())).toHaveLength(1);
  });

  it('of the incident log: lines of the old system count once a writer has looked at them', async () => {
    const { dir, ledger } = await atWork();
    const text = line(oldIncident());
    appendFileSync(logPath(dir, 'incidents'), text);
    const registry = openRegistry(dir);
    expect(registry.sync().logs.incidents).toMatchObject({ untaken: text.length });
    expect(registry.control((view) => view.incident(oldIncident().incident_id))).toBeUndefined();
    // Also one that has nothing of its own to write.
    await ledger.recover();
    expect(registry.sync().logs.incidents).toMatchObject({ lines: 1, untaken: 0 });
    expect(registry.control((view) => view.incident(oldIncident().incident_id))).toBeDefined();
  });

  const forgeries: [string, (own: { claim: string; line: number }) => (AuditEntry | string)[]][] = [
    ['an approval', () => [newAudit({ action: 'playbook_approved', resource: 'restart-web' })]],
    ['a note that somebody was told', () => [newAudit({ action: 'escalated', resource: 'inc_new' })]],
    ['a loss that was noted', () => [newAudit({ action: 'log_loss_noted', resource: 'incidents.jsonl#0' })]],
    ['a claim', () => [claimEntry('forged', { incident_id: 'other', target: 'other' })]],
    ['the end of a claim', ({ claim }) => [claimEnd(claim)]],
    ['a task that is completed', () => [taskEntry('task_completed', 'job', { duration_seconds: 1 })]],
    ['a task that is registered', () => [taskEntry('task_registered', 'forged')]],
    ['a second adoption', () => [newAudit({ action: 'audit_log_adopted', metadata: { origin: 'x', vkey: 'y' } })]],
    ['a rotation', () => [newAudit({ action: 'log_rotated', metadata: { log: 'audit', first_line: 1 } })]],
    [
      'a range that names lines of ours',
      ({ line: n, claim }) => [
        newAudit({
          entry_id: `log_${n}_20261123001847123000`,
          action: 'foreign_lines_sealed',
          metadata: { first_line: 1, lines: n - 1, offset: 0, bytes: 1, sha256: sha('') },
        }),
        claimEnd(claim),
      ],
    ],
    [
      'a range that names lines that are yet to come',
      ({ line: n }) => [
        newAudit({
          entry_id: `log_${n}_20261123001847123000`,
          action: 'foreign_lines_sealed',
          metadata: { first_line: n + 1, lines: 5, offset: 0, bytes: 1, sha256: sha('') },
        }),
      ],
    ],
    [
      'a range whose own number is made up',
      ({ claim }) => [
        newAudit({
          entry_id: 'log_1000000_20261123001847123000',
          action: 'foreign_lines_sealed',
          metadata: { first_line: 999_995, lines: 4, offset: 0, bytes: 1, sha256: sha('') },
        }),
        claimEnd(claim),
      ],
    ],
  ];

  it.each(forgeries)('have no effect and are on record: %s', async (_, forge) => {
    const { dir, ledger, claim } = await atWork();
    const state = () => {
      const registry = openRegistry(dir);
      registry.sync();
      const what = registry.read((db) => ({
        incidents: db.prepare('SELECT incident_id, status FROM incidents').all(),
        claims: db.prepare('SELECT * FROM claims').all(),
        tasks: db.prepare('SELECT * FROM tasks ORDER BY task_id').all(),
        bindings: db.prepare('SELECT count(*) AS n FROM bindings').all(),
        own: db.prepare('SELECT actor, action, n FROM audit_sums WHERE own = 1 ORDER BY actor, action').all(),
      }));
      const asked = registry.control((view) => [
        view.allOpenClaims().map(({ claim_id }) => claim_id),
        ...['playbook_approved', 'escalated', 'log_loss_noted', 'log_rotated', 'audit_log_adopted'].flatMap((action) =>
          ['restart-web', 'inc_new', 'incidents.jsonl#0', 'port 8080'].map((resource) =>
            view.hasEntry(action, resource),
          ),
        ),
      ]);
      registry.close();
      return { ...what, asked };
    };
    const before = state();
    const first = auditLines(dir).length + 1;
    const lines = forge({ claim, line: first });
    echo(dir, ...lines);
    expect(state(), 'at once').toEqual(before);
    const { entries } = await ledger.transact((view) => {
      expect(view.allOpenClaims().map(({ claim_id }) => claim_id)).toEqual([claim]);
      return { entries: [auditDraft()], value: 0 };
    });
    const after = state();
    const mine = (sums: unknown[]) =>
      sums.filter((sum) => !['foreign_lines_sealed', 'test_note'].includes((sum as { action: string }).action));
    expect({ ...after, own: mine(after.own) }).toEqual({ ...before, own: mine(before.own) });
    deleteRegistry(dir);
    expect(state(), 'projected anew').toEqual(after);
    expect(entriesOf(dir, 'foreign_lines_sealed').at(-1)?.metadata).toMatchObject({
      first_line: first,
      lines: lines.length,
    });
    expectCovered(dir, entries);
    const foreign = rowsOf(dir).filter(({ own }) => own === 0);
    expect(foreign.map(({ line: n }) => n)).toEqual(lines.map((_line, i) => first + i));
    // And later ones of ours keep theirs.
    await ledger.transact(() => ({ entries: [claimEnd(claim)], value: 0 }));
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.allOpenClaims())).toEqual([]);
  });

  it('cannot vouch for an incident line', async () => {
    const { dir, ledger, claim } = await atWork();
    const forged = newIncident({
      status: 'resolved',
      success: true,
      verification: { status: 'verified', by: 'web', passes: 2, at: null },
    });
    writeBound(dir, [forged]);
    const look = () => {
      const registry = openRegistry(dir);
      registry.sync();
      const state = registry.control((view) => [
        view.incident('inc_new')?.record.status,
        view.allOpenClaims().map(({ claim_id }) => claim_id),
      ]);
      registry.close();
      return state;
    };
    expect(look()).toEqual(['remediating', [claim]]);
    await act(ledger);
    expect(look()).toEqual(['remediating', [claim]]);
    // Nor by a binding that comes after the line was taken in.
    const lines = readFileSync(logPath(dir, 'incidents'), 'utf8').split('\n');
    const offset = Buffer.byteLength(`${lines.slice(0, -2).join('\n')}\n`);
    echo(dir, bindingOf(offset, forged));
    await act(ledger);
    expect(look()).toEqual(['remediating', [claim]]);
    deleteRegistry(dir);
    expect(look()).toEqual(['remediating', [claim]]);
    expect(rowsOf(dir).filter(({ own }) => own === 0)).toHaveLength(2);
  });

  it.each([200_000, 2_000_000])('of %i bytes are sealed like any other, and hide nothing', async (length) => {
    const { dir, ledger } = await atWork();
    const huge = `${'x'.repeat(length)}\n`;
    echo(dir, line(oldAudit()), huge, line(oldAudit()));
    const { entries } = await act(ledger);
    expectCovered(dir, entries);
    expect(entriesOf(dir, 'foreign_lines_sealed')[0]?.metadata).toMatchObject({
      lines: 3,
      bytes: huge.length + 2 * line(oldAudit()).length,
    });
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.read((db) => db.prepare('SELECT length, log FROM quarantine').all())).toEqual([
      { length, log: 'audit' },
    ]);
    expect(rowsOf(dir).filter(({ own }) => own === 0)).toHaveLength(2);
    const next = openSealed(dir);
    expectCovered(dir, (await act(next)).entries);
  });

  it('that are many are taken in at once, and fill tiles', async () => {
    const { dir, ledger } = await atWork();
    const many = Array.from({ length: 5000 }, (_, i) => line(oldAudit({ entry_id: `e${i}` })));
    echo(dir, ...many);
    const { entries } = await act(ledger);
    expectCovered(dir, entries);
    expect(entriesOf(dir, 'foreign_lines_sealed')[0]?.metadata).toMatchObject({ lines: 5000 });
    expect(rowsOf(dir).filter(({ own }) => own === 0)).toHaveLength(5000);
  });

  it('appended to a file that was rotated away have no effect either', async () => {
    const { dir, ledger, claim } = await atWork();
    renameSync(logPath(dir, 'audit'), `${logPath(dir, 'audit')}.1`);
    await act(ledger);
    const before = rowsOf(dir);
    appendFileSync(`${logPath(dir, 'audit')}.1`, line(claimEnd(claim)));
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.allOpenClaims().map(({ claim_id }) => claim_id))).toEqual([claim]);
    registry.close();
    await act(openSealed(dir));
    deleteRegistry(dir);
    const again = openRegistry(dir);
    again.sync();
    expect(again.control((view) => view.allOpenClaims().map(({ claim_id }) => claim_id))).toEqual([claim]);
    const own = rowsOf(dir).filter(({ own: mine }) => mine === 1);
    expect(own.slice(0, before.length), 'ours keep their numbers').toEqual(before);
  });
});

describe('an append of another program at the moment of ours', () => {
  it.each([
    ['a whole line', line(oldAudit())],
    ['half a line', '{"entry_id": "cut o'],
    ['several', line(oldAudit()) + line(claimEntry('forged'))],
  ])('%s: the decision is made again, and counts once', async (_, text) => {
    const { dir, ledger } = await atWork();
    let asked = 0;
    const lines = auditLines(dir).length;
    const { entries, hashes } = await ledger.transact((view) => {
      if (++asked === 1) echo(dir, text);
      return {
        incidents: [{ record: newIncident({ status: 'resolved' }), after: view.incident('inc_new')?.hash ?? null }],
        entries: [auditDraft({ resource: 'both' })],
        value: 0,
      };
    });
    expect(asked).toBe(2);
    expectCovered(dir, entries);
    const rows = rowsOf(dir).filter(({ line: n }) => n > lines);
    const own = rows.filter((row) => row.own === 1);
    expect(own.map(({ action }) => action)).toEqual(['foreign_lines_sealed', 'incident_snapshot', 'test_note']);
    expect(own.at(-1)?.entry_id).toBe(entries[0]?.entry_id);
    expect(rows.filter((row) => row.own === 0).map(({ action }) => action)).toContain('test_note');
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.incident('inc_new')?.hash)).toBe(hashes[0]);
    expect(
      registry.read((db) => db.prepare('SELECT bound FROM incident_lines ORDER BY position').pluck().all()),
    ).toEqual([1, 1, 0, 1]);
    expect(registry.control((view) => view.allOpenClaims())).toHaveLength(1);
  });

  it('to the incident log: the same', async () => {
    const { dir, ledger } = await atWork();
    let asked = 0;
    const { entries, hashes } = await ledger.transact((view) => {
      // Looked at when the record is put into bytes: after the file's end was.
      const times = ++asked;
      const record = {
        ...newIncident({ status: 'resolved' }),
        get error() {
          if (times === 1) appendFileSync(logPath(dir, 'incidents'), line(oldIncident()));
          return null;
        },
      };
      return {
        incidents: [{ record, after: view.incident('inc_new')?.hash ?? null }],
        entries: [auditDraft()],
        value: 0,
      };
    });
    expect(asked).toBe(2);
    expectCovered(dir, entries);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.incident('inc_new')?.hash)).toBe(hashes[0]);
    expect(registry.control((view) => view.incident(oldIncident().incident_id))).toBeDefined();
  });

  it('every time: it is given up with a sentence, and the logs stay sound', async () => {
    const { dir, ledger } = await atWork();
    await expect(
      ledger.transact(() => {
        echo(dir, line(oldAudit()));
        return { entries: [auditDraft()], value: 0 };
      }),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^GRACE_/), exit: expect.any(Number) });
    const { entries } = await act(ledger);
    expectCovered(dir, entries);
    expect(rowsOf(dir).filter(({ own, action }) => own === 1 && action === 'test_note')).toHaveLength(1);
  });

  it('by a program that writes all the time, beside two of ours: nothing is lost, doubled or believed', async () => {
    const dir = sealedDir();
    const ledgers = [openSealed(dir), openSealed(dir)];
    for (const ledger of ledgers) await act(ledger);
    const noisy = await program(`
      import { appendFileSync } from 'node:fs';
      const [, , path, text] = process.argv;
      let n = 0;
      let going = true;
      process.stdin.on('data', () => { going = false; });
      console.log('ready');
      const write = () => {
        appendFileSync(path, text);
        n++;
        if (going) setTimeout(write, 1); else { console.log(n); process.exit(0); }
      };
      write();
    `);
    const forged = line(claimEntry('forged'));
    const noise = noisy([logPath(dir, 'audit'), forged]);
    await noise.nextLine();
    const entries: AuditEntry[] = [];
    for (let i = 0; i < 40; i++) {
      const receipts = await Promise.all(ledgers.map((ledger, n) => act(ledger, `${i} ${n}`)));
      entries.push(...receipts.flatMap((receipt) => receipt.entries));
    }
    noise.send('stop');
    const written = Number(await noise.nextLine());
    await noise.ended;
    await act(openSealed(dir));
    expectCovered(dir, entries);
    const rows = rowsOf(dir);
    const own = rows.filter((row) => row.own === 1);
    expect(own.filter(({ action }) => action === 'test_note')).toHaveLength(83);
    expect(rows.filter((row) => row.own === 0 && row.entry_id === 'forged')).toHaveLength(written);
    expect(own.map(({ entry_id }) => entry_id)).not.toContain('forged');
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.allOpenClaims())).toEqual([]);
    expect(auditEntries(dir).filter(({ entry_id }) => entry_id === 'forged')).toHaveLength(written);
  });
});

describe('a torn tail of a sealed log', () => {
  const STUB = '{"entry_id": "cut o';

  it('is ended, is a leaf, has no effect, and is on record', async () => {
    const { dir, ledger } = await atWork();
    const offset = statSync(logPath(dir, 'audit')).size;
    echo(dir, STUB);
    const { entries } = await act(ledger);
    expect(entriesOf(dir, 'tail_ended')).toMatchObject([
      { metadata: { log: 'audit', offset, length: STUB.length, sha256: sha(STUB) } },
    ]);
    expect(entriesOf(dir, 'foreign_lines_sealed')).toMatchObject([{ metadata: { lines: 1, offset } }]);
    expectCovered(dir, entries);
    expect(auditLines(dir).map(String)).toContain(STUB);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.read((db) => db.prepare('SELECT position, length FROM quarantine').all())).toEqual([
      { position: offset, length: STUB.length },
    ]);
  });

  it('of the incident log, too', async () => {
    const { dir, ledger } = await atWork();
    appendFileSync(logPath(dir, 'incidents'), STUB);
    const { entries } = await act(ledger);
    expect(entriesOf(dir, 'tail_ended')).toMatchObject([{ metadata: { log: 'incidents', length: STUB.length } }]);
    expectCovered(dir, entries);
    expect(readFileSync(logPath(dir, 'incidents'), 'utf8').endsWith(`${STUB}\n`)).toBe(true);
  });

  it.each([1, 20, 150, -1])('of a writer of ours that was killed after %i bytes of its line', async (n) => {
    const { dir } = await atWork();
    const start = await program(`
      import fs from 'node:fs';
      import { systemClock } from 'grace:core/host/clock';
      import { Ledger } from 'grace:core/ledger';
      import { claimMetadata } from 'grace:core/records/claim';
      import { syncBuiltinESMExports } from 'node:module';
      const [, , dir, bytes] = process.argv;
      const ledger = new Ledger({
        dir, clock: systemClock, invocation: 'grace', jitter: Math.random, unique: String(process.pid),
        keys: { directory: dir + '/../keys' },
      });
      await ledger.transact(() => ({ value: 0 }));
      const write = fs.writeSync;
      fs.writeSync = (fd, buffer, ...rest) => {
        if (!String(buffer).startsWith('{"entry_id"')) return write(fd, buffer, ...rest);
        write(fd, buffer, 0, (Number(bytes) + buffer.length) % buffer.length);
        process.kill(process.pid, 'SIGKILL');
      };
      syncBuiltinESMExports();
      const metadata = { incident_id: 'x', target: 'x', playbook_id: 'p', owner: ${JSON.stringify(DEAD_OWNER)} };
      await ledger.transact(() => ({ entries: [{ actor: 'a', action: 'remedy_claimed', resource: 'x', decision: {}, metadata }], value: 0 }));
    `);
    const before = auditLines(dir).length;
    expect(await start([dir, String(n)]).ended).toMatchObject({ signal: 'SIGKILL' });
    const ledger = openSealed(dir);
    const { entries } = await act(ledger);
    expectCovered(dir, entries);
    expect(auditLines(dir).length).toBe(before + 4);
    expect(entriesOf(dir, 'foreign_lines_sealed')).toMatchObject([{ metadata: { first_line: before + 1, lines: 1 } }]);
    const registry = openRegistry(dir);
    registry.sync();
    expect(registry.control((view) => view.allOpenClaims())).toHaveLength(1);
  });
});

it('readers and writers of a log with foreign lines agree after any order of looks', async () => {
  const { dir, ledger } = await atWork();
  const registry = openRegistry(dir);
  for (let i = 0; i < 30; i++) {
    if (i % 3 === 0) echo(dir, line(i % 2 ? claimEntry(`f${i}`) : oldAudit({ entry_id: `e${i}` })));
    if (i % 4 === 0) registry.sync({ quick: i % 8 === 0 });
    if (i % 5 !== 0) await act(ledger, String(i));
    if (i % 7 === 0) writeBound(dir, [newIncident({ incident_id: `forged${i}` })]);
  }
  await act(ledger);
  registry.sync();
  const kept = dumpRegistry(registry);
  registry.close();
  deleteRegistry(dir);
  const again = openRegistry(dir);
  again.sync();
  expect(kept).toEqual(dumpRegistry(again));
  expect(again.control((view) => [view.allOpenClaims().length, view.openIncidents().length])).toEqual([1, 1]);
  expect(expectSealed(dir).sealed).toBe(auditLines(dir).length);
});
