import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { orderSegments } from '../../src/core/journal/segments.js';
import { GRACE, grace, isSentence, RAW_CONTROL } from '../support/cli.js';
import { tool, withoutLogrotate } from '../support/fault-tools.js';
import { tempDir } from '../support/temp-dir.js';

const without = withoutLogrotate();
const withoutRoot = process.getuid?.() !== 0;
const LOGS = ['incidents.jsonl', 'immutable_audit.jsonl'];
const NOBODY = 65534;

interface Finding {
  about: string;
  state: 'good' | 'notice' | 'bad';
  text: string;
  mend?: string;
}

interface Host {
  readonly root: string;
  readonly logs: string;
  readonly conf: string;
  /** Writes a file of the configuration. */
  rule(name: string, text: string): string;
  run(args: readonly string[], uid?: number): ReturnType<typeof grace>;
  rotation(): Promise<Finding[]>;
  paste(command: string): void;
  /** The real program, on this configuration. */
  logrotate(...options: string[]): string;
}

/** A log directory, and a configuration of logrotate that knows nothing of it yet. */
function host(name = 'logs'): Host {
  const root = tempDir();
  const logs = join(root, name);
  const conf = join(root, 'logrotate.conf');
  mkdirSync(logs, { mode: 0o750 });
  mkdirSync(join(root, 'logrotate.d'));
  const write = (path: string, text: string) => {
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  };
  write(conf, `include ${root}/logrotate.d\n`);
  const state = join(root, 'state-home');
  mkdirSync(state);
  const env = { GRACE_LOGROTATE_CONF: conf, XDG_STATE_HOME: state };
  const run = (args: readonly string[], uid?: number) =>
    grace([...args, '--logs', logs], { env, ...(uid === undefined ? {} : { uid }) });
  return {
    root,
    logs,
    conf,
    rule: (file, text) => write(join(root, file), text.replaceAll('@', logs)),
    run,
    async rotation() {
      const { stdout, stderr } = await run(['doctor', '--json']);
      expect(stderr).toBe('');
      return (JSON.parse(stdout).findings as Finding[]).filter(({ about }) => about === 'rotation');
    },
    paste(command) {
      const bin = join(root, 'bin');
      mkdirSync(bin, { recursive: true });
      symlinkSync(GRACE, join(bin, 'grace'));
      const path = `${bin}:${dirname(process.execPath)}:${process.env.PATH}`;
      const pasted = spawnSync('bash', ['--norc', '-c', command], {
        cwd: bin,
        env: { PATH: path, ...env },
        encoding: 'utf8',
      });
      expect(pasted).toMatchObject({ status: 0, stderr: '' });
    },
    logrotate: (...options) => {
      const run = spawnSync('logrotate', [...options, '-s', join(root, 'state'), conf], { encoding: 'utf8' });
      expect(run.stderr).not.toContain('error');
      expect(run.status).toBe(0);
      return run.stdout + run.stderr;
    },
  };
}

const RULE = 'logrotate.d/app';
const KEEPING = 'rotate 1000\n';

/** What is said about a rule that holds these directives, without the place where it stands. */
async function saidOf(directives: string): Promise<[Finding['state'], string][]> {
  const { root, rule, rotation } = host();
  rule(RULE, `@/*.jsonl {\n${directives}}\n`);
  const begin = `${root}/${RULE}:1 rotates `;
  return (await rotation()).map(({ state, text }) => {
    expect(text.startsWith(begin)).toBe(true);
    return [state, text.slice(begin.length).replace(/^both logs: /, '')];
  });
}

