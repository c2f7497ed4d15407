import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  besidesSeal,
  cliEnv,
  expectSealedOnce,
  GRACE,
  grace,
  isSentence,
  RAW_CONTROL,
  readLogs,
} from '../support/cli.js';
import { tempDir } from '../support/temp-dir.js';

const DISK_FULL = ['trigger', 'incident', '--failure-mode', 'disk_full'];

function logsDir(): string {
  return join(tempDir(), 'l');
}

describe('one report', () => {
  test('RECORDED, without any act', async () => {
    const logs = logsDir();
    const run = await grace([
      ...DISK_FULL,
      ...['--severity', 'high', '--target', '/var', '--meta', 'region=eu=1', '--meta', 'empty=', '--logs', logs],
    ]);
    expectSealedOnce([run]);
    expect(run.stdout).toMatch(
      /^RECORDED: inc_\d{8}_\d{6}_[0-9a-f]{12}: high disk_full on \/var, opened \(no action\)\n$/,
    );
    const { incidents, audit } = readLogs(logs);
    expect(incidents).toMatchObject([
      {
        status: 'detected',
        origin: 'real',
        severity: 'high',
        target: '/var',
        onset_at: null,
        metadata: { region: 'eu=1', empty: '' },
        attempts: [],
        trigger: { source: 'cli', ref: null },
      },
    ]);
    expect(audit.map((entry) => entry.action)).toEqual(['audit_log_adopted', 'incident_snapshot']);
  });

  test('--json', async () => {
    const logs = logsDir();
    const run = await grace([...DISK_FULL, '--json', '--logs', logs]);
    const incident_id = readLogs(logs).incidents[0]?.incident_id;
    expect(JSON.parse(run.stdout)).toEqual({
      schema: 'grace.recorded/1',
      incident_id,
      result: 'opened',
      action: 'none',
    });
  });

  test('a ref names it once and for all; a recovery that is reported is unverified', async () => {
    const logs = logsDir();
    const report = (...more: string[]) => grace([...DISK_FULL, '--ref', 'a-1', '--logs', logs, ...more]);
    expect((await report()).stdout).toContain(', opened');
    // What is told is what stands in the log, not what the second report says.
    expect((await report('--severity', 'critical', '--target', '/other')).stdout).toMatch(
      /^RECORDED: inc_\w+: medium disk_full, already recorded as detected, nothing written \(no action\)\n$/,
    );
    expect((await report('--source', 'other')).stdout).toContain(', opened');
    expect((await report('--status', 'resolved')).stdout).toContain('recovery noted, unverified');
    expect((await report('--status', 'resolved')).stdout).toContain(
      ', already recorded as resolved, nothing written (no action)',
    );
    expect((await report()).stdout).toContain(', already recorded as resolved, nothing written (no action)');
    const { incidents } = readLogs(logs);
    expect(incidents).toHaveLength(3);
    expect(incidents[2]).toMatchObject({
      incident_id: incidents[0]?.incident_id,
      status: 'resolved',
      resolution: 'unattributed',
      verification: { status: 'unverified', by: 'cli', passes: 0 },
      attempts: [],
    });
  });

  test('eight at once with one ref make one incident', async () => {
    const logs = logsDir();
    const runs = await Promise.all(
      Array.from({ length: 8 }, () => grace([...DISK_FULL, '--ref', 'same', '--json', '--logs', logs])),
    );
    expectSealedOnce(runs);
    const results = runs.map((run) => JSON.parse(run.stdout));
    expect(results.filter((result) => result.result === 'opened')).toHaveLength(1);
    expect(results.filter((result) => result.result === 'known')).toHaveLength(7);
    expect(new Set(results.map((result) => result.incident_id)).size).toBe(1);
    expect(readLogs(logs).incidents).toHaveLength(1);
  });

  test('hostile words are kept as they are and shown harmless', async () => {
    const logs = logsDir();
    const target = '\u001b[2J\u001b]0;x\u0007a\nRECORDED: all is well\u202e';
    const run = await grace([
      ...DISK_FULL,
      '--target',
      target,
      '--logs',
      logs,
      '--meta',
      'constructor=',
      '--meta',
      'toString=1',
    ]);
    expect(run.code).toBe(0);
    expect(RAW_CONTROL.test(run.stdout)).toBe(false);
    expect(run.stdout.split('\n')).toHaveLength(2);
    expect(run.stdout).not.toContain('\u202e');
    expect(readLogs(logs).incidents[0]?.target).toBe(target);
    expect(Object.entries(readLogs(logs).incidents[0]?.metadata ?? {})).toEqual([
      ['constructor', ''],
      ['toString', '1'],
    ]);
  });

  test.each([
    ['half a report', ['--severity', 'high'], '--severity belongs to a report'],
    ['half a report', ['--ref', 'x'], '--ref belongs to a report'],
    ['half a report', ['--meta', 'a=b'], '--meta belongs to a report'],
    ['an unknown mode', ['--failure-mode', 'disk_ful'], 'did you mean disk_full?'],
    ['a mode of the prototype', ['--failure-mode', 'constructor'], 'constructor is not a failure mode'],
    ['an unknown severity', ['--failure-mode', 'disk_full', '--severity', 'urgent'], 'field severity is none of'],
    ['an unknown status', ['--failure-mode', 'disk_full', '--status', 'failed'], 'field status is none of'],
    ['an empty target', ['--failure-mode', 'disk_full', '--target', ''], 'field target is empty'],
    ['meta without a key', ['--failure-mode', 'disk_full', '--meta', '=x'], 'not key=value'],
    ['meta without a value', ['--failure-mode', 'disk_full', '--meta', 'x'], 'not key=value'],
    ['a hostile key', ['--failure-mode', 'disk_full', '--meta', '__proto__=x'], '__proto__'],
    ['metadata without end', ['--failure-mode', 'disk_full', '--meta', `a=${'x'.repeat(70_000)}`], 'longer than 65536'],
    ['a mixture', ['--from', '-', '--severity', 'high'], 'with --from everything'],
    ['an option there is not', ['--failure-mode', 'disk_full', '--targt', 'x'], 'did you mean --target'],
  ])('%s is a usage error: %j', async (_name, args, text) => {
    const cwd = tempDir();
    const run = await grace(['trigger', 'incident', ...args], { cwd });
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(isSentence(run.stderr), run.stderr).toBe(true);
    expect(run.stderr).toMatch(/^grace: hint: /m);
    expect(run.stderr).toContain(text);
    expect(existsSync(join(cwd, 'logs'))).toBe(false);
  });
});

