import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { besidesSeal, cliEnv, GRACE, grace, keysMade, linesOf, RAW_CONTROL, readLogs } from '../support/cli.js';
import { claimEntry, line, newAudit, newIncident, writeBound } from '../support/records.js';
import { fingerprintOf, tempDir } from '../support/temp-dir.js';

interface Finding {
  about: string;
  state: 'good' | 'notice' | 'bad';
  text: string;
  mend?: string;
}

async function doctor(logs: string): Promise<{ code: number | null; findings: Finding[] }> {
  const run = await grace(['doctor', '--json', '--logs', logs]);
  expect(run.stderr).toBe('');
  const report = JSON.parse(run.stdout);
  expect(report).toMatchObject({ schema: 'grace.doctor/1', logs });
  return { code: run.code, findings: report.findings };
}

async function finding(logs: string, about: string): Promise<Finding> {
  const found = (await doctor(logs)).findings.find((one) => one.about === about);
  if (!found) throw new Error(`doctor says nothing about ${about}`);
  return found;
}

/** Pastes a command into a shell that stands somewhere else. */
function paste(command: string): number | null {
  const bin = tempDir();
  symlinkSync(GRACE, join(bin, 'grace'));
  const path = `${bin}:${dirname(process.execPath)}:${process.env.PATH}`;
  const run = spawnSync('bash', ['-c', command], { cwd: bin, env: cliEnv({ PATH: path }), encoding: 'utf8' });
  expect(run.stderr).not.toMatch(/syntax error|not found/);
  return run.status;
}

/** A directory whose name a shell would take apart. */
function logsDir(): string {
  const dir = join(tempDir(), "it's a dir");
  mkdirSync(dir, { mode: 0o750 });
  return dir;
}

async function healthy(): Promise<string> {
  const logs = logsDir();
  expect((await grace(['trigger', 'incident', '--logs', logs])).code).toBe(0);
  return logs;
}