describe('what logrotate will do to the logs', () => {
  test('nothing, where no rule names them', async () => {
    const { rule, rotation, run } = host();
    rule(RULE, '/var/log/other/*.jsonl {\n copytruncate\n}\n');
    const good = { about: 'rotation', state: 'good', text: 'no rule of logrotate names these logs' };
    expect(await rotation()).toEqual([good]);
    expect((await run(['doctor'])).stdout).toMatch(/^good +rotation +no rule of logrotate names these logs$/m);
  });

  test('the directory need not be there', async () => {
    const { root, rule } = host();
    rule(RULE, `${root}/soon/*.jsonl {\n ${KEEPING} copytruncate\n}\n`);
    const env = { GRACE_LOGROTATE_CONF: join(root, 'logrotate.conf') };
    const run = await grace(['doctor', '--logs', join(root, 'soon')], { env });
    expect(run).toMatchObject({ code: 3, stderr: '' });
    expect(run.stdout).toContain('copytruncate (line 3) loses');
  });

  test.each([
    ['', 'both logs by rename'],
    ['create\n', 'both logs by rename'],
    ['create 0640\nmonthly\nmissingok\n', 'both logs by rename'],
    ['create 0600 0 adm\n', withoutRoot ? undefined : 'both logs by rename'],
    ['create 0600 root\n', withoutRoot ? undefined : 'both logs by rename'],
    ['copytruncate\nnocopytruncate\ncompress\nnocompress\nshred\n', 'both logs by rename'],
    ['olddir .\n', 'both logs by rename'],
    ['extension .log\n', 'both logs by rename'],
    ['start 0\n', 'both logs by rename'],
    ['dateext\n', 'both logs by rename'],
    ['hourly\ndateext\n', 'both logs by rename'],
    ['dateext\ndateformat -%Y%m%d%H%M%S\n', 'both logs by rename'],
    ['dateext\ndateformat -%Y%m%d-%s\n', 'both logs by rename'],
    ['dateformat .%d\n', 'both logs by rename'],
  ])('good: %j', async (directives, text) => {
    if (text !== undefined) expect(await saidOf(KEEPING + directives)).toEqual([['good', text]]);
  });

  test.each([
    ['copytruncate\n', 'copytruncate (line 3) loses the lines that are written between the copy and the cut'],
    ['copy\n', 'copy (line 3) leaves the log as it is, and grace takes the copy for an older part of it'],
    ['renamecopy\n', 'renamecopy (line 3) loses the lines that are still written after the copy'],
    [
      'copy\ncopytruncate\ncreate 666\n',
      'copytruncate (line 4) loses the lines that are written between the copy and the cut',
    ],
    ['rotate 0\n', 'rotate 0 (line 3) removes a log as soon as it is rotated'],
    ['olddir old\n', 'olddir old (line 3) is a place where grace does not look'],
    ['create 0666\n', 'create 0666 (line 3) makes a file that grace refuses: everybody may write to it'],
    [
      'create 0440 root adm\n',
      'create 0440 root adm (line 3) makes a file that grace refuses: its owner may not write to it',
    ],
    ['create 0640 www-data\n', 'create 0640 www-data (line 3) makes a file that grace refuses: it belongs to www-data'],
    [
      'start 1000000\n',
      'start 1000000 (line 3) gives names such as incidents.jsonl.1000000, which grace does not read',
    ],
    [
      'extension .jsonl\n',
      'extension .jsonl (line 3) gives names such as incidents.1.jsonl, which grace does not read',
    ],
    [
      'addextension .old\n',
      'addextension .old (line 3) gives names such as incidents.jsonl.1.old, which grace does not read',
    ],
    [
      'dateext\ndateformat .%Y-%m-%d\n',
      'dateformat .%Y-%m-%d (line 4) gives names such as incidents.jsonl.2026-11-20, which grace does not read',
    ],
    [
      'dateext\ndateformat -%d%m%Y\n',
      'dateformat -%d%m%Y (line 4) gives names such as incidents.jsonl-20112026, which do not sort by time',
    ],
  ])('bad: %j', async (directives, text) => {
    const said = (await saidOf(KEEPING + directives)).filter(([, one]) => !one.includes('immutable_audit'));
    expect(said).toEqual([['bad', text]]);
  });

  test.each([
    ['rotate 4\n', ['notice', 'rotate 4 (line 2) removes older files, and the evidence in them']],
    ['rotate -1\nmaxage 90\n', ['notice', 'maxage 90 (line 3) removes older files, and the evidence in them']],
    [
      'rotate -1\ncompress\n',
      ['notice', 'compress (line 3) makes old files unreadable to grace: they count as removed'],
    ],
    ['', ['bad', 'no rotate is set, which removes a log as soon as it is rotated']],
  ])('removing: %j', async (directives, said) => expect(await saidOf(directives)).toEqual([said]));

  test('each fault is said by itself, and of shred only where it does something', async () => {
    expect(await saidOf('copytruncate\nrotate 4\ncompress\nshred\n')).toMatchObject(
      [
        ['bad', /^copytruncate /],
        ['notice', /^rotate 4 /],
        ['notice', /^compress /],
        ['bad', 'shred (line 5) overwrites what it removes: nothing brings it back'],
      ].map(([state, text]) => [state, typeof text === 'string' ? text : expect.stringMatching(text as RegExp)]),
    );
  });

  test('by what stands above the rule, in another file', async () => {
    const { root, conf, rule, rotation } = host();
    writeFileSync(conf, `rotate 4\nweekly\ncompress\ninclude ${root}/logrotate.d\n`);
    rule(RULE, '# nothing\n"@/incidents.jsonl" {\n}\n');
    expect((await rotation()).map(({ text }) => text)).toEqual([
      `${root}/${RULE}:2 rotates incidents.jsonl: rotate 4 (${conf}:1) removes older files, and the evidence in them`,
      `${root}/${RULE}:2 rotates incidents.jsonl: compress (${conf}:3) makes old files unreadable to grace: they count as removed`,
    ]);
  });

  test('names by date, where old files have numbers', async () => {
    const { logs, rule, rotation } = host();
    writeFileSync(join(logs, 'incidents.jsonl.1'), '');
    rule(RULE, '@/*.jsonl {\nrotate -1\ndateext\n}\n');
    expect(await rotation()).toMatchObject([
      { state: 'bad', text: expect.stringContaining('dateext (line 3) gives names with a date, which count as older') },
    ]);
  });

  test('of several rules the first counts', async () => {
    const { root, rule, rotation } = host();
    rule(RULE, `@/*.jsonl {\n${KEEPING}}\n`);
    rule('logrotate.d/late', '@/*.jsonl {\ncopytruncate\n}\n');
    expect(await rotation()).toMatchObject([
      { state: 'good', text: `${root}/${RULE}:1 rotates both logs by rename` },
      {
        state: 'notice',
        text: `${root}/logrotate.d/late:1 names these logs too: logrotate says so and follows ${root}/${RULE}:1`,
        mend: `logrotate -d ${root}/logrotate.conf`,
      },
    ]);
    rule(RULE, `@/*.jsonl {\n${KEEPING}ignoreduplicates\n}\n`);
    expect(await rotation()).toMatchObject([{ state: 'good' }]);
    rule(RULE, `@/*.jsonl {\nrotate many\n}\n`);
    expect(await rotation()).toMatchObject([
      { state: 'bad', text: expect.stringContaining('logrotate.d/late:1 rotates both logs: copytruncate') },
      { state: 'bad', text: expect.stringContaining('no rotate is set') },
      {
        state: 'notice',
        text: expect.stringMatching(/app:1 names .* passes it over: rotate many is not understood \(line 2\)$/),
      },
    ]);
  });

  test('by another name of the directory', async () => {
    const { root, logs, rule, rotation } = host();
    symlinkSync(logs, join(root, 'alias'));
    rule(RULE, `@/*.jsonl {\n${KEEPING}}\n`);
    rule('logrotate.d/late', `${root}/ali*/*.jsonl {\n${KEEPING}copytruncate\n}\n`);
    expect((await rotation()).map(({ state }) => state)).toEqual(['good', 'bad']);
  });

  test('a configuration that is named and not there', async () => {
    const { root, logs } = host();
    const conf = join(root, 'no such file');
    const run = await grace(['doctor', '--logs', logs], { env: { GRACE_LOGROTATE_CONF: conf } });
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toContain(`there is no configuration of logrotate at ${conf}`);
  });

  test.skipIf(withoutRoot)('a file of the configuration that this account cannot read', async () => {
    const { root, logs, rule, run } = host();
    chmodSync(root, 0o755);
    chownSync(logs, NOBODY, NOBODY);
    chmodSync(rule(RULE, '@/*.jsonl {\n}\n'), 0o600);
    const { stdout, stderr, code } = await run(['doctor'], NOBODY);
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout).toContain(
      `whether rotation is right cannot be told without reading ${root}/${RULE} (permission is denied)`,
    );
    expect(stdout).toContain(`mend: sudo grace doctor --logs ${logs}`);
    expect(stdout).not.toContain('no rule of logrotate');
  });

  test.skipIf(withoutRoot)('a file that logrotate would not take from there', async () => {
    const { rule, rotation } = host();
    chmodSync(rule(RULE, '@/*.jsonl {\n}\n'), 0o664);
    expect(await rotation()).toMatchObject([
      { state: 'good' },
      { state: 'notice', text: expect.stringContaining('passes it over: others than its owner may write to the file') },
    ]);
  });

  test('hostile names are shown harmless', async () => {
    const { rule, run } = host();
    rule('logrotate.d/a\u001b[2J\nb', '@/*.jsonl {\ncopytruncate\n}\n');
    const { stdout, code } = await run(['doctor']);
    expect(code).toBe(3);
    expect(stdout).toContain('copytruncate (line 2) loses');
    expect(RAW_CONTROL.test(stdout)).toBe(false);
  });
});