/** What a stream with invalid lines ends with on stderr. */
function noReports(n: number, from: string): unknown[] {
  return [
    `grace: error: ${n} lines of ${from} are no reports [GRACE_INVALID_REPORTS]`,
    expect.stringMatching(
      /^grace: hint: grace trigger incident --from .+ {3}# once they are corrected: what has a ref is not recorded twice$/,
    ),
    '',
  ];
}

describe('a stream', () => {
  const report = (n: number) => JSON.stringify({ failure_mode: 'disk_full', ref: `r-${n}`, target: `/disk/${n}` });
  const twoThousand = Array.from({ length: 2000 }, (_, i) => report(i + 1));
  twoThousand[99] = '{"failure_mode":"disk_full"';
  twoThousand[999] = '{"failure_mode":"disk_full","severity":"urgent"}';
  twoThousand[1999] = '{"failure_mode":"disk_full","colour":"red"}';

  test.each(['file', 'stdin'])('two thousand of which three are wrong, from %s', async (kind) => {
    const dir = tempDir();
    const logs = join(dir, 'l');
    const file = join(dir, 'reports.ndjson');
    const text = `${twoThousand.join('\n')}\n`;
    writeFileSync(file, text);
    const from = kind === 'file' ? file : '-';
    const send = () =>
      grace(['trigger', 'incident', '--from', from, '--source', 'mon', '--logs', logs], { input: text });
    const run = await send();
    expect(run.code).toBe(14);
    expect(run.stdout).toBe(
      `RECORDED: 1997 opened, 0 recoveries noted (unverified), 0 opened again, 0 already recorded, 3 invalid, from ${from} (no action)\n`,
    );
    const [first, second, third, ...end] = besidesSeal(run.stderr).split('\n');
    expect(first).toBe(`grace: ${from}:100: it is not JSON`);
    expect(second).toMatch(new RegExp(`^grace: ${from}:1000: field severity is none of `));
    expect(third).toBe(`grace: ${from}:2000: field colour is not known`);
    expect(end).toEqual(noReports(3, from));
    const { incidents, audit } = readLogs(logs);
    expect(incidents).toHaveLength(1997);
    expect(audit).toHaveLength(1998);
    expect(new Set(incidents.map((incident) => incident.incident_id)).size).toBe(1997);
    expect(new Set(incidents.map((incident) => incident.trigger.source))).toEqual(new Set(['mon']));

    const again = await send();
    expect(again.code).toBe(14);
    expect(again.stdout).toContain(
      '0 opened, 0 recoveries noted (unverified), 0 opened again, 1997 already recorded, 3 invalid',
    );
    expect(readLogs(logs).incidents).toHaveLength(1997);
  });

  test('every wrong line is told with what is wrong, and hides nothing after it', async () => {
    const logs = logsDir();
    const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    const lines: (string | Buffer)[] = [
      'null',
      '',
      '  \r',
      '0',
      '""',
      'false',
      '[]',
      '"x"',
      `{"failure_mode":"disk_full","metadata":{"__proto__":1}}`,
      `{"failure_mode":"disk_full","metadata":${'['.repeat(100)}${']'.repeat(100)}}`,
      Buffer.from('{"failure_mode":"disk_full","target":"a\xff"}', 'latin1'),
      '{"failure_mode":"disk_full","detected_at":"yesterday"}',
      '{"failure_mode":"disk_full","resolved_at":"2026-11-20T14:00:00Z"}',
      '{"failure_mode":"disk_full","status":"resolved","detected_at":"2026-11-20T14:00:00Z","resolved_at":"2026-11-20T13:00:00Z"}',
      '{"severity":"low"}',
      '{"failure_mode":"disk_full","a\\u001b[31m":1}',
      '{"failure_mode":"disk_full","failure_mode":"api_timeout"}',
      `{"failure_mode":"disk_full","detected_at":"${inHours(25)}"}`,
      `{"failure_mode":"disk_full","status":"resolved","resolved_at":"${inHours(25)}"}`,
      '{"failure_mode":"disk_full","metadata":{"constructor":{"prototype":1}}}\r',
      '{"failure_mode":"disk_full","status":"resolved","detected_at":"2026-11-20T14:00:00Z","resolved_at":"2026-11-20T14:00:10.5Z"}',
    ];
    // The last line has no LF.
    const input = Buffer.concat(lines.flatMap((line, i) => [Buffer.from(i === 0 ? '' : '\n'), Buffer.from(line)]));
    const run = await grace(['trigger', 'incident', '--from', '-', '--logs', logs], { input });
    expect(run.code).toBe(14);
    expect(run.stdout).toContain('2 opened');
    expect(run.stdout).toContain('17 invalid');
    const told = besidesSeal(run.stderr).split('\n');
    expect(told.slice(0, 17).map((line) => line.split(':')[2])).toEqual(
      [1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19].map(String),
    );
    expect(told.slice(17)).toEqual(noReports(17, '-'));
    expect(run.stderr).toContain('-:11: it is not UTF-8\n');
    expect(run.stderr).toContain('-:1: it is not a JSON object\n');
    expect(run.stderr).toContain('-:15: field failure_mode ');
    expect(run.stderr).toContain('-:17: a key stands twice in one object\n');
    expect(run.stderr).toContain('-:18: field detected_at is more than a day in the future\n');
    expect(run.stderr).toContain('-:19: field resolved_at is more than a day in the future\n');
    expect(RAW_CONTROL.test(run.stderr)).toBe(false);
    expect(readLogs(logs).incidents).toMatchObject([
      { status: 'detected', metadata: { constructor: { prototype: 1 } } },
      { status: 'resolved', mttr_seconds: 10.5, verification: { status: 'unverified' }, resolution: 'unattributed' },
    ]);
  });

  test('the same ref twice: detected, then resolved; the order of the lines is the order of events', async () => {
    const logs = logsDir();
    const of = (ref: string, more: object) =>
      JSON.stringify({ failure_mode: 'api_timeout', ref, source: 's', ...more });
    const input = [
      of('a', { detected_at: '2026-11-20T14:00:00Z' }),
      of('b', {}),
      of('a', { status: 'resolved', resolved_at: '2026-11-20T14:00:02Z' }),
      of('a', {}),
      of('b', {}),
    ].join('\n');
    const run = await grace(['trigger', 'incident', '--from', '-', '--json', '--logs', logs], { input });
    expectSealedOnce([run]);
    const { incidents } = readLogs(logs);
    expect(JSON.parse(run.stdout)).toEqual({
      schema: 'grace.recorded_stream/1',
      opened: 2,
      recovered: 1,
      reopened: 0,
      known: 2,
      invalid: 0,
      incident_ids: [incidents[0]?.incident_id, incidents[1]?.incident_id],
      action: 'none',
    });
    expect(incidents).toHaveLength(3);
    expect(incidents[2]).toMatchObject({ status: 'resolved', mttr_seconds: 2 });
  });

  test('a ref is opened again by a failure that began after its recovery, and by nothing else', async () => {
    const logs = logsDir();
    const of = (more: object) => JSON.stringify({ failure_mode: 'api_timeout', ref: 'a', ...more });
    const first = of({ detected_at: '2026-11-20T14:00:00Z' });
    const over = of({ status: 'resolved', resolved_at: '2026-11-20T14:00:02Z' });
    const send = (...lines: string[]) =>
      grace(['trigger', 'incident', '--from', '-', '--logs', logs], { input: lines.join('\n') });
    // Early, without a time, and at the very moment of the recovery: none of them is known to be later.
    const known = [first, of({}), of({ detected_at: '2026-11-20T14:00:02Z' })];
    expect((await send(first, over, ...known)).stdout).toContain(
      '1 opened, 1 recoveries noted (unverified), 0 opened again, 3 already recorded, 0 invalid',
    );
    const again = of({ detected_at: '2026-11-20T15:00:00Z', error: 'it times out again' });
    expect((await send(again, again)).stdout).toContain(
      '0 opened, 0 recoveries noted (unverified), 1 opened again, 1 already recorded, 0 invalid',
    );
    await send(of({ status: 'resolved', resolved_at: '2026-11-20T15:00:05Z' }));
    const { incidents } = readLogs(logs);
    expect(new Set(incidents.map((incident) => incident.incident_id)).size).toBe(1);
    expect(incidents).toMatchObject([
      { status: 'detected', relapses: 0 },
      { status: 'resolved', mttr_seconds: 2, relapses: 0 },
      {
        status: 'detected',
        resolved_at: null,
        mttr_seconds: null,
        success: false,
        error: 'it times out again',
        detected_at: '2026-11-20T14:00:00.000Z',
        onset_at: '2026-11-20T15:00:00.000Z',
        resolution: 'none',
        relapses: 1,
      },
      { status: 'resolved', mttr_seconds: 5, relapses: 1 },
    ]);
  });

  test('many wrong lines are counted', async () => {
    const run = await grace(['trigger', 'incident', '--from', '-', '--logs', logsDir()], { input: 'x\n'.repeat(50) });
    expect(run.code).toBe(14);
    const told = run.stderr.split('\n');
    expect(told.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, i) => `grace: -:${i + 1}: it is not JSON`));
    expect(told.slice(20)).toEqual(noReports(50, '-'));
  });

  test('nothing at all is nothing to do', async () => {
    expect(await grace(['trigger', 'incident', '--from', '-', '--logs', logsDir()])).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  test.each([
    ['missing', (dir: string) => join(dir, 'none.ndjson'), 'it does not exist', () => ''],
    [
      'a directory',
      (dir: string) => mkdirSync(join(dir, 'd/'), { recursive: true }) ?? '',
      'it is a directory',
      // It can be opened; what had been recorded when the reading broke off is told.
      (file: string) =>
        `RECORDED: 0 opened, 0 recoveries noted (unverified), 0 opened again, 0 already recorded, 0 invalid, from ${file} (no action)\n`,
    ],
  ])('a file that is %s', async (_name, make, text, told) => {
    const dir = tempDir();
    const file = make(dir);
    const run = await grace(['trigger', 'incident', '--from', file, '--logs', join(dir, 'l')]);
    expect(run).toMatchObject({ code: 14, stdout: told(file) });
    expect(isSentence(run.stderr), run.stderr).toBe(true);
    expect(run.stderr).toContain(`${file}: ${text}`);
    expect(run.stderr).toContain(`grace: hint: ls -l ${file}`);
    expect(readLogs(join(dir, 'l'))).toEqual({ incidents: [], audit: [] });
  });

  test('a line of 600 MB: refused, in bounded memory, and the next one is recorded', async () => {
    const logs = logsDir();
    const writer = `
      const piece = Buffer.alloc(1 << 20, 120);
      let left = 600;
      const go = () => {
        while (left-- > 0) if (!process.stdout.write(piece)) return void process.stdout.once('drain', go);
        process.stdout.end('\\n{"failure_mode":"disk_full","ref":"after"}\\n');
      };
      go();`;
    const source = spawn(process.execPath, ['-e', writer], { stdio: ['ignore', 'pipe', 'inherit'] });
    // The peak of the resident set, as the kernel counts it, told by the process itself when it ends.
    const hook = `data:text/javascript,${encodeURIComponent(
      'import { writeSync } from "node:fs"; process.on("exit", () => writeSync(2, "PEAK " + process.resourceUsage().maxRSS + "\\n"));',
    )}`;
    const child = spawn(
      process.execPath,
      ['--import', hook, GRACE, 'trigger', 'incident', '--from', '-', '--logs', logs],
      { stdio: [source.stdout, 'pipe', 'pipe'], env: cliEnv() },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    source.kill('SIGKILL');
    expect(stderr).toContain('grace: -:1: it is longer than 1048576 bytes\n');
    expect(stdout).toContain('1 opened');
    expect(code).toBe(14);
    const peak_mb = Number(/PEAK (\d+)/.exec(stderr)?.[1]) / 1024;
    expect(peak_mb).toBeGreaterThan(20);
    expect(peak_mb).toBeLessThan(200);
    expect(readLogs(logs).incidents).toMatchObject([{ trigger: { ref: 'after' } }]);
  });
});
