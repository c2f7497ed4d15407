import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runConfigAccounts } from '../../src/cli/config-accounts.js';
import { runConfigCheck } from '../../src/cli/config-check.js';
import { runConfigShow } from '../../src/cli/config-show.js';
import type { Context } from '../../src/cli/context.js';
import { runHealInit } from '../../src/cli/heal-init.js';
import { loadStyle } from '../../src/cli/output/style.js';
import { configJsonSchema } from '../../src/core/config/json-schema.js';
import { systemClock } from '../../src/core/host/clock.js';
import { accountName } from '../../src/core/journal/directory.js';
import { RAW_CONTROL } from '../support/cli.js';
import { type FakeOut, fakeOut } from './output/fake-out.js';

const isRoot = process.geteuid?.() === 0;
const me = accountName(process.geteuid?.() ?? 0);

interface Stage {
  readonly dir: string;
  readonly ctx: Context;
  readonly out: FakeOut;
  readonly err: FakeOut;
  /** Writes grace.yaml where the commands find it. */
  write(text: string): string;
}

/** In a directory of which nobody else may change anything. */
function stage(): Stage {
  const dir = mkdtempSync(join(isRoot ? '/var/lib' : homedir(), 'grace-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const [out, err] = [fakeOut({ columns: 120 }), fakeOut()];
  const ctx: Context = {
    args: [],
    env: { HOME: dir },
    cwd: dir,
    stdin: process.stdin,
    out,
    err,
    clock: systemClock,
    jitter: () => 0.5,
    unique: 'test',
    newSuffix: () => '000000000000',
    lostOutput: () => undefined,
    style: () => loadStyle(out),
    invocation: 'grace',
    home: dir,
    nodePath: process.execPath,
  };
  const write = (text: string) => {
    const path = join(dir, 'grace.yaml');
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  };
  return { dir, ctx, out, err, write };
}

const RIGHT = `version: 1
checks:
  root:
    disk: { path: /, used_below: 90% }
    every: 1m
  other: { disk: { path: /, used_below: 95% } }
accounts:
  operator:*: { may: [ack] }
`;

describe('grace config check', () => {
  it('counts what is in a file that is right, and says what is worth knowing', async () => {
    const { ctx, out, write } = stage();
    const path = write(RIGHT);
    expect(await runConfigCheck(ctx, undefined, {})).toBe(0);
    expect(out.text.split('\n')).toEqual([
      `warning: ${path}:6:10: checks.other: has the target and failure mode of root: their failures are one incident`,
      '    give one of them a target: or failure_mode: of its own',
      expect.stringMatching(`^${path}: 0 faults, 1 warning; 2 checks, 0 playbooks, sha256:[0-9a-f]{12}$`),
      '',
    ]);
  });

  it('says that a remedy of several targets has no limits for all of them', async () => {
    const { ctx, out, write } = stage();
    const path = write(
      'version: 1\nchecks:\n  a: { disk: { path: /a, used_below: 90% }, heal: [p, own] }\n  b: { disk: { path: /b, used_below: 90% }, heal: [p, one] }\n  c: { tcp: { port: 1 }, target: /b, heal: [one] }\nplaybooks:\n  p: { steps: [{ wait: 1s }] }\n  own: { steps: [{ wait: 1s }] }\n  one: { steps: [{ wait: 1s }] }\n',
    );
    expect(await runConfigCheck(ctx, undefined, {})).toBe(0);
    const warnings = out.text.split('\n').filter((line) => line.startsWith('warning: '));
    expect(warnings).toEqual([
      `warning: ${path}:7:6: playbooks.p: heals a, b, whose targets differ: cooldown and caps count for each target, and none for all of them together`,
    ]);
  });

  it('says plainly that nothing will be looked at', async () => {
    const { ctx, out, write } = stage();
    const path = write('version: 1\nchecks:\n  # nothing yet\n');
    expect(await runConfigCheck(ctx, undefined, {})).toBe(0);
    expect(out.text).toContain(`warning: ${path}:2:1: checks: holds no check, so nothing will be looked at\n`);
  });

  it('prints each fault at its place, each suggestion below it, and exits 2', async () => {
    const { ctx, out, write } = stage();
    const path = write('version: 1\ncheks: {}\nmode: "\\e[2J"\n');
    expect(await runConfigCheck(ctx, undefined, {})).toBe(2);
    expect(out.text).toBe(
      [
        `${path}:2:1: cheks: is not known`,
        '    did you mean checks?',
        `${path}:3:7: mode: \\u{1b}[2J is none of observe, act`,
        '    for example mode: observe',
        `${path}: 2 faults, 0 warnings`,
        '',
      ].join('\n'),
    );
  });

  it('shows nothing of the file to the terminal that it might obey', async () => {
    const { ctx, out, write } = stage();
    write(
      'version: 1\n"a\\e[2J\\u202e": 1\nchecks: { x: { disk: { path: /, used_below: 9% }, heal: ["\\e]0;x\\a"] } }\n',
    );
    expect(await runConfigCheck(ctx, undefined, {})).toBe(2);
    expect(out.text).not.toMatch(RAW_CONTROL);
    expect(out.text).toContain('\\u{202e}');
  });

  it('exits 4 when others could change it', async () => {
    const { ctx, out, write } = stage();
    const path = write(RIGHT);
    chmodSync(path, 0o666);
    expect(await runConfigCheck(ctx, undefined, {})).toBe(4);
    expect(out.text).toContain(`${path}:1:1: ${path} can be written by everybody: its mode is 666\n`);
    expect(out.text).toContain('0 faults, 1 way for others to change it, 1 warning; 2 checks');
  });

  it('says what the room of healing has against a playbook, at its place', async () => {
    const { ctx, out, write } = stage();
    const path = write('version: 1\nplaybooks:\n  p:\n    steps:\n      - run: [/bin/echo, "{nothing}"]\n');
    expect(await runConfigCheck(ctx, undefined, {})).toBe(2);
    expect(out.text).toMatch(`${path}:5:14: playbooks.p.steps[0].run: `);
  });

  it('looks at the file that is named, and says all of it in JSON too', async () => {
    const { ctx, out, dir } = stage();
    writeFileSync(join(dir, 'mine.yaml'), 'version: 3\n', { mode: 0o644 });
    expect(await runConfigCheck(ctx, 'mine.yaml', { json: true })).toBe(2);
    expect(JSON.parse(out.text)).toEqual({
      schema: 'grace.config_check/1',
      path: join(dir, 'mine.yaml'),
      ok: false,
      version: null,
      faults: [
        {
          path: join(dir, 'mine.yaml'),
          line: 1,
          column: 10,
          field: 'version',
          message: '3 is not read, only 1',
          suggestion: 'for example version: 1',
        },
      ],
      untrusted: [],
      warnings: [],
    });
    await expect(runConfigCheck(ctx, 'none.yaml', {})).rejects.toMatchObject({ code: 'GRACE_NO_CONFIG', exit: 2 });
  });
});

describe('grace config show', () => {
  it('shows each setting and where it comes from', async () => {
    const { ctx, out, err, write } = stage();
    write(RIGHT);
    expect(await runConfigShow(ctx, {})).toBe(0);
    const rows = out.text.split('\n').map((line) => line.trim().split(/\s{2,}/));
    expect(rows).toContainEqual(['checks.root.every', '1m', 'grace.yaml:5']);
    expect(rows).toContainEqual(['checks.other.every', '30s', 'default']);
    expect(rows).toContainEqual(['checks.root.limits.max', '["3/1h", "7/1d"]', 'default']);
    expect(rows).toContainEqual(['accounts["operator:*"].may', '["ack"]', 'grace.yaml:8']);
    expect(err.text).toMatch(/^sha256:[0-9a-f]{12}\n$/);
  });

  it('shows what depends on the kind of a check or step, and on which', async () => {
    const { ctx, out, write } = stage();
    write(
      'version: 1\nmode: act\nchecks:\n  web: { tcp: { port: 80 }, every: 500ms, heal: [p] }\n  free: { port_free: { port: 80 }, mode: observe, heal: [p], failure_mode: slow_start, target: x }\nplaybooks:\n  p:\n    steps:\n      - http: { url: http://127.0.0.1/ }\n      - restart: { unit: web.service }\n        timeout: 7s\n    rollback:\n      - wait: 1s\n',
    );
    expect(await runConfigShow(ctx, {})).toBe(0);
    const rows = out.text.split('\n').map((line) => line.trim().split(/\s{2,}/));
    for (const row of [
      ['checks.web.tcp.timeout', '5s', 'default of tcp'],
      ['checks.web.tcp.port', '80', 'grace.yaml:4'],
      ['checks.web.failure_mode', 'service_down', 'default of tcp'],
      ['checks.web.target', 'tcp://127.0.0.1:80', 'default of tcp'],
      ['checks.web.mode', 'act', 'default of mode'],
      ['checks.web.severity', 'high', 'default'],
      ['checks.web.confirm', '2 of 3', 'default'],
      ['checks.web.limits.cooldown', '5m', 'default'],
      ['checks.free.failure_mode', 'slow_start', 'grace.yaml:5'],
      ['checks.free.mode', 'observe', 'grace.yaml:5'],
      ['playbooks.p.steps[0].http.method', 'POST', 'default of http'],
      ['playbooks.p.steps[0].timeout', '10s', 'default of http'],
      ['playbooks.p.steps[0].repeatable', 'false', 'default of http'],
      ['playbooks.p.steps[1].timeout', '7s', 'grace.yaml:11'],
      ['playbooks.p.steps[1].repeatable', 'true', 'default of restart'],
      ['playbooks.p.rollback[0].timeout', expect.stringMatching(/^\d+m?s$/), 'default of wait'],
      ['playbooks.p.verify.every', '500ms or 1s', 'default of every'],
    ]) {
      expect(rows).toContainEqual(row);
    }
    expect(rows.filter(([field]) => field === 'checks.free.failure_mode')).toHaveLength(1);
    const all = [...out.text.matchAll(/^(\S+)/gm)].map(([, field]) => field);
    expect(new Set(all).size).toBe(all.length);
  });

  it('shows them parsed in JSON', async () => {
    const { ctx, out, write } = stage();
    const path = write(RIGHT);
    expect(await runConfigShow(ctx, { json: true })).toBe(0);
    const shown = JSON.parse(out.text);
    expect(shown).toMatchObject({ schema: 'grace.config/1', path, config: { checks: { root: { every: 60 } } } });
    expect(shown.settings).toContainEqual({ field: 'mode', value: 'observe', line: null });
    expect(shown.settings).toContainEqual({ field: 'checks.root.every', value: '1m', line: 5 });
    expect(shown.settings).toContainEqual({
      ...{ field: 'checks.root.failure_mode', value: 'disk_full', line: null },
      default_of: 'disk',
    });
  });

  it('may look at what others could change, and says so', async () => {
    const { ctx, err, write } = stage();
    chmodSync(write(RIGHT), 0o646);
    expect(await runConfigShow(ctx, {})).toBe(0);
    expect(err.text).toMatch(/^grace: note: .*nothing acts by it: grace config check$/m);
  });

  it('prints the schema', async () => {
    const { ctx, out } = stage();
    expect(await runConfigShow(ctx, { schema: true })).toBe(0);
    expect(JSON.parse(out.text)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
  });
});

describe('grace config accounts', () => {
  const rowsOf = (out: FakeOut) =>
    out.text
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s{2,}/));

  it('says who may do what, by which rule, and who asks', async () => {
    const { ctx, out, dir, write } = stage();
    write(RIGHT);
    mkdirSync(join(dir, 'logs'));
    expect(await runConfigAccounts(ctx, {})).toBe(0);
    const rows = rowsOf(out);
    expect(rows).toContainEqual(['operator:*', 'ack', 'grace.yaml:8 accounts["operator:*"]']);
    expect(rows).toContainEqual(['learner', 'reorder, wait', 'built in']);
    expect(rows).toContainEqual(['alert:*', 'report', 'built in']);
    expect(rows.find(([account]) => account === `operator:${me}`)).toEqual([
      `operator:${me}`,
      'heal, approve, silence, brake, ack, close, reorder, wait, threshold',
      isRoot ? 'built in' : 'built in: owns the directory of the logs',
      'you',
    ]);
  });

  it.skipIf(!isRoot)('knows who owns the logs (needs root)', async () => {
    const { ctx, out, dir } = stage();
    mkdirSync(join(dir, 'logs'));
    chownSync(join(dir, 'logs'), 54_321, 0);
    expect(await runConfigAccounts(ctx, {})).toBe(0);
    expect(rowsOf(out)).toContainEqual([
      'operator:#54321',
      'heal, approve, silence, brake, ack, close, reorder, wait, threshold',
      'built in: owns the directory of the logs',
    ]);
  });

  it('gives the places in JSON', async () => {
    const { ctx, out, write } = stage();
    const path = write(RIGHT);
    expect(await runConfigAccounts(ctx, { json: true })).toBe(0);
    const { accounts, ...rest } = JSON.parse(out.text);
    expect(rest).toMatchObject({ schema: 'grace.config_accounts/1', path, you: `operator:${me}` });
    expect(accounts).toContainEqual({
      account: 'operator:*',
      may: ['ack'],
      rule: 'accounts["operator:*"]',
      line: 8,
      you: false,
    });
    expect(accounts.filter(({ you }: { you: boolean }) => you)).toHaveLength(1);
  });
});

describe('grace heal init', () => {
  it('prints a configuration that is right', async () => {
    const { ctx, out, write } = stage();
    expect(await runHealInit(ctx, {})).toBe(0);
    write(out.text);
    expect(await runConfigCheck(ctx, undefined, {})).toBe(0);
    expect(out.text).toContain(' 0 faults, 1 warning; 0 checks, 0 playbooks, ');
  });

  it('writes a file that is not there yet, and no other unless it is told to', async () => {
    const { ctx, out, err, dir } = stage();
    const path = join(dir, 'grace.yaml');
    expect(await runHealInit(ctx, { out: 'grace.yaml' })).toBe(0);
    expect(out.text).toBe('');
    expect(err.text).toContain(`grace config check ${path}`);
    expect(statSync(path).mode & 0o022).toBe(0);

    writeFileSync(path, 'mine');
    await expect(runHealInit(ctx, { out: 'grace.yaml' })).rejects.toMatchObject({
      code: 'GRACE_EXPORT_EXISTS',
      exit: 4,
    });
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(await runHealInit(ctx, { out: 'grace.yaml', force: true })).toBe(0);
    expect(readFileSync(path, 'utf8')).toContain('version: 1');
    await expect(runHealInit(ctx, { out: 'no/such/grace.yaml' })).rejects.toMatchObject({
      code: 'GRACE_FILE_NOT_WRITTEN',
    });
  });
});