describe('the mend', () => {
  test.each(['logs', "it's a {dir} [of] 5*?", 'new\nline "é"'])(
    'puts the right rule before the wrong one: %j',
    async (name) => {
      const { root, rule, rotation, paste } = host(name);
      rule(RULE, `${root}/*/*.jsonl {\ncopytruncate\n}\n`);
      const [first] = await rotation();
      expect(first?.mend).toContain(`> ${root}/logrotate.d/00-grace   # and take these logs out of ${root}/${RULE}:1`);
      paste(first?.mend ?? '');
      expect(await rotation()).toEqual([
        { about: 'rotation', state: 'good', text: `${root}/logrotate.d/00-grace:1 rotates both logs by rename` },
      ]);
    },
  );

  test('goes before the wrong one in the only file, where no directory is included', async () => {
    const { conf, rule, rotation, paste } = host();
    rule('logrotate.conf', '@/*.jsonl {\ncopytruncate\nrotate -1\n}\n');
    const [first] = await rotation();
    expect(first).toMatchObject({ state: 'bad' });
    paste(first?.mend ?? '');
    expect(await rotation()).toEqual([
      { about: 'rotation', state: 'good', text: `${conf}:1 rotates both logs by rename` },
    ]);
    expect(readFileSync(conf, 'utf8'), 'the rest is still there').toContain('copytruncate\nrotate -1\n}\n');
  });

  test('is good whatever the globals say', async () => {
    const { root, conf, run, rule, rotation } = host();
    const globals = 'copytruncate copy compress shred\nrotate 1\nmaxage 3\nolddir /x\ncreate 0666 daemon\nstart 7\n';
    writeFileSync(conf, `${globals}dateformat .%s\ninclude ${root}/logrotate.d\n`);
    rule('logrotate.d/00-grace', (await run(['doctor', '--logrotate'])).stdout);
    expect(await rotation()).toMatchObject([{ state: 'good' }]);
  });
});

