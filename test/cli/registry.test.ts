import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { displayWidth } from '../../src/cli/output/width.js';
import { cliEnv, dropRegistry, dumpOf, GRACE, grace, isSentence, keysMade, RAW_CONTROL, ROOT } from '../support/cli.js';
import { newIncident, oldIncident, writeBound } from '../support/records.js';
import { fingerprintOf, tempDir } from '../support/temp-dir.js';

const HOSTILE = '\u001b[31mred\u001b[2J\u001b]0;owned\u0007\nfake line\u009b1m\u202eevil';

/** A directory of logs: six incidents of all kinds, and tasks that another program hands in through `grace/core`. */
function makeLogs(): string {
  const dir = join(tempDir(), 'logs');
  mkdirSync(dir, { mode: 0o750 });
  const incidents = [
    oldIncident(),
    newIncident({
      incident_id: 'inc_a',
      status: 'resolved',
      resolved_at: '2026-11-23T00:20:00Z',
      mttr_seconds: 78,
      success: true,
      severity: 'critical',
    }),
    newIncident({ incident_id: 'inc_b', status: 'failed', severity: 'low', failure_mode: 'disk_full' }),
    newIncident({ incident_id: 'inc_c', status: 'remediating', detected_at: '2026-11-24T00:00:00Z' }),
    { ...newIncident({ incident_id: `inc_${HOSTILE}`, target: HOSTILE, failure_mode: HOSTILE }), [HOSTILE]: HOSTILE },
  ];
  writeBound(dir, incidents);
  const source = `
    import { Ledger, systemClock, TASK_SCHEMA } from ${JSON.stringify(join(ROOT, 'dist/core/index.js'))};
    const ledger = new Ledger({ dir: process.argv[1], clock: systemClock, jitter: Math.random, unique: String(process.pid), invocation: 'backup' });
    const entry = (action, task_id, more = {}) => ({ actor: 'backup', action, resource: task_id, decision: {}, metadata: { schema: TASK_SCHEMA, task_id, ...more } });
    const job = (id, more) => entry('task_registered', id, { task_type: 'nightly', subsystem: 'backup', title: 'copy ' + id, ...more });
    await ledger.transact(() => ({ value: 1, entries: [
      job('job-1', { priority: 9 }), entry('task_started', 'job-1'), entry('task_completed', 'job-1', { duration_seconds: 12.5 }),
      job('job-2', { title: ${JSON.stringify(HOSTILE)} }), job(${JSON.stringify(`job-${HOSTILE}`)}, { title: 'x'.repeat(500) }),
    ] }));
    ledger.close();`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', source, dir], { encoding: 'utf8' });
  expect(run).toMatchObject({ status: 0, stderr: '' });
  return dir;
}

async function ids(logs: string, ...args: string[]): Promise<string[]> {
  const run = await grace(['registry', 'list', '--quiet', '--logs', logs, ...args]);
  expect(run.code).toBe(0);
  return run.stdout
    .split('\n')
    .slice(0, -1)
    .map((id) => id.replace(/\\u.*/, '*'));
}

