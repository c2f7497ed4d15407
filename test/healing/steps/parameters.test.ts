import { copyFileSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PARAMETER_TYPES, type ParameterType } from '../../../src/core/config/schema/playbook-schema.js';
import { isInterpreter } from '../../../src/healing/steps/interpreters.js';
import {
  BUILT_IN_PARAMETERS,
  fillArguments,
  type Parameters,
  placeholderFaults,
} from '../../../src/healing/steps/parameters.js';
import { tempDir } from '../../support/temp-dir.js';

const CORPUS: readonly string[] = [
  ...JSON.parse(readFileSync(new URL('./corpus/hostile.json', import.meta.url), 'utf8')),
  'x'.repeat(10_000),
  `/${'x'.repeat(10_000)}`,
  '9'.repeat(10_000),
  `/${'é'.repeat(3_000)}`,
];
const PROGRAM = '/usr/bin/printf';
const ANY_PATH: Parameters[string] = { type: 'path', under: ['/'] };

/** The text as `{x}` of that type; `undefined` when it is refused. */
function passes(type: ParameterType, text: string): boolean {
  const filled = fillArguments([PROGRAM, '{x}'], { x: type === 'path' ? ANY_PATH : type }, { x: text });
  if (!filled.ok) return false;
  expect(filled.argv).toEqual([PROGRAM, text]);
  return true;
}

/** What a type means, said a second time and in another way. */
const MEANS: Readonly<Record<ParameterType, (text: string) => boolean>> = {
  port: (text) => String(Number(text)) === text && Number.isInteger(Number(text)) && +text >= 1 && +text <= 65_535,
  integer: (text) => [...text].every((c) => c >= '0' && c <= '9') && String(Number(text)) === text && text.length <= 15,
  word: (text) =>
    text.length <= 64 &&
    [...text].every((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-'.includes(c)) &&
    !'._-'.includes(text[0] ?? '-'),
  unit: (text) =>
    text.length <= 255 && [...text].every((c) => /[A-Za-z0-9]/.test(c) || '@:_.\\-'.includes(c)) && /^\w/.test(text),
  path: (text) =>
    text[0] === '/' &&
    Buffer.byteLength(text) <= 4096 &&
    !`${text}/`.includes('/../') &&
    Buffer.from(text).toString() === text &&
    ![...text].some((c) => c < ' ' || (c >= '\x7f' && c <= '\x9f') || /[\p{Cf}\p{Zl}\p{Zp}]/u.test(c)),
  host: (text) => {
    if (isIP(text)) return /^[^%]*(?:%[\w.-]+)?$/.test(text);
    const labels = text.split('.');
    return (
      text.length <= 253 &&
      labels.every(
        (l) => l.length <= 63 && l !== '' && /^[A-Za-z0-9-]+$/.test(l) && !l.startsWith('-') && !l.endsWith('-'),
      ) &&
      !/^\d+$/.test(labels.at(-1) ?? '') &&
      !/^0x[\da-f]*$/i.test(labels.at(-1) ?? '')
    );
  },
};

describe('types', () => {
  test.each<[ParameterType, readonly string[]]>([
    ['port', ['1', '80', '65535']],
    ['integer', ['0', '7', '999999999999999']],
    ['word', ['a', 'web-1', 'nginx_1.service', 'constructor', 'x'.repeat(64)]],
    ['unit', ['nginx.service', 'getty@tty1.service', 'dev-disk-by\\x2did.device']],
    ['path', ['/', '/var/log/a b.log', '/tmp/é', '/a/..b/c..']],
    ['host', ['localhost', 'web-1.example.com', '127.0.0.1', '::1', 'fe80::1%eth0', '1a.example']],
  ])('%s takes what it names', (type, texts) => {
    for (const text of texts) expect([text, passes(type, text)]).toEqual([text, true]);
  });

  test('each takes of the corpus only what it means, and never an option', () => {
    for (const text of CORPUS) {
      for (const type of PARAMETER_TYPES) {
        const wanted = MEANS[type](text) && !text.startsWith('-');
        expect([type, text.slice(0, 80), passes(type, text)]).toEqual([type, text.slice(0, 80), wanted]);
      }
    }
  });

  test('none takes anything else', () => {
    const any = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...CORPUS).chain((text) => fc.string({ maxLength: 2 }).map((more) => text.slice(0, 300) + more)),
      fc.stringMatching(/^[\w.:/@\\%-]{0,40}$/),
      fc.integer().map(String),
      fc.ipV4(),
      fc.ipV6(),
      fc.domain(),
    );
    fc.assert(
      fc.property(fc.constantFrom(...PARAMETER_TYPES), any, (type, text) => {
        expect(passes(type, text)).toBe(MEANS[type](text) && !text.startsWith('-'));
      }),
      { numRuns: 1500 },
    );
  });
});

