import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cliEnv, expectSealedOnce, grace, isSentence, keysMade, readLogs } from '../support/cli.js';
import { claimEnd, claimEntry, line, newIncident, oldAudit, oldIncident } from '../support/records.js';
import { entriesOf, expectCovered, expectSealed, sidecar } from '../support/sealed.js';
import { tempDir } from '../support/temp-dir.js';

const REPORT = ['trigger', 'incident', '--failure-mode', 'disk_full'];
const report = (logs: string, args: readonly string[] = [], env: Record<string, string> = {}) =>
  grace([...REPORT, '--logs', logs, ...args], { env });
const logsDir = () => join(tempDir(), 'logs');

async function sealed(): Promise<{ logs: string; key: string }> {
  const logs = logsDir();
  const before = keysMade();
  expectSealedOnce([await report(logs)]);
  const [made = ''] = keysMade().filter((name) => !before.includes(name));
  return { logs, key: join(cliEnv().XDG_STATE_HOME ?? '', 'grace/keys', made) };
}

describe('the first command that writes', () => {
  test('seals the log, says so with the public key, and names the file of the secret one; later ones are silent', async () => {
    const logs = logsDir();
    const run = await report(logs);
    expectSealedOnce([run]);
    const vkey = readFileSync(sidecar(logs, 'vkey'), 'utf8').trim();
    expect(run.stderr.split('\n')[1]).toBe(vkey);
    const file = /^grace: note: the secret half is (.+), for this account alone$/m.exec(run.stderr)?.[1] ?? '';
    expect(file.startsWith(`${cliEnv().XDG_STATE_HOME}/grace/keys/`)).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(run.stdout + run.stderr).not.toContain('PRIVATE');
    expectCovered(logs, readLogs(logs).audit);
    expect(await report(logs)).toMatchObject({ code: 0, stderr: '' });
    expectCovered(logs, readLogs(logs).audit);
    expect(readFileSync(sidecar(logs, 'checkpoint'), 'utf8').split('\n')[1]).toBe(String(readLogs(logs).audit.length));
  });

  test('says how many older lines nobody can vouch for', async () => {
    const logs = logsDir();
    mkdirSync(logs, { mode: 0o750 });
    writeFileSync(join(logs, 'immutable_audit.jsonl'), line(oldAudit()).repeat(3));
    const run = await report(logs);
    expectSealedOnce([run]);
    expect(run.stderr).toContain('its 3 older lines');
  });

  test.each([
    ['--key', (file: string) => [['--key', file], {}] as const],
    ['$GRACE_KEY', (file: string) => [[], { GRACE_KEY: file }] as const],
    ['--key rather than $GRACE_KEY', (file: string) => [['--key', file], { GRACE_KEY: '/nonexistent/key' }] as const],
  ])('puts the key where %s names a place', async (_, given) => {
    const logs = logsDir();
    const file = join(tempDir(), 'of this log.key');
    const before = keysMade();
    const [args, env] = given(file);
    const run = await report(logs, args, env);
    expectSealedOnce([run]);
    expect(run.stderr).toContain(`the secret half is ${file}, `);
    expect(readFileSync(file, 'utf8')).toMatch(/^PRIVATE\+KEY\+/);
    expect(keysMade()).toEqual(before);
    expect(await report(logs, args, env)).toMatchObject({ code: 0, stderr: '' });
    expectCovered(logs, readLogs(logs).audit);
  });

  test('takes a relative --key from where it stands', async () => {
    const cwd = tempDir();
    expectSealedOnce([await grace([...REPORT, '--key', 'here.key'], { cwd })]);
    expect(readdirSync(cwd).sort()).toEqual(['here.key', 'logs']);
  });

  test('falls back on ~/.local/state', async () => {
    const logs = logsDir();
    const home = tempDir();
    expectSealedOnce([await report(logs, [], { XDG_STATE_HOME: '', HOME: home })]);
    expect(readdirSync(join(home, '.local/state/grace/keys'))).toHaveLength(1);
  });

  test('where there is no place at all: it is recorded, and each command says that nobody signs', async () => {
    const logs = logsDir();
    for (let i = 0; i < 2; i++) {
      const run = await report(logs, [], { XDG_STATE_HOME: '', HOME: '' });
      expect(run.code).toBe(0);
      expect(run.stderr).toMatch(/^grace: warning: NO KEY: .+\ngrace: hint: grace evidence audit --logs .+\n$/);
    }
    expect(existsSync(sidecar(logs))).toBe(false);
    expect(readLogs(logs).incidents).toHaveLength(2);
  });

  test.each(['list', 'stats', 'show x'])('registry %s knows no --key', async (words) => {
    const run = await grace(['registry', ...words.split(' '), '--key', 'x'], { cwd: tempDir() });
    expect(run.code).toBe(2);
    expect(isSentence(run.stderr)).toBe(true);
  });
});