describe('grace registry', () => {
  test('list: filters, sorting, limit, ids only', async () => {
    const logs = makeLogs();
    expect(await ids(logs, '--subsystem', 'backup', '--sort', 'title', '--reverse')).toEqual([
      'job-2',
      'job-1',
      'job-*',
    ]);
    expect(await ids(logs, '--status', 'completed', '--sort', 'priority')).toEqual(['inc_a', 'job-1']);
    expect(await ids(logs, '--status', 'failed')).toEqual(['inc_b']);
    expect(await ids(logs, '--status', 'active')).toEqual(['inc_c']);
    expect(await ids(logs, '--type', 'nightly', '--limit', '1', '--sort', 'duration_seconds')).toEqual(['job-1']);
    expect(await ids(logs, '--since', '2026-11-24', '--subsystem', 'self_healing')).toEqual(['inc_c']);
    expect(await ids(logs, '--since', '2026-11-24T00:00:00.001Z', '--subsystem', 'self_healing')).toEqual([]);
    const created = await ids(logs, '--subsystem', 'self_healing');
    expect(created[0]).toBe('inc_c');
    expect(created.at(-1)).toBe('inc_20251117_164328_024197');
    expect(await ids(logs, '--subsystem', 'self_healing', '--reverse')).toEqual([...created].reverse());
    const limited = await grace(['registry', 'list', '--limit', '2', '--logs', logs]);
    expect(limited.stderr).toBe('2 of 8 tasks; all of them: --limit 8\n');
    expect(limited.stdout.split('\n')).toHaveLength(4);
  });

  test('list names the origin of incidents, and none of other tasks', async () => {
    const logs = makeLogs();
    const drill = newIncident({ incident_id: 'inc_drill', origin: 'drill' });
    writeBound(logs, [drill]);
    const { stdout } = await grace(['registry', 'list', '--logs', logs]);
    const lines = stdout.split('\n');
    const at = lines[0]?.indexOf('origin') ?? -1;
    expect(lines[0]).toMatch(/^task +status +pri +subsystem +title +origin +created +took +verified$/);
    const origin = (id: string) =>
      lines
        .find((text) => text.startsWith(`${id} `))
        ?.slice(at)
        .split(/ +/)[0];
    expect(['inc_a', 'inc_drill', 'job-1'].map(origin)).toEqual(['real', 'drill', '–']);
  });

  test('--json of every command parses and says what it is', async () => {
    const logs = makeLogs();
    const json = async (...args: string[]) => {
      const run = await grace(['registry', ...args, '--json', '--logs', logs]);
      expect(run.code).toBe(0);
      expect(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(run.stdout)).toBe(false);
      return JSON.parse(run.stdout);
    };
    const list = await json('list');
    expect(list).toMatchObject({ schema: 'grace.tasks/1', matching: 8, limit: 50, quarantined: 0 });
    expect(list.tasks).toHaveLength(8);
    expect(list.tasks.find((task: { task_id: string }) => task.task_id === 'job-1')).toMatchObject({
      source: 'audit',
      subsystem: 'backup',
      status: 'completed',
      priority: 9,
      duration_seconds: 12.5,
      verification_required: false,
      tags: [],
      task_metadata: {},
    });
    expect(await json('show', 'inc_a')).toMatchObject({
      schema: 'grace.task_detail/1',
      task: { task_id: 'inc_a', verification_required: true },
      incident: { incident_id: 'inc_a', mttr_seconds: 78 },
    });
    expect(await json('show', 'job-1')).toMatchObject({ incident: null });
    expect(await json('stats')).toMatchObject({
      schema: 'grace.registry_stats/1',
      incidents: 5,
      incident_lines: 5,
      open_claims: 0,
    });
    expect(await json('sync')).toMatchObject({
      schema: 'grace.sync/1',
      losses: [],
      settled: { claims: 0, incidents: 0, entries: 0, signed: 0 },
    });
    expect(await json('rebuild')).toMatchObject({
      schema: 'grace.sync/1',
      rebuilt: 'it was asked for',
      logs: { incidents: { lines: 5 } },
    });
  });

  test('show: a prefix will do; an unknown or ambiguous one will not', async () => {
    const logs = makeLogs();
    expect((await grace(['registry', 'show', 'inc_2025', '--logs', logs])).stdout).toContain(
      'inc_20251117_164328_024197',
    );
    const none = await grace(['registry', 'show', 'nope', '--logs', logs]);
    expect(none.code).toBe(10);
    expect(isSentence(none.stderr)).toBe(true);
    const many = await grace(['registry', 'show', 'inc_', '--logs', logs]);
    expect(many.code).toBe(2);
    expect(isSentence(many.stderr)).toBe(true);
    // Pasted into a shell it names one of them, whatever its id is made of, in the same logs.
    const hint = /^grace: hint: (.+)$/m.exec(many.stderr)?.[1] ?? '';
    const script = `grace() { printf '%s\\0' "$@"; }; ${hint}`;
    const words = spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.split('\0');
    expect(words).toEqual(['registry', 'show', `inc_${HOSTILE}`, '--logs', logs, '']);
  });

  test('nothing hostile reaches a pipe or a terminal raw', async () => {
    const logs = makeLogs();
    const hostileId = `inc_${HOSTILE}`;
    for (const args of [['list'], ['list', '-q'], ['show', hostileId], ['show', 'job-2'], ['show', 'job'], ['stats']]) {
      const run = await grace(['registry', ...args, '--logs', logs]);
      expect(RAW_CONTROL.test(run.stdout + run.stderr), args.join(' ')).toBe(false);
      expect(run.stdout + run.stderr, args.join(' ')).not.toMatch(/\u202e|^fake line/m);
    }
  });

  test('sync reads only what is new, and says so', async () => {
    const logs = makeLogs();
    const sync = async () => (await grace(['registry', 'sync', '--logs', logs])).stdout;
    expect(await sync()).toMatch(/^incidents.jsonl: 0 lines \(0 bytes\) read\nimmutable_audit.jsonl: 5 lines/);
    expect(await sync()).toBe(
      'incidents.jsonl: 0 lines (0 bytes) read\nimmutable_audit.jsonl: 0 lines (0 bytes) read\n',
    );
    const before = dumpOf(logs);
    dropRegistry(logs);
    expect(await sync()).toMatch(/0 lines|5 lines/);
    expect(dumpOf(logs)).toEqual(before);
    expect((await grace(['registry', 'rebuild', '--logs', logs])).stdout).toContain('incidents.jsonl: 5 lines');
    expect(dumpOf(logs)).toEqual(before);
  });

  test('a bad line is quarantined, told, and hides nothing', async () => {
    const logs = makeLogs();
    writeBound(logs, ['nonsense\n', newIncident({ incident_id: 'inc_after' })]);
    const run = await grace(['registry', 'list', '-q', '--logs', logs]);
    expect(run).toMatchObject({
      code: 0,
      stderr: `grace: note: 1 bad line is quarantined and not counted: grace doctor --logs ${logs}\n`,
    });
    expect(run.stdout).toContain('inc_after\n');
  });

  test.each(['list', 'show x', 'stats', 'sync', 'rebuild'])(
    '%s without logs: exit 10, and nothing is created',
    async (words) => {
      const cwd = tempDir();
      const missing = await grace(['registry', ...words.split(' ')], { cwd });
      expect(missing).toMatchObject({ code: 10, stdout: '' });
      expect(isSentence(missing.stderr)).toBe(true);
      expect(missing.stderr).toContain(`no logs: ${join(cwd, 'logs')} does not exist`);
      expect(readdirSync(cwd)).toEqual([]);
      mkdirSync(join(cwd, 'logs'));
      const empty = await grace(['registry', ...words.split(' ')], { cwd });
      expect(empty.code).toBe(10);
      expect(readdirSync(join(cwd, 'logs'))).toEqual([]);
    },
  );

  test('looking at a read-only directory changes no byte of it', async () => {
    const logs = makeLogs();
    dropRegistry(logs);
    chmodSync(logs, 0o550);
    const before = [fingerprintOf(logs), keysMade()];
    for (const command of ['list', 'stats', 'sync', 'rebuild']) {
      const run = await grace(['registry', command, '--logs', logs]);
      expect(run.code, run.stderr).toBe(0);
      expect(run.stderr).toContain('grace: note: read into a temporary registry: its owner may not write there');
    }
    expect([fingerprintOf(logs), keysMade()]).toEqual(before);
  });

  test('an empty result is an answer', async () => {
    const logs = makeLogs();
    const run = await grace(['registry', 'list', '--subsystem', 'none', '--logs', logs]);
    expect(run).toMatchObject({ code: 0, stdout: '', stderr: 'no task matches\n' });
    const json = await grace(['registry', 'list', '--subsystem', 'none', '--json', '--logs', logs]);
    expect(JSON.parse(json.stdout)).toMatchObject({ matching: 0, tasks: [] });
  });

  test.each([
    [['--limit', '0']],
    [['--limit', '-1']],
    [['--limit', '1e3']],
    [['--status', 'complete']],
    [['--sort', 'task_id; DROP TABLE tasks']],
    [['--since', 'nonsense']],
    [['--since', '2026-02-30']],
    [['--since', '']],
    [['--logs', '']],
  ])('list %j is a usage error', async (args) => {
    const run = await grace(['registry', 'list', ...args], { cwd: tempDir() });
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(isSentence(run.stderr), run.stderr).toBe(true);
    expect(run.stderr).toMatch(/^grace: hint: /m);
  });
});

