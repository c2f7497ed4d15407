import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { grace, linesOf, readLogs } from '../support/cli.js';
import { withoutTmpfs } from '../support/fault-tools.js';
import { tempDir } from '../support/temp-dir.js';

/** What an operator did at night, and what must be said to them. */

async function healed(): Promise<string> {
  const logs = join(tempDir(), 'logs');
  expect((await grace(['trigger', 'incident', '--logs', logs])).code).toBe(0);
  await grace(['registry', 'sync', '--logs', logs]);
  return logs;
}

function cutLastLine(path: string): void {
  const last = linesOf(path).at(-1) ?? '';
  truncateSync(path, statSync(path).size - Buffer.byteLength(last) - 1);
}

describe('a loss', () => {
  test('is seen though the other log is another file now, with the same bytes', async () => {
    const logs = await healed();
    const incidents = join(logs, 'incidents.jsonl');
    copyFileSync(incidents, `${incidents}.copy`);
    renameSync(`${incidents}.copy`, incidents);
    cutLastLine(join(logs, 'immutable_audit.jsonl'));
    const looked = await grace(['registry', 'list', '--logs', logs]);
    expect(looked.stderr).toContain('immutable_audit.jsonl was shrunk');
    expect((await grace(['registry', 'sync', '--logs', logs])).code).toBe(12);
  });

  test("of sealed lines is refused to be gone on with: what is left stays grace's own, and can be put right", async () => {
    const logs = await healed();
    const audit = join(logs, 'immutable_audit.jsonl');
    const whole = readFileSync(audit);
    cutLastLine(audit);
    const cut = readFileSync(audit);
    for (const command of [
      ['trigger', 'incident', '--failure-mode', 'disk_full'],
      ['registry', 'sync'],
    ]) {
      const run = await grace([...command, '--logs', logs]);
      expect(run).toMatchObject({ code: 12 });
      expect(run.stderr).toContain('GRACE_SEAL_BROKEN');
      expect(readFileSync(audit)).toEqual(cut);
    }
    const doctor = await grace(['doctor', '--logs', logs]);
    expect(doctor.code).toBe(3);
    expect(doctor.stdout).toContain('the next record would be refused');
    writeFileSync(audit, whole);
    expect(await grace(['trigger', 'incident', '--failure-mode', 'disk_full', '--logs', logs])).toMatchObject({
      code: 0,
    });
    expect(await grace(['evidence', 'audit', '--logs', logs])).toMatchObject({ code: 0 });
    expect(readLogs(logs).audit.map((entry) => entry.action)).not.toContain('foreign_lines_sealed');
  });

  test('of sealed lines that nobody has any more: another seal goes on from what is left, and says so', async () => {
    const logs = await healed();
    cutLastLine(join(logs, 'immutable_audit.jsonl'));
    expect(await grace(['evidence', 'witness', '--rekey', '--logs', logs])).toMatchObject({ code: 0 });
    expect((await grace(['registry', 'list', '--logs', logs])).stdout).toContain('completed');
    const audit = await grace(['evidence', 'audit', '--logs', logs]);
    expect(audit.stdout).toContain('was lost; this one is another');
    expect(audit.code).toBe(0);
  });

  test('is told by the command that had to write it down, and stays in what doctor shows', async () => {
    const logs = await healed();
    rmSync(join(logs, 'immutable_audit.jsonl'));
    const run = await grace(['trigger', 'incident', '--failure-mode', 'disk_full', '--logs', logs]);
    expect(run).toMatchObject({ code: 0 });
    expect(run.stderr).toContain('immutable_audit.jsonl: bytes are gone (removed)');
    expect((await grace(['doctor', '--logs', logs])).stdout).toContain('1 loss is on record');
  });

  test('of the last record does not turn a remedy that worked into one that failed', async () => {
    const logs = await healed();
    cutLastLine(join(logs, 'incidents.jsonl'));
    await grace(['registry', 'sync', '--logs', logs]);
    const { incidents, audit } = readLogs(logs);
    expect(audit.find((entry) => entry.action === 'remedy_ended')?.decision).toMatchObject({ verified: true });
    expect(incidents.map((one) => one.status)).not.toContain('failed');
  });
});