describe('a key that will not do', () => {
  test.each([
    ['is there already', 'GRACE_KEY_IN_USE', 4, async (file: string) => writeFileSync(file, 'mine')],
    [
      'is that of another log',
      'GRACE_KEY_IN_USE',
      4,
      async (file: string) => void (await report(logsDir(), ['--key', file])),
    ],
  ])('for a new log, because it %s: nothing is written', async (_, code, exit, make) => {
    const logs = logsDir();
    const file = join(tempDir(), 'a.key');
    await make(file);
    const before = readFileSync(file);
    const run = await report(logs, ['--key', file]);
    expect(run).toMatchObject({ code: exit, stdout: '' });
    expect(run.stderr).toContain(`[${code}]`);
    expect(run.stderr).toMatch(/^grace: hint: ls -l /m);
    expect(isSentence(run.stderr)).toBe(true);
    expect(readFileSync(file)).toEqual(before);
    expect(readLogs(logs)).toEqual({ incidents: [], audit: [] });
  });

  test('because it is that of another log: exit 2, and nothing is written', async () => {
    const { logs } = await sealed();
    const other = await sealed();
    const before = readLogs(logs);
    const run = await report(logs, ['--key', other.key]);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain('[GRACE_WRONG_KEY]');
    expect(isSentence(run.stderr)).toBe(true);
    expect(readLogs(logs)).toEqual(before);
  });

  test('because others may read it: exit 4, and the hint mends it', async () => {
    const { logs, key } = await sealed();
    chmodSync(key, 0o644);
    const run = await report(logs);
    expect(run).toMatchObject({ code: 4, stdout: '' });
    expect(run.stderr).toContain(`[GRACE_KEY_REFUSED]\ngrace: hint: chmod 600 ${key}`);
    chmodSync(key, 0o600);
    expect(await report(logs)).toMatchObject({ code: 0, stderr: '' });
  });

  test('because it is gone: each command records and warns, and later everything is sealed', async () => {
    const { logs, key } = await sealed();
    renameSync(key, `${key}.away`);
    for (let i = 0; i < 2; i++) {
      const run = await report(logs);
      expect(run.code).toBe(0);
      expect(run.stderr).toMatch(/^grace: warning: NO KEY: .+\ngrace: hint: .+\n$/);
    }
    expect(expectSealed(logs).sealed).toBe(2);
    renameSync(`${key}.away`, key);
    expect(await report(logs)).toMatchObject({ code: 0, stderr: '' });
    expectCovered(logs, readLogs(logs).audit);
  });
});

describe('a seal that will not do', () => {
  test('deleted: each command records and warns, and none makes another', async () => {
    const { logs } = await sealed();
    rmSync(sidecar(logs), { recursive: true });
    const keys = keysMade();
    for (let i = 0; i < 2; i++) {
      const run = await report(logs);
      expect(run.code).toBe(0);
      expect(run.stderr).toMatch(/^grace: warning: NO SEAL: .+\ngrace: hint: grace evidence audit --logs .+\n$/);
    }
    expect(existsSync(sidecar(logs))).toBe(false);
    expect(keysMade()).toEqual(keys);
    expect(readLogs(logs).incidents).toHaveLength(3);
  });

  test('broken: exit 12, and nothing is written', async () => {
    const { logs } = await sealed();
    truncateSync(sidecar(logs, 'leaves.0'), 0);
    const log = join(logs, 'immutable_audit.jsonl');
    writeFileSync(log, readFileSync(log, 'utf8').replace('disk_full', 'disk_fine').replace('detected', 'resolved'));
    const before = readFileSync(log);
    const run = await report(logs);
    expect(run).toMatchObject({ code: 12, stdout: '' });
    expect(run.stderr).toContain('[GRACE_SEAL_BROKEN]');
    expect(isSentence(run.stderr)).toBe(true);
    expect(readFileSync(log)).toEqual(before);
  });
});

