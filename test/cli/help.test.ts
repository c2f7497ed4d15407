import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GRACE, grace, isSentence, RAW_CONTROL, ROOT } from '../support/cli.js';
import { tempDir } from '../support/temp-dir.js';

const COMMANDS: Record<string, string[]> = {
  '': ['trigger', 'evidence', 'registry', 'doctor'],
  trigger: ['incident', 'drill'],
  evidence: ['self-healing', 'learning', 'unified', 'all'],
  registry: ['list', 'show', 'stats', 'sync', 'rebuild'],
};

const OPTIONS: Record<string, string[]> = {
  'trigger incident': ['--failure-mode', '--severity', '--target', '--meta', '--status', '--source', '--ref', '--from'],
  'trigger drill': ['--port'],
  'evidence self-healing': ['--since', '--strict'],
  'registry list': ['--subsystem', '--status', '--type', '--since', '--limit', '--sort', '--reverse', '--quiet'],
  'registry show': [],
  'registry stats': [],
  'registry sync': [],
  'registry rebuild': [],
  doctor: [],
};

describe('--help', () => {
  test.each(Object.keys(COMMANDS))('of the group "grace %s" lists its commands', async (group) => {
    const run = await grace([...group.split(' ').filter(Boolean), '--help']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^Usage: grace /);
    for (const name of COMMANDS[group] ?? []) expect(run.stdout).toMatch(new RegExp(`^  ${name}\\b.* {2,}\\S`, 'm'));
    expect(RAW_CONTROL.test(run.stdout)).toBe(false);
  });

  test.each(Object.keys(OPTIONS))('of "grace %s" lists its options', async (command) => {
    const run = await grace([...command.split(' '), '--help']);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(new RegExp(`^Usage: grace ${command} `));
    for (const option of ['--logs', '--config', '--json', '--help', ...(OPTIONS[command] ?? [])]) {
      expect(run.stdout).toMatch(new RegExp(`^ +(-\\w, )?${option}\\b.* {2,}\\S`, 'm'));
    }
    const short = await grace([...command.split(' '), '-h']);
    expect(short.stdout).toBe(run.stdout);
    const [group = '', ...rest] = command.split(' ');
    if (rest.length > 0) expect((await grace([group, 'help', ...rest])).stdout).toBe(run.stdout);
  });

  test('fits 60 columns', async () => {
    const run = await grace(['trigger', 'incident', '--help'], { env: { COLUMNS: '60' } });
    const [options = ''] = run.stdout.split('Examples:');
    const tooWide = options
      .split('\n')
      .filter((line) => line.length > 60 && !/^(Usage|With|Without|recovery)/.test(line));
    expect(tooWide).toEqual([]);
  });
});

describe('what is not understood', () => {
  test.each([
    [[], 'grace needs a subcommand', 'grace --help'],
    [['trigger'], 'grace trigger needs a subcommand', 'grace trigger --help'],
    [['regstry'], "unknown command 'regstry'", 'did you mean registry?'],
    [['registry', 'lst'], "unknown command 'lst'", 'did you mean list?'],
    [['registry', 'list', '--limt', '3'], "unknown option '--limt'", 'did you mean --limit?'],
    [['registry', 'list', '--limit'], "option '--limit <n>' argument missing", 'grace registry list --help'],
    [['heal', 'watch', '--metrics', '--verbose'], '--metrics needs a value, and --verbose is', '--metrics <file>'],
    [['trigger', 'incident', '--json', '--logs', '-h'], '--logs needs a value, and -h is', '--logs <dir>'],
    [['registry', 'show'], "missing required argument 'id'", 'grace registry show --help'],
    [['registry', 'list', 'x'], 'too many arguments', 'grace registry list --help'],
    [['doctor\u001b[31m'], "unknown command 'doctor\\u{1b}[31m'", 'grace --help'],
  ])('%j', async (args, message, hint) => {
    const run = await grace(args, { cwd: tempDir() });
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(isSentence(run.stderr)).toBe(true);
    const [error, suggestion] = run.stderr.split('\n');
    expect(error).toContain(`grace: error: ${message}`);
    expect(suggestion).toContain('grace: hint: ');
    expect(suggestion).toContain(hint);
    expect(RAW_CONTROL.test(run.stderr)).toBe(false);
  });
});