describe('placeholders', () => {
  const params: Parameters = {
    port: 'port',
    file: ANY_PATH,
    site: 'word',
    host: 'host',
    bare: 'path',
    anywhere: { type: 'path' },
  };

  test('fill one whole argument each, and nothing is split or joined', () => {
    const filled = fillArguments([PROGRAM, '%s', '{file}', '{check}', '{ not one }', '{}'], params, {
      file: '/tmp/a b;c',
      check: 'web',
    });
    expect(filled).toEqual({ ok: true, argv: [PROGRAM, '%s', '/tmp/a b;c', 'web', '{ not one }', '{}'] });
  });

  test('a fact that holds a placeholder is not filled again', () => {
    const filled = fillArguments([PROGRAM, '{file}', '{site}'], params, { file: '/{site}', site: 'x' });
    expect(filled).toEqual({ ok: true, argv: [PROGRAM, '/{site}', 'x'] });
  });

  test.each([
    [[PROGRAM, '--port={port}'], /one whole argument; --port=\{port\} holds more than \{port\}/],
    [[PROGRAM, '{port}{port}'], /one whole argument/],
    [[PROGRAM, '{nobody}'], /there is no parameter nobody/],
    [[PROGRAM, '{target}'], /there is no parameter target/],
    [[PROGRAM, '{__proto__}'], /there is no parameter __proto__/],
    [[PROGRAM, '{constructor}'], /there is no parameter constructor/],
    [[PROGRAM, `{${'x'.repeat(100)}}`], /there is no parameter/],
    [['{file}', 'x'], /the program itself may not come from data/],
    [['/opt/{site}/run'], /the program itself may not come from data/],
    [['/bin/sh', '-c', 'echo {site}'], /runs what its arguments say/],
    [['/bin/sh', '-c', 'exec "$0"', '{file}'], /runs what its arguments say/],
    [['/usr/bin/python3.11', '{file}'], /runs what its arguments say/],
    [['/usr/bin/env', '-i', 'bash', '-c', '{site}'], /runs what its arguments say/],
    [['/usr/bin/sudo', '-u', 'web', '/usr/bin/systemctl', 'restart', '{site}'], /runs what its arguments say/],
    [['/usr/bin/docker', 'exec', 'web', '/bin/sh', '-c', '{site}'], /sh runs what its arguments say/],
    [['/opt/bin/mypsql', '--command', '{file}'], /may be run as a script/],
    [['/opt/bin/mymysql', '-e', '{file}'], /may be run as a script/],
    [['/lib64/ld-linux-x86-64.so.2', '{file}'], /runs what its arguments say/],
    [['/usr/bin/original-awk', '{site}'], /runs what its arguments say/],
    [['/usr/sbin/logrotate', '{file}'], /runs what its arguments say/],
    [['/opt/bin/wrapper', '/usr/bin/env', '{site}'], /env runs what its arguments say/],
    [['/opt/bin/mybash', '-c', '{site}'], /\{site\} after -c may be run as a script/],
    [['/opt/bin/mybash', '-lc', '{host}'], /may be run as a script/],
    [['/opt/bin/mytar', '-x', '--to-command', '{site}'], /may be run as a script/],
    [['/opt/bin/myfind', '/', '-exec', '{site}'], /may be run as a script/],
    [[PROGRAM, '-file', '{file}'], /may be run as a script/],
    [[PROGRAM, '{anywhere}'], /any path of this host/],
    [[PROGRAM, '{bare}'], /any path of this host: say below which directories it lies, bare: \{ type: path/],
  ])('%j is a fault when the playbook is read, and when it runs', (argv, reason) => {
    expect(placeholderFaults(argv, params).join('\n')).toMatch(reason);
    const filled = fillArguments(argv, params, {
      port: '80',
      file: '/x',
      bare: '/x',
      anywhere: '/x',
      host: 'x',
      site: 'x',
      nobody: 'x',
      target: 'x',
    });
    expect(filled).toMatchObject({ ok: false });
  });

  test.each([
    [[PROGRAM, '{target}'], { target: 'word' }],
    [['/usr/bin/docker', 'restart', '{site}'], params],
    [['/usr/bin/ping', '-c', '{port}', 'localhost'], params],
    [['/usr/local/bin/told', '-c', '{check}', '-name', '{site}', '-service', '{host}'], params],
    [['/usr/local/bin/told', 'env', '{site}'], params],
    [['/bin/sh', '-c', 'systemctl restart "$UNIT"'], params],
    [['/usr/local/bin/nodectl', '{site}'], params],
  ] as [string[], Parameters][])('%j is none', (argv, declared) => {
    expect(placeholderFaults(argv, declared)).toEqual([]);
  });

  test.each(
    'sh bash dash zsh ksh93 node nodejs node-20 python python3 python3.12 perl perl5.36.0 ruby php php8.2 lua5.4 awk gawk mawk env sudo su xargs ssh eval busybox busybox.static tclsh8.6 find nohup setsid timeout nice vim.basic'.split(
      ' ',
    ),
  )('%s is an interpreter', (name) => {
    expect(isInterpreter(`/usr/bin/${name}`)).toBe(true);
    expect(placeholderFaults([`/usr/bin/${name}`, '{check}'], {})).toHaveLength(1);
  });

  test.each(['systemctl', 'nginx', 'shutdown', 'perldoc-server', 'nodemon-restart', 'finder', 'php-fpm', 'restart.sh'])(
    '%s is none',
    (name) => expect(isInterpreter(`/usr/bin/${name}`)).toBe(false),
  );

  test('a shell under another name is found out when it runs', () => {
    const dir = tempDir();
    const disguised = join(dir, 'restart-it');
    symlinkSync(realpathSync('/bin/sh'), disguised);
    expect(placeholderFaults([disguised, '{check}'], {})).toEqual([]);
    const filled = fillArguments([disguised, '{check}'], {}, { check: 'web' });
    expect(filled).toMatchObject({ ok: false, reason: expect.stringContaining('runs what its arguments say') });
    expect(fillArguments([disguised, '-c', 'true'], {}, {})).toMatchObject({ ok: true });
    const honest = join(dir, 'honest');
    copyFileSync('/usr/bin/printf', honest);
    expect(fillArguments([honest, '{check}'], {}, { check: 'web' })).toMatchObject({ ok: true });
  });

  test('a program that is not there, or relative, takes no facts', () => {
    const reasonOf = (program: string) => fillArguments([program, '{check}'], {}, { check: 'web' });
    expect(reasonOf('/nowhere/x')).toEqual({ ok: false, reason: 'there is no program /nowhere/x' });
    expect(reasonOf('x')).toEqual({ ok: false, reason: 'x is not the absolute path of a program' });
  });

  test('facts are own texts, and never repeated in a reason', () => {
    const missing = { ok: false, reason: 'the incident has no fact site' };
    expect(fillArguments([PROGRAM, '{site}'], params, {})).toEqual(missing);
    expect(fillArguments([PROGRAM, '{site}'], params, Object.create({ site: 'web' }))).toEqual(missing);
    expect(fillArguments([PROGRAM, '{site}'], params, { site: 80 as unknown as string })).toEqual(missing);
    expect(fillArguments([PROGRAM, '{constructor}'], { constructor: 'word' } as never, {})).toMatchObject({
      reason: 'the incident has no fact constructor',
    });
    for (const text of CORPUS) {
      const filled = fillArguments([PROGRAM, '{port}'], params, { port: text });
      expect(filled).toEqual({ ok: false, reason: 'port is not a port: 1 to 65535' });
    }
  });

  test('a path lies below a directory that was declared, links followed', () => {
    const dir = tempDir();
    const [spool, other] = [join(dir, 'spool'), join(dir, 'other')];
    for (const one of [join(spool, 'in'), other]) mkdirSync(one, { recursive: true });
    writeFileSync(join(spool, 'in/a'), '');
    writeFileSync(join(other, 'b'), '');
    symlinkSync(other, join(spool, 'out'));
    symlinkSync(join(other, 'none'), join(spool, 'dangling'));
    symlinkSync('in', join(spool, 'inner'));
    symlinkSync(spool, join(dir, 'alias'));
    const fill = (file: string, under: string[]) => {
      const filled = fillArguments([PROGRAM, '{file}'], { file: { type: 'path', under } }, { file });
      return filled.ok || filled.reason;
    };
    const alias = join(dir, 'alias');
    for (const path of ['', '/in/a', '/in/later/still', '/inner/a', '//in/./a']) {
      expect([path, fill(`${spool}${path}`, [spool])]).toEqual([path, true]);
      expect([path, fill(`${alias}${path}`, [`${alias}/`])]).toEqual([path, true]);
    }
    for (const path of [`${spool}/out/b`, `${spool}/out/later`, `${spool}/dangling`, `${spool}ed`, join(other, 'b')]) {
      expect([path, fill(path, [spool])]).toEqual([path, `file does not lie below ${spool}`]);
    }
    expect(fill(join(other, 'b'), [spool, other])).toBe(true);
    expect(fill('/nowhere/x', ['/nowhere'])).toBe(true);
  });

  test('a built-in name is a word, whatever a playbook declares', () => {
    for (const name of BUILT_IN_PARAMETERS) {
      const params = { [name]: ANY_PATH };
      expect(fillArguments([PROGRAM, `{${name}}`], params, { [name]: '/etc/shadow' })).toMatchObject({ ok: false });
      expect(fillArguments([PROGRAM, `{${name}}`], params, { [name]: 'web' })).toMatchObject({ ok: true });
    }
  });
});