describe('lines that somebody appends with echo', () => {
  const FORGED = newIncident({
    status: 'resolved',
    success: true,
    mttr_seconds: 0.1,
    resolution: 'remediated',
    playbook_id: 'restart-web',
    actions_taken: ['restart'],
    verification: { status: 'verified', by: 'web', passes: 2, at: '2026-11-23T00:18:48.123Z' },
  });
  const json = async (logs: string, ...args: string[]) => {
    const run = await grace([...args, '--json', '--logs', logs]);
    const { generated_at: _when, records: _records, ...doc } = JSON.parse(run.stdout);
    return { code: run.code, doc };
  };

  test('a "resolved, verified" incident changes no claim, no verdict and no task', async () => {
    const { logs } = await sealed();
    const look = async () => [
      ...[await json(logs, 'evidence', 'self-healing')].map(({ code, doc }) => ({
        code,
        claims: doc.claims
          .filter(({ id }: { id: string }) => id !== 'record_integrity')
          .map(({ excluded: _excluded, ...claim }: { excluded: unknown }) => claim),
        incidents: doc.incidents,
        time_to_recover: doc.time_to_recover,
      })),
      await json(logs, 'registry', 'list'),
    ];
    const before = await look();
    const id = readLogs(logs).incidents[0]?.incident_id ?? '';
    appendFileSync(join(logs, 'incidents.jsonl'), line(FORGED) + line({ ...FORGED, incident_id: id }));
    expect(await look()).toEqual(before);
    expect((await grace(['registry', 'sync', '--logs', logs])).code).toBe(0);
    expect(await look()).toEqual(before);
    rmSync(join(logs, 'registry.db'));
    expect(await look()).toEqual(before);
    expect((await grace(['registry', 'show', id, '--logs', logs])).stdout).not.toContain('resolved');
    // They are seen, though.
    const { doc } = await json(logs, 'evidence', 'self-healing');
    expect(doc.claims[0].excluded).toContainEqual(expect.objectContaining({ id: 'unbound', n: 2 }));
    const doctor = await grace(['doctor', '--logs', logs]);
    expect(doctor.stdout).toMatch(/(notice|bad) +bindings +.*2/);
  });

  test('one of the old system counts as soon as a command has taken it in', async () => {
    const { logs } = await sealed();
    appendFileSync(join(logs, 'incidents.jsonl'), line(oldIncident()));
    expect((await grace(['registry', 'sync', '--logs', logs])).code).toBe(0);
    expect((await grace(['registry', 'list', '-q', '--logs', logs])).stdout).toContain(oldIncident().incident_id);
    const { stdout } = await grace(['registry', 'sync', '--json', '--logs', logs]);
    expect(JSON.parse(stdout).settled).toEqual({ claims: 0, incidents: 0, entries: 0, signed: 0 });
  });

  test('a claim and its end in the audit log: told once, sealed, without effect', async () => {
    const { logs } = await sealed();
    appendFileSync(
      join(logs, 'immutable_audit.jsonl'),
      line(claimEntry('forged')) + line(claimEnd('forged')) + line(claimEntry('open')),
    );
    expect((await json(logs, 'registry', 'stats')).doc.open_claims).toBe(0);
    const run = await report(logs);
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(/^grace: note: immutable_audit\.jsonl: lines that grace did not acknowledge .+\n$/);
    expect(entriesOf(logs, 'foreign_lines_sealed')).toMatchObject([{ metadata: { lines: 3 } }]);
    expect((await json(logs, 'registry', 'stats')).doc.open_claims).toBe(0);
    expect(await report(logs)).toMatchObject({ code: 0, stderr: '' });
    expectCovered(logs, entriesOf(logs, 'foreign_lines_sealed'));
  });
});

describe('looking', () => {
  test.each([
    ['evidence', 'all'],
    ['evidence', 'self-healing'],
    ['registry', 'list'],
    ['registry', 'stats'],
    ['registry', 'sync'],
    ['registry', 'rebuild'],
    ['doctor'],
  ])('%s %s makes no key and no seal', async (...words) => {
    const logs = logsDir();
    mkdirSync(logs, { mode: 0o750 });
    writeFileSync(join(logs, 'immutable_audit.jsonl'), line(oldAudit()));
    writeFileSync(join(logs, 'incidents.jsonl'), line(oldIncident()));
    const keys = keysMade();
    const run = await grace([...words.filter((word) => word !== undefined), '--logs', logs]);
    expect(run.stderr).not.toContain('sealed');
    expect(keysMade()).toEqual(keys);
    expect(existsSync(sidecar(logs))).toBe(false);
  });

  test('at a sealed log changes no byte of the seal, though lines of others are there', async () => {
    const { logs } = await sealed();
    appendFileSync(join(logs, 'immutable_audit.jsonl'), line(oldAudit()));
    const files = ['checkpoint', 'checkpoints', 'frontier', 'leaves.0', 'position', 'vkey'];
    const print = () =>
      files.map((name) => [statSync(sidecar(logs, name), { bigint: true }).mtimeNs, readFileSync(sidecar(logs, name))]);
    const before = print();
    const bytes = readFileSync(join(logs, 'immutable_audit.jsonl'));
    for (const words of [['evidence', 'all'], ['registry', 'list'], ['registry', 'stats'], ['doctor']]) {
      await grace([...words, '--logs', logs]);
    }
    expect(print()).toEqual(before);
    // What was checked is remembered, so that the next check is quicker.
    expect(readdirSync(sidecar(logs)).filter((name) => !files.includes(name) && name !== 'checked')).toEqual([]);
    expect(readFileSync(join(logs, 'immutable_audit.jsonl'))).toEqual(bytes);
  });
});
