import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cliEnv, grace, isSentence } from '../support/cli.js';
import { newIncident } from '../support/records.js';
import { auditLines, sha, sidecar } from '../support/sealed.js';
import { tempDir } from '../support/temp-dir.js';

/** What was put in the wrong place, by accident or not. */

const REPORT = ['trigger', 'incident', '--failure-mode', 'disk_full'];
const report = (logs: string, ...args: string[]) => grace([...REPORT, '--logs', logs, ...args]);
const verify = (logs: string, ...args: string[]) => grace(['evidence', 'audit', '--logs', logs, ...args]);

async function sealed(reports = 2): Promise<string> {
  const logs = join(tempDir(), 'logs');
  for (let i = 0; i < reports; i++) await report(logs, '--source', 'mon', '--ref', `r${i}`);
  return logs;
}

/** An incident that nobody healed, said to be healed, and the entry that would vouch for it. */
function forgeHealed(logs: string): void {
  const file = join(logs, 'incidents.jsonl');
  const text = JSON.stringify({ ...newIncident({ incident_id: 'inc_FORGED' }), status: 'resolved', success: true });
  const offset = readFileSync(file).length;
  appendFileSync(file, `${text}\n`);
  const metadata = { offset, length: Buffer.byteLength(text), sha256: sha(text) };
  const n = auditLines(logs).length + 1;
  const entry = { entry_id: `log_${n}_20261123010000000000`, timestamp: '2026-11-23T01:00:00.000Z', actor: 'grace' };
  const rest = { action: 'incident_snapshot', resource: 'inc_FORGED', decision: { status: 'resolved' }, metadata };
  appendFileSync(join(logs, 'immutable_audit.jsonl'), `${JSON.stringify({ ...entry, ...rest })}\n`);
}

describe('the seal of another log', () => {
  test('is refused by what writes, told by doctor and by the verification, and put right by its own', async () => {
    const [logs, other] = [await sealed(), await sealed(3)];
    const own = `${sidecar(logs)}.own`;
    renameSync(sidecar(logs), own);
    cpSync(sidecar(other), sidecar(logs), { recursive: true });
    const before = readFileSync(join(logs, 'immutable_audit.jsonl'));
    for (const run of [await report(logs), await grace(['registry', 'rebuild', '--logs', logs]), await report(logs)]) {
      if (run.code === 0) continue;
      expect(run.code).toBe(12);
      // What only reads takes the seal at its word: then lines are missing before these.
      expect(`${run.stderr}${run.stdout}`).toMatch(/GRACE_SEAL_BROKEN|lines? 1 .*missing|line 1 is missing/);
    }
    expect((await report(logs)).code).toBe(12);
    expect(readFileSync(join(logs, 'immutable_audit.jsonl'))).toEqual(before);
    const doctor = await grace(['doctor', '--logs', logs]);
    expect(doctor).toMatchObject({ code: 3, stdout: expect.stringContaining('the log says that it was sealed as') });
    expect((await verify(logs)).stdout).toContain('WRONG KEY');
    rmSync(sidecar(logs), { recursive: true });
    renameSync(own, sidecar(logs));
    expect((await report(logs)).code).toBe(0);
    expect((await verify(logs)).code).toBe(0);
  });

  test('only its public key: told as such, and put right by the own one', async () => {
    const [logs, other] = [await sealed(), await sealed()];
    const own = readFileSync(sidecar(logs, 'vkey'));
    cpSync(sidecar(other, 'vkey'), sidecar(logs, 'vkey'));
    expect(await verify(logs)).toMatchObject({
      code: 12,
      stdout: expect.stringContaining('the notes are not those of'),
    });
    expect((await grace(['doctor', '--logs', logs])).stdout).toContain('the next record would be refused');
    expect((await report(logs)).code).toBe(12);
    rmSync(sidecar(logs, 'vkey'));
    expect((await report(logs)).stderr).toContain('vkey is not there: it is the public key');
    writeFileSync(sidecar(logs, 'vkey'), own);
    expect((await report(logs)).code).toBe(0);
  });
});

describe('something that is no regular file in the place of a part of the seal', () => {
  test.each(['vkey', 'position', 'frontier', 'leaves.0', 'checkpoint', 'checkpoints', 'checked'])(
    '%s',
    async (name) => {
      const logs = await sealed();
      await verify(logs);
      const whole = `${logs}.whole`;
      cpSync(logs, whole, { recursive: true });
      for (const put of [
        (path: string) => void spawnSync('mkfifo', [path]),
        (path: string) => mkdirSync(path),
        (path: string) => {
          writeFileSync(path, '');
          truncateSync(path, 3 * 2 ** 30);
        },
      ]) {
        rmSync(logs, { recursive: true });
        cpSync(whole, logs, { recursive: true });
        rmSync(sidecar(logs, name));
        put(sidecar(logs, name));
        for (const args of [
          ['evidence', 'audit', '--quick'],
          ['evidence', 'audit'],
          ['evidence', 'prove', '2'],
          ['doctor'],
          REPORT,
        ]) {
          const run = await grace([...args, '--logs', logs]);
          expect(run.signal, `${args} hung`).toBeNull();
          expect(run.stderr, `${args}`).not.toContain('GRACE_BUG');
          if (run.code !== 0 && run.stderr !== '')
            expect(isSentence(run.stderr.split('\n')[0] ?? ''), run.stderr).toBe(true);
        }
      }
    },
    60_000,
  );
});