describe('a report under a ref that is known', () => {
  const report = (logs: string, ...words: string[]) =>
    grace(['trigger', 'incident', '--failure-mode', 'disk_full', '--ref', 'a17', '--logs', logs, ...words]);

  test('is answered with what is recorded, not with what was typed', async () => {
    const logs = join(tempDir(), 'logs');
    await report(logs, '--severity', 'high', '--target', '/var');
    const again = await report(logs, '--severity', 'critical', '--target', '/home');
    expect(again.stdout).toMatch(
      /^RECORDED: \S+: high disk_full on \/var, already recorded as detected, nothing written/,
    );
  });

  test('of a recovery nobody knew the failure of says that it is over', async () => {
    const logs = join(tempDir(), 'logs');
    expect((await report(logs, '--status', 'resolved')).stdout).toContain(
      'opened and already over, unverified (no action)',
    );
  });

  test('opens the incident again when it began after the recovery, with a time to recover of its own', async () => {
    const logs = join(tempDir(), 'logs');
    const line = (change: object) => `${JSON.stringify({ failure_mode: 'disk_full', ref: 'a', ...change })}\n`;
    const stream = [
      line({ detected_at: '2026-11-20T10:00:00Z' }),
      line({ status: 'resolved', resolved_at: '2026-11-20T10:10:00Z' }),
      line({ detected_at: '2026-11-20T10:00:00Z' }),
      line({ detected_at: '2026-11-20T12:00:00Z' }),
      line({ detected_at: '2026-11-20T12:00:00Z' }),
      line({ status: 'resolved', resolved_at: '2026-11-20T12:01:00Z' }),
    ].join('');
    const run = await grace(['trigger', 'incident', '--from', '-', '--json', '--logs', logs], { input: stream });
    expect(JSON.parse(run.stdout)).toMatchObject({ opened: 1, recovered: 2, reopened: 1, known: 2, invalid: 0 });
    const { incidents } = readLogs(logs);
    expect(new Set(incidents.map((one) => one.incident_id)).size).toBe(1);
    expect(incidents.map((one) => [one.status, one.relapses, one.mttr_seconds])).toEqual([
      ['detected', 0, null],
      ['resolved', 0, 600],
      ['detected', 1, null],
      ['resolved', 1, 60],
    ]);
  });
});

test('lines that are no reports end in an error with a code and a hint', async () => {
  const logs = join(tempDir(), 'logs');
  const input =
    '{"failure_mode":"disk_full"}\n{"failure_mode":"disk_ful"}\n{"failure_mode":"disk_full","severity":"x","severity":"low"}\n';
  const run = await grace(['trigger', 'incident', '--from', '-', '--logs', logs], { input });
  expect(run.code).toBe(14);
  expect(run.stdout).toMatch(/^RECORDED: 1 opened/);
  expect(run.stderr).toContain('-:3: a key stands twice in one object');
  expect(run.stderr).toContain('2 lines of - are no reports [GRACE_INVALID_REPORTS]\ngrace: hint: ');
});

test('a directory in the place of a log is refused, not read as empty', async () => {
  const logs = await healed();
  rmSync(join(logs, 'incidents.jsonl'));
  mkdirSync(join(logs, 'incidents.jsonl'));
  const run = await grace(['registry', 'list', '--logs', logs]);
  expect(run).toMatchObject({ code: 4, stdout: '' });
  expect(run.stderr).toContain('[GRACE_LOG_REFUSED]');
  const doctor = await grace(['doctor', '--logs', logs]);
  expect(doctor.code).toBe(3);
  expect(doctor.stdout).toContain('not a regular file');
});

test('output that is lost is told, though the answer was no success anyway', async () => {
  const logs = await healed();
  const shell = ['sh', '-c', 'exec "$@" >/dev/full', 'sh'];
  const run = await grace(['evidence', 'self-healing', '--logs', logs], { under: shell });
  expect(run.code).toBe(3);
  expect(run.stderr).toContain('[GRACE_OUTPUT_LOST]');
});

test('the registry is for the same eyes as the logs', async () => {
  const logs = await healed();
  expect(statSync(join(logs, 'registry.db')).mode & 0o777).toBe(0o640);
});

test('a drill is told from a real incident in the list', async () => {
  const logs = await healed();
  expect((await grace(['registry', 'list', '--logs', logs])).stdout).toMatch(/HIGH: port_in_use\s+drill/);
});

test('a command that is named looks where the command looked that names it', async () => {
  const logs = join(tempDir(), 'logs');
  expect((await grace(['registry', 'list', '--logs', logs])).stderr).toContain(`grace trigger incident --logs ${logs}`);
  expect((await grace(['trigger', 'incident', '--logs', logs])).stdout).toContain(
    `Next: grace evidence self-healing --logs ${logs}`,
  );
});

test('--port without a drill is a usage error', async () => {
  expect(await grace(['trigger', 'drill', '--port', '8080'])).toMatchObject({ code: 2, stdout: '' });
});

const noTmpfs = withoutTmpfs();
test.skipIf(noTmpfs !== undefined)(`doctor sees a full disk${noTmpfs ? ` (skipped: ${noTmpfs})` : ''}`, async () => {
  const dir = tempDir();
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir]);
  try {
    const logs = join(dir, 'logs');
    mkdirSync(logs);
    writeFileSync(join(logs, 'incidents.jsonl'), '');
    try {
      writeFileSync(join(dir, 'ballast'), Buffer.alloc(1 << 20));
    } catch {
      // Full is what it is to be.
    }
    const run = await grace(['doctor', '--logs', logs]);
    expect(run.code).toBe(3);
    expect(run.stdout).toMatch(/bad +space +no space is left/);
    expect(readFileSync(join(logs, 'incidents.jsonl'), 'utf8')).toBe('');
  } finally {
    spawnSync('umount', [dir]);
  }
});