const NO_PYTHON = spawnSync('python3', ['-c', 'import pty']).status === 0 ? undefined : 'python3';
if (NO_PYTHON) console.log('SKIPPED for want of python3: the tests on a terminal');

describe.skipIf(NO_PYTHON)('on a terminal of 60 columns', () => {
  let logs: string;

  function onTerminal(args: readonly string[], env: Record<string, string> = {}): string {
    const program = join(ROOT, 'test/support/on-terminal.py');
    const run = spawnSync('python3', [program, '60', process.execPath, GRACE, ...args], {
      encoding: 'utf8',
      env: cliEnv({ TERM: 'xterm', ...env }),
    });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    return run.stdout;
  }

  const plain = (text: string) => text.replace(/\u001b\[\d+m/g, '');

  test.each(['list', 'show inc_a', 'show job-2', 'stats', 'sync', 'rebuild'])('%s is no wider', (words) => {
    logs = makeLogs();
    const shown = onTerminal(['registry', ...words.split(' '), '--logs', logs]);
    expect(plain(shown)).not.toMatch(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/);
    for (const text of plain(shown).split(/\r?\n/)) expect(displayWidth(text), text).toBeLessThanOrEqual(60);
    // Nothing was lost by it.
    if (words === 'show inc_a') expect(plain(shown).replace(/\s+/g, '')).toContain('"verify_s":null');
  });

  test('colour for a terminal, none with NO_COLOR or TERM=dumb', () => {
    logs = makeLogs();
    const list = ['registry', 'list', '--logs', logs];
    expect(plain(onTerminal(list))).not.toBe(onTerminal(list));
    expect(onTerminal(list, { NO_COLOR: '1' })).not.toContain('\u001b');
    expect(onTerminal(list, { TERM: 'dumb' })).not.toContain('\u001b');
  });
});

test('COLUMNS alone does not cut what goes into a pipe', async () => {
  const logs = makeLogs();
  const run = await grace(['registry', 'list', '--logs', logs], { env: { COLUMNS: '60' } });
  expect(run.stdout).toContain('x'.repeat(500));
  expect(existsSync(join(logs, 'registry.db'))).toBe(true);
});