test("another name of somebody's file is not written into", async () => {
  const logs = await sealed();
  const precious = join(tempDir(), 'precious');
  writeFileSync(precious, 'precious');
  linkSync(precious, sidecar(logs, 'checkpoint.new'));
  expect((await report(logs)).code).toBe(0);
  expect(readFileSync(precious, 'utf8')).toBe('precious');
});

describe('what everybody may write to', () => {
  test.each(['', 'checkpoints', 'vkey', 'position'])('is refused: %s of the seal', async (name) => {
    const logs = await sealed();
    chmodSync(sidecar(logs, name), 0o777);
    expect(await report(logs)).toMatchObject({ code: 4, stderr: expect.stringContaining('GRACE_LOGS_WORLD_WRITABLE') });
  });

  test('is refused: the directory of the key', async () => {
    const [logs, keys] = [join(tempDir(), 'logs'), join(tempDir(), 'keys')];
    mkdirSync(keys);
    const key = join(keys, 'a.key');
    expect((await report(logs, '--key', key)).code).toBe(0);
    chmodSync(keys, 0o777);
    expect(await report(logs, '--key', key)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('GRACE_KEY_REFUSED'),
    });
    chmodSync(keys, 0o1777);
    expect((await report(logs, '--key', key)).code).toBe(0);
  });
});

describe('keys', () => {
  test('another one for a copy leaves the log itself with its own', async () => {
    const logs = await sealed();
    const copy = join(tempDir(), 'logs');
    cpSync(logs, copy, { recursive: true });
    expect((await grace(['evidence', 'witness', '--rekey', '--logs', copy])).code).toBe(0);
    for (const dir of [logs, copy, logs]) {
      expect((await report(dir)).code).toBe(0);
      expect((await verify(dir)).code).toBe(0);
    }
  });

  test('a file that holds none is not to be made private', async () => {
    const file = join(tempDir(), 'passwd');
    writeFileSync(file, 'root:x:0:0\n', { mode: 0o644 });
    const logs = await sealed();
    const run = await report(logs, '--key', file);
    expect(run.stderr).toContain('GRACE_KEY_INVALID');
    expect(run.stderr).not.toContain('chmod');
  });

  test('lines that wait for one are signed by registry sync when it is back', async () => {
    const logs = await sealed();
    const unsigned = await grace([...REPORT, '--logs', logs], { env: { XDG_STATE_HOME: '', HOME: '' } });
    expect(unsigned).toMatchObject({ code: 0, stderr: expect.stringContaining('NO KEY') });
    const last = String(auditLines(logs).length);
    const prove = () => grace(['evidence', 'prove', last, '--logs', logs]);
    expect((await prove()).stderr).toContain('GRACE_NOT_SEALED');
    const sync = await grace(['registry', 'sync', '--json', '--logs', logs]);
    expect(JSON.parse(sync.stdout).settled.signed).toBeGreaterThan(0);
    expect((await prove()).code).toBe(0);
  });

  test('no place for one is not mended by another key', async () => {
    const logs = await sealed();
    const env = { XDG_STATE_HOME: '', HOME: '' };
    await grace([...REPORT, '--logs', logs], { env });
    const { stdout } = await grace(['doctor', '--logs', logs], { env });
    expect(stdout).toContain('$HOME is not set');
    expect(stdout).not.toContain('--rekey');
  });
});