describe('grace doctor', () => {
  test('all is well after a drill', async () => {
    const logs = await healthy();
    const { code, findings } = await doctor(logs);
    expect(findings.filter((one) => one.state !== 'good')).toEqual([]);
    expect(code).toBe(0);
    const text = await grace(['doctor', '--logs', logs]);
    expect(text.stdout).toMatch(/^good +node +Node /);
    expect(text.stdout).toMatch(/^good +space +\d+ MB are free$/m);
    expect(text.stdout).toMatch(new RegExp(`^${findings.length} good, 0 to notice, 0 bad\n$`, 'm'));
  });

  test('no logs are nothing bad, and none are created', async () => {
    const cwd = tempDir();
    const keys = keysMade();
    const run = await grace(['doctor'], { cwd });
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('there are none yet');
    expect(fingerprintOf(cwd)).toMatchObject({ files: [] });
    expect(keysMade()).toEqual(keys);
  });

  test('a torn tail: the mend ends it, and nothing is cut off', async () => {
    const logs = await healthy();
    const log = join(logs, 'incidents.jsonl');
    appendFileSync(log, '{"incident_id":"half');
    const torn = readFileSync(log);
    const { state, text, mend = '' } = await finding(logs, 'tails');
    expect({ state, text }).toEqual({ state: 'bad', text: 'incidents.jsonl ends with 20 bytes without LF' });
    expect(readFileSync(log)).toEqual(torn);
    expect(paste(mend)).toBe(0);
    expect((await finding(logs, 'tails')).state).toBe('good');
    expect(readFileSync(log).subarray(0, torn.length)).toEqual(torn);
    const bad = await finding(logs, 'bad lines');
    expect(bad).toMatchObject({
      state: 'notice',
      text: expect.stringContaining('1 quarantined: incidents log, file '),
    });
    expect(linesOf(join(logs, 'immutable_audit.jsonl')).at(-1)).toContain('"tail_ended"');
  });

  test('a registry that differs: the mend builds it anew', async () => {
    const logs = await healthy();
    await grace(['registry', 'sync', '--logs', logs]);
    const db = new Database(join(logs, 'registry.db'));
    expect(db.prepare("UPDATE tasks SET status = 'failed'").run().changes).toBe(1);
    db.close();
    const { state, text, mend = '' } = await finding(logs, 'registry');
    expect({ state, text }).toEqual({ state: 'bad', text: 'differs from the logs in tasks' });
    expect((await doctor(logs)).code).toBe(3);
    expect(paste(mend)).toBe(0);
    expect((await finding(logs, 'registry')).state).toBe('good');
  });

  test('the claim of a process that is gone: the mend records it as unknown', async () => {
    const logs = logsDir();
    writeBound(logs, [newIncident({ status: 'remediating' })]);
    appendFileSync(join(logs, 'immutable_audit.jsonl'), line(claimEntry('log_1')));
    const { state, text, mend = '' } = await finding(logs, 'claims');
    expect(state).toBe('bad');
    expect(text).toMatch(/^1 claims of processes that are gone/);
    expect(paste(mend)).toBe(0);
    expect((await finding(logs, 'claims')).state).toBe('good');
    expect(readLogs(logs).incidents.at(-1)).toMatchObject({ status: 'detected', attempts: [{ outcome: 'unknown' }] });
  });

  test('the same for an incident that the old system wrote', async () => {
    const logs = logsDir();
    const { schema, attempts, attempts_dropped, ...old } = newIncident({ status: 'remediating' });
    expect([schema, attempts, attempts_dropped]).toEqual(['grace.incident/1', [], 0]);
    writeFileSync(join(logs, 'incidents.jsonl'), line(old));
    writeFileSync(join(logs, 'immutable_audit.jsonl'), line(claimEntry('log_1')));
    expect(paste((await finding(logs, 'claims')).mend ?? '')).toBe(0);
    expect(readLogs(logs).incidents.at(-1)).toMatchObject({ status: 'detected', attempts: [{ outcome: 'unknown' }] });
  });

  test('lost bytes: told, written down, accepted', async () => {
    const logs = await healthy();
    await grace(['registry', 'sync', '--logs', logs]);
    writeFileSync(join(logs, 'incidents.jsonl'), '');
    const { state, text, mend = '' } = await finding(logs, 'loss');
    expect(state).toBe('bad');
    expect(text).toMatch(/^incidents.jsonl was \w+: \d+ bytes had been read, 0 are there$/);
    expect(paste(mend)).toBe(3);
    const losses = (await doctor(logs)).findings.filter((one) => one.about === 'loss');
    expect(losses).toMatchObject([{ state: 'notice', text: '1 loss is on record in the audit log' }]);
    expect(paste(losses[0]?.mend ?? '')).toBe(3);
    expect((await finding(logs, 'bindings')).state).toBe('bad');
    expect(readLogs(logs).audit.at(-1)?.action).toBe('log_loss_noted');
  });

  test('a record of the future', async () => {
    const logs = logsDir();
    const timestamp = new Date(Date.now() + 3_600_000).toISOString();
    writeFileSync(join(logs, 'immutable_audit.jsonl'), line(newAudit({ timestamp })));
    expect(await finding(logs, 'records')).toMatchObject({
      state: 'notice',
      text: expect.stringMatching(/in the future/),
    });
  });

  test('a directory that everybody may write', async () => {
    const logs = await healthy();
    chmodSync(logs, 0o777);
    const { state, mend = '' } = await finding(logs, 'directory');
    expect(state).toBe('bad');
    expect(paste(mend)).toBe(0);
    expect((await finding(logs, 'directory')).state).toBe('good');
  });

  test('a read-only directory: nothing in it changes, and the mend makes it writable', async () => {
    const logs = await healthy();
    chmodSync(logs, 0o550);
    const before = fingerprintOf(logs);
    const { state, mend = '' } = await finding(logs, 'directory');
    expect(state).toBe('notice');
    expect(fingerprintOf(logs)).toEqual(before);
    expect(paste(mend)).toBe(0);
    expect((await finding(logs, 'directory')).state).toBe('good');
  });

  test.skipIf(process.getuid?.() !== 0)('another account may look, and finds a healthy log healthy', async () => {
    const logs = join(tempDir(), 'logs');
    await grace(['trigger', 'incident', '--logs', logs]);
    chmodSync(dirname(logs), 0o755);
    chmodSync(logs, 0o755);
    for (const name of readdirSync(logs)) chmodSync(join(logs, name), name.endsWith('.tlog') ? 0o755 : 0o644);
    for (const name of readdirSync(join(logs, 'immutable_audit.tlog')))
      chmodSync(join(logs, 'immutable_audit.tlog', name), 0o644);
    const run = await grace(['doctor', '--logs', logs], { uid: 65534 });
    expect(run.stdout).toContain('this account may look and not write');
    expect(run.stdout).not.toMatch(/^bad/m);
    expect(run.code).toBe(0);
  });

  test.skipIf(process.getuid?.() !== 0)('a directory of another account', async () => {
    const logs = await healthy();
    chownSync(logs, 1234, 1234);
    const before = fingerprintOf(logs);
    const { state, mend = '' } = await finding(logs, 'directory');
    expect(state).toBe('notice');
    expect(fingerprintOf(logs)).toEqual(before);
    // `#` begins a comment in a shell unless it is quoted.
    const words = spawnSync('bash', ['-c', `sudo() { printf '%s\\n' "$@"; }; ${mend}`], { encoding: 'utf8' });
    expect(words.stdout.split('\n')).toEqual(['-u', '#1234', 'grace', 'doctor', '--logs', logs, '']);
  });

  test.each([
    ['hard links', (log: string) => linkSync(log, `${log}.copy`), 'hard links'],
    [
      'a symbolic link',
      (log: string) => {
        unlinkSync(log);
        symlinkSync('/dev/null', log);
      },
      'not a regular file',
    ],
    ['writable by all', (log: string) => chmodSync(log, 0o666), 'everybody may write'],
  ])('a log that is refused: %s', async (_name, spoil, text) => {
    const logs = await healthy();
    spoil(join(logs, 'immutable_audit.jsonl'));
    const run = await grace(['doctor', '--logs', logs]);
    expect(run.code).not.toBe(0);
    expect(run.stdout + run.stderr).toContain(text);
    expect(run.stderr).not.toMatch(/GRACE_BUG|^ +at /m);
  });

  test('who holds the ledger', async () => {
    const logs = await healthy();
    const script = `
      const Database = require(${JSON.stringify(join(process.cwd(), 'node_modules/better-sqlite3'))});
      const db = new Database(process.argv[1]); db.exec('BEGIN IMMEDIATE'); console.log('held'); setTimeout(() => {}, 60000);`;
    const holder = spawn(process.execPath, ['-e', script, join(logs, 'ledger.lock')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void holder.kill('SIGKILL'));
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const held = await finding(logs, 'lock');
    expect(held.state).toBe('notice');
    expect(held.text).toContain(`process ${holder.pid} `);
    expect(paste(held.mend ?? '')).toBe(0);
  });

  test('hostile text of a bad line or a holder is shown harmless', async () => {
    const logs = await healthy();
    appendFileSync(
      join(logs, 'incidents.jsonl'),
      `${JSON.stringify({ incident_id: 'x', status: '\u001b[2J\u009b' })}\n`,
    );
    // What others append is read once a writer has taken it in.
    expect((await grace(['registry', 'sync', '--logs', logs])).code).toBe(0);
    const run = await grace(['doctor', '--logs', logs]);
    expect(run.stdout).toContain('1 quarantined');
    expect(RAW_CONTROL.test(run.stdout)).toBe(false);
  });

  test('others writing at the same time are no drift', async () => {
    const logs = logsDir();
    const reports = Array.from({ length: 6000 }, (_, i) => `{"failure_mode":"disk_full","ref":"${i}"}\n`).join('');
    let writing = true;
    const writer = grace(['trigger', 'incident', '--from', '-', '--logs', logs], { input: reports }).finally(() => {
      writing = false;
    });
    let looks = 0;
    while (writing) {
      const { findings } = await doctor(logs);
      expect(findings.filter((one) => one.state === 'bad')).toEqual([]);
      looks++;
    }
    const { code, stderr } = await writer;
    expect([code, besidesSeal(stderr)]).toEqual([0, '']);
    expect(looks).toBeGreaterThan(0);
  });
});