describe('grace doctor --logrotate', () => {
  test('prints the rule and nothing else', async () => {
    const { logs, run } = host('my logs');
    const { code, stdout, stderr } = await run(['doctor', '--logrotate']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(`^"${logs}/incidents.jsonl"\n"${logs}/immutable_audit.jsonl" \\{\n    su \\S+ \\S+\n`),
    );
    expect(stdout).toMatch(/\n {4}rotate 1000\n.*\n {4}dateext\n {4}dateformat -%Y%m%d-%s\n.*\n {4}nocopytruncate\n/s);
    writeFileSync(join(logs, 'immutable_audit.jsonl.3'), '');
    expect((await run(['doctor', '--logrotate'])).stdout).toContain('\n    nodateext\n    start 1\n');
  });

  test('is not to be had as JSON', async () => {
    const run = await host().run(['doctor', '--logrotate', '--json']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(isSentence(run.stderr)).toBe(true);
  });

  test('says what is wrong with the directory', async () => {
    const { root } = host();
    writeFileSync(join(root, 'file'), '');
    const run = await grace(['doctor', '--logrotate', '--logs', join(root, 'file')]);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain('GRACE_LOGS_NOT_A_DIRECTORY');
  });
});

describe('the real logrotate', () => {
  test.skipIf(without).each(['logs', "it's a {dir} [of] 5*?", 'new\nline "é" # x'])(
    'takes the rule for just these logs: %j',
    async (name) => {
      const { logs, rule, run, logrotate } = host(name);
      for (const log of LOGS) writeFileSync(join(logs, log), 'x\n');
      rule('logrotate.d/00-grace', (await run(['doctor', '--logrotate'])).stdout);
      const considered = logrotate('-d', '-f')
        .split(/^considering log /m)
        .slice(1);
      expect(considered.map((text) => text.slice(0, text.indexOf('.jsonl') + 6))).toEqual(
        LOGS.map((log) => join(logs, log)),
      );
    },
  );

  test.skipIf(without).each(['date', 'number'])('rotates by it, with a %s, and nothing is lost', async (by) => {
    const { logs, rule, run, rotation, logrotate } = host();
    const record = async () => expect((await run(['trigger', 'incident'])).code).toBe(0);
    await record();
    if (by === 'number') for (const log of LOGS) renameSync(join(logs, log), join(logs, `${log}.1`));
    await record();
    rule('logrotate.d/00-grace', (await run(['doctor', '--logrotate'])).stdout);
    for (let i = 0; i < 2; i++) {
      if (by === 'date') tool('sleep', '1.1');
      const before = LOGS.map((log) => readFileSync(join(logs, log), 'utf8'));
      logrotate('-f');
      const after = LOGS.map((log) => filesOf(logs, log).map((file) => readFileSync(join(logs, file), 'utf8')));
      // An empty log stays where it is.
      expect(after.map((files) => files.at(-1))).toEqual(before);
      await record();
      expect((await run(['registry', 'sync'])).code).toBe(0);
    }
    for (const log of LOGS) {
      const form = by === 'date' ? /^\.jsonl-\d{8}-\d{10}$/ : /^\.jsonl\.\d+$/;
      const [...old] = filesOf(logs, log);
      expect(old.pop()).toBe(log);
      expect(old).toHaveLength(by === 'date' ? 2 : 3);
      for (const file of old) expect(file.slice(log.indexOf('.'))).toMatch(form);
    }
    expect(await rotation()).toMatchObject([{ state: 'good' }]);
    const { code, stdout } = await run(['doctor']);
    expect(stdout).toMatch(/0 to notice, 0 bad\n$/);
    expect(code).toBe(0);
    expect((await run(['registry', 'list', '--quiet'])).stdout.trim().split('\n')).toHaveLength(4);
  });

  test.skipIf(without || withoutRoot)('rotates the logs of another account as that account', async () => {
    const { root, logs, rule, run, logrotate } = host();
    chmodSync(root, 0o755);
    for (const dir of [logs, join(root, 'state-home')]) chownSync(dir, NOBODY, NOBODY);
    expect((await run(['trigger', 'incident'], NOBODY)).code).toBe(0);
    const text = (await run(['doctor', '--logrotate'])).stdout;
    expect(text).toContain('\n    su nobody nogroup\n');
    rule('logrotate.d/00-grace', text);
    logrotate('-f');
    expect((await run(['trigger', 'incident'], NOBODY)).code).toBe(0);
    for (const log of LOGS) expect(filesOf(logs, log)).toHaveLength(2);
    expect((await run(['doctor'], NOBODY)).stdout).toMatch(/0 to notice, 0 bad\n$/);
  });

  test
    .skipIf(without)
    .each([
      'nodateext',
      'start 0',
      'start 12',
      'extension .jsonl',
      'extension .l',
      'extension sonl',
      'extension .log',
      'addextension .old',
      'addextension .jsonl',
      'addextension .jsonl\nextension .log',
      'dateext',
      'hourly\ndateext',
      'dateext\ndateformat -%Y%m%d-%s',
      'dateext\ndateformat -%Y%m%d-%H%M%S',
      'dateext\ndateformat -%s',
      'dateext\ndateformat .%s',
      'dateext\ndateformat .%Y%m%d',
      'dateext\ndateformat -%Y-%m-%d',
      'dateext\ndateformat _%Y%m%d',
      'dateext\ndateformat -%Y%m%d%%',
      'dateext\ndateformat -%Y%m%dT%H',
      'dateext\ndateformat -%Y%m%d\nextension .jsonl',
      'dateext\ndateformat %Y%m%d',
      'dateext\ndateformat  =  -%Y%m%d',
    ])('gives names that are judged rightly: %j', async (directives) => {
    const { logs, rule, rotation, logrotate } = host();
    for (const log of LOGS) writeFileSync(join(logs, log), '');
    rule(RULE, `@/*.jsonl {\nrotate -1\n${directives}\n}\n`);
    const judged = await rotation();
    logrotate('-f');
    const [name = ''] = readdirSync(logs).filter((file) => file.startsWith('incidents'));
    const isRead = orderSegments('incidents.jsonl', [name]).length === 1;
    expect(judged.map(({ state }) => state)).toEqual(isRead ? ['good'] : ['bad', 'bad']);
    if (!isRead)
      expect(judged.map(({ text }) => text.replaceAll(/\d/g, 'N')).join()).toContain(name.replaceAll(/\d/g, 'N'));
  });
});

function filesOf(logs: string, log: string): string[] {
  return orderSegments(log, readdirSync(logs));
}