describe('lines that nobody has taken in', () => {
  test('have no effect in an export, nor where it was forgotten how far grace has written', async () => {
    const logs = await sealed();
    forgeHealed(logs);
    const out = join(tempDir(), 'exported');
    await grace(['evidence', 'export', '--out', out, '--logs', logs]);
    rmSync(sidecar(logs, 'position'));
    for (const file of ['registry.db', 'registry.db-wal', 'registry.db-shm']) rmSync(join(logs, file), { force: true });
    for (const dir of [out, logs]) {
      const run = await grace(['registry', 'list', '--logs', dir]);
      expect(run.stdout).not.toContain('FORGED');
    }
  });

  test('have none either when the audit file before them is put away', async () => {
    const logs = await sealed();
    const text = JSON.stringify({ ...newIncident({ incident_id: 'inc_FORGED' }), status: 'resolved', success: true });
    appendFileSync(join(logs, 'incidents.jsonl'), `${text}\n`);
    await report(logs, '--source', 'mon', '--ref', 'b');
    const audit = join(logs, 'immutable_audit.jsonl');
    renameSync(audit, `${audit}.1`);
    await report(logs, '--source', 'mon', '--ref', 'c');
    rmSync(`${audit}.1`);
    await report(logs, '--source', 'mon', '--ref', 'd');
    for (const args of [['list'], ['rebuild'], ['list']]) {
      expect((await grace(['registry', ...args, '--logs', logs])).stdout).not.toContain('FORGED');
    }
  });

  test('are proved only as what they are', async () => {
    const logs = await sealed();
    const line = auditLines(logs).length + 1;
    forgeHealed(logs);
    await report(logs, '--source', 'mon', '--ref', 'b');
    const doc = JSON.parse((await grace(['evidence', 'prove', String(line), '--json', '--logs', logs])).stdout);
    expect(doc.own).toBe(false);
    const out = join(tempDir(), 'proof');
    const run = await grace(['evidence', 'prove', String(line), '--out', out, '--logs', logs]);
    expect(run.stdout).toContain("no entry of grace's own");
  });
});

describe('a log whose lines were changed', () => {
  test('gets no signature of a witness, though its note is as it was', async () => {
    const logs = await sealed();
    const audit = join(logs, 'immutable_audit.jsonl');
    const store = join(tempDir(), 'store');
    const witness = () => grace(['evidence', 'witness', logs, '--store', store, '--vkey', sidecar(logs, 'vkey')]);
    const whole = readFileSync(audit, 'utf8');
    for (const changed of [
      whole.replace('incident_snapshot', 'incident_snapsh0t'),
      whole.slice(0, whole.indexOf('\n') + 1),
    ]) {
      writeFileSync(audit, changed);
      expect(await witness()).toMatchObject({ code: 12, stderr: expect.stringContaining('GRACE_LOG_CHANGED') });
    }
    writeFileSync(audit, whole);
    expect((await witness()).code).toBe(0);
  });

  test('is exported with its incident lines as they are, and that is said', async () => {
    const logs = await sealed();
    const incidents = join(logs, 'incidents.jsonl');
    writeFileSync(incidents, readFileSync(incidents, 'utf8').replace('"severity":"medium"', '"severity":"xedium"'));
    const run = await grace(['evidence', 'export', '--out', join(tempDir(), 'e'), '--logs', logs]);
    expect(run).toMatchObject({ code: 12, stdout: expect.stringContaining('NOT AS IT WAS SIGNED: INCIDENT ALTERED') });
  });
});

describe('what an auditor brings along', () => {
  test('a witness who signed nothing here is named, and the answer is not 0', async () => {
    const [logs, other] = [await sealed(), await sealed()];
    const run = await verify(logs, '--witness', sidecar(other, 'vkey'));
    expect(run).toMatchObject({ code: 3, stdout: expect.stringContaining('whose key was given') });
  });

  test('a file without a note is a mistake, no alarm', async () => {
    const logs = await sealed();
    const run = await verify(logs, '--against', sidecar(logs, 'vkey'));
    expect(run).toMatchObject({ code: 3, stderr: expect.stringContaining('GRACE_NOTE_INVALID') });
  });

  test("another log's key: nothing is said of lines that were not looked at", async () => {
    const [logs, other] = [await sealed(), await sealed()];
    const run = await verify(logs, '--vkey', sidecar(other, 'vkey'));
    expect(run.code).toBe(12);
    expect(run.stdout).toContain('nothing could be verified');
    expect(run.stdout).not.toMatch(/at the end|last outside witness/);
  });

  test("a proof is not written over what is something else, and takes an older one's incident away", async () => {
    const logs = await sealed();
    const dir = tempDir();
    const kept = join(dir, 'web1.vkey');
    writeFileSync(kept, 'mine');
    const prove = (what: string, out: string) => grace(['evidence', 'prove', what, '--out', out, '--logs', logs]);
    expect((await prove('2', kept)).code).toBe(4);
    expect(readFileSync(kept, 'utf8')).toBe('mine');
    expect((await prove('2', dir)).code).toBe(3);
    expect(existsSync(`${dir}.entry`)).toBe(false);
    const [id = ''] = /inc_\w+/.exec(readFileSync(join(logs, 'incidents.jsonl'), 'utf8')) ?? [];
    const out = join(dir, 'proof');
    expect((await prove(id, out)).code).toBe(0);
    expect(existsSync(`${out}.incident`)).toBe(true);
    expect((await prove('1', out)).code).toBe(0);
    expect(existsSync(`${out}.incident`)).toBe(false);
  });
});