test('--version, however it is called', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const args of [['--version'], ['-V']]) {
    expect(await grace(args)).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  }
  const link = join(tempDir(), 'grace');
  symlinkSync(GRACE, link);
  expect(spawnSync(link, ['--version'], { encoding: 'utf8' }).stdout).toBe(`${version}\n`);
});

describe('where the logs are', () => {
  /** Which directory a command that finds no logs says it looked at. */
  async function lookedAt(cwd: string, args: string[] = [], env: Record<string, string> = {}): Promise<string> {
    const run = await grace(['registry', 'list', ...args], { cwd, env });
    expect(run.code).toBe(10);
    return /no logs: (.*) does not exist/.exec(run.stderr)?.[1] ?? run.stderr;
  }

  test('--logs, then $GRACE_LOGS, then grace.yaml, then ./logs', async () => {
    const cwd = tempDir();
    expect(await lookedAt(cwd)).toBe(join(cwd, 'logs'));
    writeFileSync(join(cwd, 'grace.yaml'), 'version: 1\nlogs: from/yaml\n');
    expect(await lookedAt(cwd)).toBe(join(cwd, 'from/yaml'));
    expect(await lookedAt(cwd, [], { GRACE_LOGS: 'from-env' })).toBe(join(cwd, 'from-env'));
    expect(await lookedAt(cwd, [], { GRACE_LOGS: '' })).toBe(join(cwd, 'from/yaml'));
    expect(await lookedAt(cwd, ['--logs', 'from-flag'], { GRACE_LOGS: 'from-env' })).toBe(join(cwd, 'from-flag'));
  });

  test('a path in grace.yaml is relative to that file', async () => {
    const [cwd, elsewhere] = [tempDir(), tempDir()];
    const config = join(elsewhere, 'my.yaml');
    writeFileSync(config, 'logs: data\n');
    expect(await lookedAt(cwd, ['--config', config])).toBe(join(elsewhere, 'data'));
    expect(await lookedAt(cwd, [], { GRACE_CONFIG: config })).toBe(join(elsewhere, 'data'));
    const xdg = tempDir();
    mkdirSync(join(xdg, 'grace'));
    writeFileSync(join(xdg, 'grace/grace.yaml'), 'logs: /var/lib/of-xdg\n');
    expect(await lookedAt(cwd, [], { XDG_CONFIG_HOME: xdg })).toBe('/var/lib/of-xdg');
    writeFileSync(join(cwd, 'grace.yaml'), '# nothing\n');
    expect(await lookedAt(cwd, [], { XDG_CONFIG_HOME: xdg })).toBe(join(cwd, 'logs'));
  });

  test('every command goes by it', async () => {
    const cwd = tempDir();
    writeFileSync(join(cwd, 'grace.yaml'), 'logs: here\n');
    expect((await grace(['trigger', 'incident'], { cwd })).code).toBe(0);
    expect(existsSync(join(cwd, 'here/incidents.jsonl'))).toBe(true);
    expect(existsSync(join(cwd, 'logs'))).toBe(false);
    for (const words of ['registry list', 'registry stats', 'doctor']) {
      expect((await grace(words.split(' '), { cwd })).code).toBe(0);
    }
  });

  test.each([
    ['logs: [a\nb: {', /grace\.yaml:\d+:\d+: /],
    ['version: 1\nlogs: 7\n', /grace\.yaml:2:7: logs: is not the name of a directory/],
    ['version: 1\nlogs: ""\n', /grace\.yaml:2:7: /],
    ['- a\n', /grace\.yaml:1:1: not a mapping/],
    ['a: 1\na: 2\n', /grace\.yaml:2:1: /],
  ])('%j in grace.yaml: file, line and column', async (text, message) => {
    const cwd = tempDir();
    writeFileSync(join(cwd, 'grace.yaml'), text);
    for (const words of ['registry list', 'trigger incident', 'doctor']) {
      const run = await grace(words.split(' '), { cwd });
      expect(run.code).toBe(2);
      expect(isSentence(run.stderr), run.stderr).toBe(true);
      expect(run.stderr).toMatch(message);
    }
    expect(existsSync(join(cwd, 'logs'))).toBe(false);
  });

  test('a configuration that is named must be there', async () => {
    const cwd = tempDir();
    const run = await grace(['registry', 'list', '--config', 'none.yaml'], { cwd });
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(`there is no configuration at ${join(cwd, 'none.yaml')}`);
  });
});