test('a relative place for keys is none', async () => {
  const cwd = tempDir();
  await grace([...REPORT, '--logs', join(cwd, 'logs')], {
    cwd,
    env: { ...cliEnv(), XDG_STATE_HOME: 'state', HOME: '' },
  });
  expect(existsSync(join(cwd, 'state'))).toBe(false);
});

describe('a log of which sealed lines are missing', () => {
  const audit = (logs: string) => join(logs, 'immutable_audit.jsonl');
  const head = (file: string, lines: number) =>
    `${readFileSync(file, 'utf8').split('\n').slice(0, lines).join('\n')}\n`;

  test.each<[string, (file: string) => void]>([
    ['with others behind', (file) => writeFileSync(file, `${head(file, 3)}${'{"x":1}\n'.repeat(6)}`)],
    ['with another in front', (file) => writeFileSync(file, `{"x":1}\n${head(file, 3)}`)],
    [
      'renamed',
      (file) => {
        const cut = head(file, 3);
        renameSync(file, `${file}.1`);
        writeFileSync(`${file}.1`, cut);
        writeFileSync(file, '', { mode: 0o640 });
      },
    ],
  ])('takes no record: %s', async (_, change) => {
    const logs = await sealed(4);
    change(audit(logs));
    expect(await report(logs)).toMatchObject({ code: 12, stderr: expect.stringContaining('GRACE_SEAL_BROKEN') });
    expect((await verify(logs)).code).toBe(12);
  });

  test('goes on in a file that was emptied, though what comes first looks as it did', async () => {
    const logs = join(tempDir(), 'logs');
    mkdirSync(logs, { mode: 0o750 });
    const banner = '{"msg":"service started"}\n';
    writeFileSync(audit(logs), banner.repeat(3), { mode: 0o640 });
    await report(logs);
    writeFileSync(audit(logs), banner);
    expect((await report(logs)).code).toBe(0);
  });
});

test('an older file that was there when the log was sealed may be put away', async () => {
  const logs = join(tempDir(), 'logs');
  mkdirSync(logs, { mode: 0o750 });
  const audit = join(logs, 'immutable_audit.jsonl');
  writeFileSync(`${audit}.1`, '{"m":1}\n{"m":2}\n', { mode: 0o640 });
  writeFileSync(audit, '{"n":1}\n', { mode: 0o640 });
  await report(logs);
  rmSync(`${audit}.1`);
  await report(logs, '--source', 'mon', '--ref', 'b');
  const run = await verify(logs);
  expect(run.stdout).toContain('lines 1 to 2 are absent');
  expect(run.code).toBe(0);
});

test('two that replace the key at once leave a log that goes on', async () => {
  const logs = await sealed();
  for (let i = 0; i < 3; i++) {
    const runs = await Promise.all([0, 1].map(() => grace(['evidence', 'witness', '--rekey', '--logs', logs])));
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect((await report(logs)).code).toBe(0);
  }
  expect(readFileSync(sidecar(logs, 'vkey'), 'utf8').trim().split('\n')).toHaveLength(7);
  expect((await verify(logs, '--full')).code).toBe(0);
});

test('a key that was replaced does not sign again because its public half was put last', async () => {
  const logs = await sealed();
  await grace(['evidence', 'witness', '--rekey', '--logs', logs]);
  await report(logs, '--source', 'mon', '--ref', 'b');
  const [first, second] = readFileSync(sidecar(logs, 'vkey'), 'utf8').trim().split('\n');
  writeFileSync(sidecar(logs, 'vkey'), `${second}\n${first}\n`);
  expect(await report(logs)).toMatchObject({ code: 2, stderr: expect.stringContaining('GRACE_WRONG_KEY') });
});

test('a checkpoint that was kept is not replaced by an older one, nor by what lies beside the log', async () => {
  const logs = await sealed();
  const rolledBack = join(tempDir(), 'logs');
  cpSync(logs, rolledBack, { recursive: true });
  await report(logs, '--source', 'mon', '--ref', 'b');
  const kept = join(tempDir(), 'kept');
  const keep = (dir: string, file = kept) => grace(['evidence', 'checkpoint', '--export', file, '--logs', dir]);
  expect((await keep(logs)).code).toBe(0);
  expect(await keep(rolledBack)).toMatchObject({ code: 12, stderr: expect.stringContaining('GRACE_LOG_SHRANK') });
  const notes = readFileSync(sidecar(logs, 'checkpoints'), 'utf8');
  expect((await keep(logs, sidecar(logs, 'checkpoints'))).code).toBe(4);
  expect(readFileSync(sidecar(logs, 'checkpoints'), 'utf8')).toBe(notes);
});
