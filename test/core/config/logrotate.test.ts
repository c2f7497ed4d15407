import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Configuration, Opened, Rule } from '../../../src/core/config/logrotate/configuration.js';
import { integerOf } from '../../../src/core/config/logrotate/directives.js';
import { namesFile } from '../../../src/core/config/logrotate/names-file.js';
import { parseConfiguration } from '../../../src/core/config/logrotate/parse-configuration.js';
import { readConfiguration } from '../../../src/core/config/logrotate/read-configuration.js';
import { tool, withoutLogrotate } from '../../support/fault-tools.js';
import { tempDir, withTempDir } from '../../support/temp-dir.js';

const without = withoutLogrotate();
/** Files that are compared with what the real logrotate makes of them; each takes some milliseconds. */
const RUNS = Number(process.env.LOGROTATE_RUNS ?? 300);
const SEED = Number(process.env.LOGROTATE_SEED ?? 1);

const LOGS = ['incidents.jsonl', 'immutable_audit.jsonl'];

/** The steps that `logrotate -d -f` would take for each of the two logs. */
function realSteps(conf: string, dir: string): Record<string, string[]> {
  const { stdout, stderr } = spawnSync('logrotate', ['-d', '-f', '-s', '/dev/null', conf], {
    encoding: 'latin1',
    cwd: '/',
  });
  const lines = `${stdout}${stderr}`.replaceAll(`${dir}/alias/`, `${dir}/l/`).split('\n');
  return Object.fromEntries(
    LOGS.map((log) => {
      const path = join(dir, 'l', log);
      const steps = lines
        .filter((line) => line.includes(path) && !line.includes('(rotatecount'))
        .filter((line) => /^(rotating log|renaming|(skip )?copying|truncating|Not truncating|creating new) /.test(line))
        .map((line) =>
          line
            .replaceAll(path, 'LOG')
            .replace(/-\d{8}$/, '-DATE')
            .replace(/(?<=^creating new LOG).*/, ''),
        );
      return [log, steps];
    }),
  );
}

/** The same, as it follows from what was read; `undefined` where two rules name a log, which is an error of its own. */
function expectedSteps({ rules }: Configuration, dir: string): Record<string, string[]> | undefined {
  const steps: Record<string, string[]> = {};
  for (const log of LOGS) {
    const path = join(dir, 'l', log);
    const [rule, ...others] = rules.filter(({ patterns }) => patterns.some((pattern) => namesFile(pattern, path)));
    const isAlias = [rule, ...others].some((one) => one?.patterns.some((pattern) => pattern.includes('/alias/')));
    if (others.length > 0 && (isAlias || !rule?.settings.has('ignoreduplicates'))) return undefined;
    steps[log] = rule ? stepsOf(rule) : [];
  }
  return steps;
}

function stepsOf({ settings }: Rule): string[] {
  const number = (name: string, unset: number) => {
    const value = settings.get(name)?.value ?? String(unset);
    return integerOf(value) ?? (Number.parseInt(value, 10) || 0);
  };
  const [cuts, copies, moves] = ['copytruncate', 'copy', 'renamecopy'].map((name) => settings.has(name));
  const to = settings.has('dateext') ? 'LOG-DATE' : `LOG.${number('start', 1)}`;
  const count = number('rotate', 0);
  const inPlace = cuts || copies;
  return [
    `rotating log LOG, log->rotateCount is ${count}`,
    ...(inPlace ? [] : [`renaming LOG to ${moves ? 'LOG.tmp' : to}`]),
    ...(!inPlace && settings.has('create') ? ['creating new LOG'] : []),
    ...(inPlace && !moves
      ? [`${count === 0 ? 'skip ' : ''}copying LOG to ${to}`, `${cuts ? 't' : 'Not t'}runcating LOG`]
      : []),
    ...(moves ? [`copying LOG.tmp to ${to}`, 'Not truncating LOG.tmp'] : []),
  ];
}

const systemError = (code: string) => Object.assign(new Error(code), { code, syscall: 'open' });

/** Files by their paths; a list is a directory. */
function parse(files: Readonly<Record<string, string | readonly string[] | Opened>>): Configuration {
  return parseConfiguration('/conf', {
    open: (path) => {
      const found = files[path];
      if (found === undefined) throw systemError('ENOENT');
      if (typeof found === 'string') return { kind: 'file', text: Buffer.from(found).toString('latin1') };
      return Array.isArray(found) ? { kind: 'directory', names: found } : (found as Opened);
    },
    home: (user) => ({ '': '/root', grace: '/home/grace' })[user],
  });
}

function settingsOf(rule: Rule | undefined): Record<string, string> {
  return Object.fromEntries([...(rule?.settings ?? [])].map(([name, { value }]) => [name, value]));
}

const firstRule = (text: string) => parse({ '/conf': text }).rules[0];

describe('a configuration', () => {
  it('has rules with their places, patterns and directives', () => {
    const text = `# a comment, /none {
weekly
rotate 4

/var/log/a.log "/var/log/with space.log" # no comment here
# but here {
'/var/log/c.log' {
  copytruncate # and here
  rotate = 0x10
  postrotate
    kill -HUP "$(cat /run/x)" # }
  endscript
}

~/x.log ~grace/y.log {
}
`;
    const { rules } = parse({ '/conf': text });
    expect(rules.map(({ file, line, patterns }) => ({ file, line, patterns }))).toEqual([
      {
        file: '/conf',
        line: 5,
        patterns: ['/var/log/a.log', '/var/log/with space.log', '/#', '/no', '/comment', '/here', '/var/log/c.log'],
      },
      { file: '/conf', line: 15, patterns: ['/root/x.log', '/home/grace/y.log'] },
    ]);
    expect(rules[0]?.settings.get('copytruncate')).toEqual({ file: '/conf', line: 8, value: '' });
    expect(settingsOf(rules[0])).toEqual({ weekly: '', rotate: '0x10', copytruncate: '' });
    expect(settingsOf(rules[1])).toEqual({ weekly: '', rotate: '4' });
  });

  it.each([
    ['copytruncate\nnocopytruncate', {}],
    ['nocopytruncate\ncopytruncate', { copytruncate: '' }],
    ['copytruncate\nrenamecopy', { renamecopy: '' }],
    ['renamecopy\ncopytruncate', { copytruncate: '' }],
    ['compress delaycompress nocompress', { delaycompress: '' }],
    ['olddir old\nnoolddir', {}],
    ['create 0600 a b\nnocreate', {}],
    ['dateext\ndateformat -%Y%m%d\nnodateext', { dateformat: '-%Y%m%d' }],
    ['rotate 3\nrotate 5', { rotate: '5' }],
    ['extension .log', { extension: '.log' }],
    ['daily missingok shred notifempty', { shred: '' }],
    ['unheard of copytruncate\nshred', { shred: '' }],
  ])('takes the last of several directives: %j', (lines, settings) => {
    expect(settingsOf(firstRule(`/a {\n${lines}\n}\n`))).toEqual(settings);
  });

  it('hands down what stands above, also out of other files, but nothing from below', () => {
    const { rules } = parse({
      '/conf': 'compress\ninclude /d\nshred\n/c {\n nocompress\n}\n',
      '/d': ['b', 'a'],
      '/d/a': '/a {\n}\ncopytruncate\n',
      '/d/b': '/b {\n}\n',
    });
    expect(rules.map((rule) => [rule.file, ...rule.patterns, Object.keys(settingsOf(rule))])).toEqual([
      ['/d/a', '/a', ['compress']],
      ['/d/b', '/b', ['compress', 'copytruncate']],
      ['/conf', '/c', ['copytruncate', 'shred']],
    ]);
  });

  it('passes by files with taboo endings', () => {
    const names = [
      'a',
      'a.dpkg-old',
      'a~',
      'a.rpmsave',
      'a,v',
      'a.rhn-cfg-tmp-123',
      '.a.swp',
      'a.disabled',
      'b.mine',
      'x1',
    ];
    const files = Object.fromEntries(names.map((name) => [`/d/${name}`, `/${name} {\n}\n`]));
    const read = (text: string) =>
      parse({ '/conf': text, '/d': names, ...files }).rules.flatMap((rule) => rule.patterns);
    // A star does not stand for a leading dot.
    expect(read('include /d\n')).toEqual(['/.a.swp', '/a', '/b.mine', '/x1']);
    expect(read('tabooext + .mine, 1\ninclude /d\n')).toEqual(['/.a.swp', '/a']);
    expect(read('tabooext .mine\ntaboopat + a*\ninclude /d\n')).toEqual(['/.a.swp', '/x1']);
  });

  it('names the directory that it includes', () => {
    expect(parse({ '/conf': '/a {\n}\n' }).directory).toBeUndefined();
    expect(parse({ '/conf': 'include /d\ninclude /e\n', '/d': [], '/e': [] }).directory).toBe('/d');
  });

  it.each([
    ['/a {\n rotate x\n}\n', 'rotate x is not understood (line 2)'],
    ['/a {\n rotate 5 # five\n}\n', 'rotate 5 # five is not understood (line 2)'],
    ['/a { rotate 5 }\n}\n', 'rotate 5 } is not understood (line 1)'],
    ['/a {\n size 5T\n}\n', 'size 5T is not understood (line 2)'],
    ['/a {\n rotate\n\n}\n', 'rotate has no value (line 2)'],
    ['/a {\n su a b c\n}\n', 'su a b c is not understood (line 2)'],
    ['/a {\n postrotate\n}\n', 'postrotate without endscript (line 4)'],
    ['/a {\n daily}\n}\n', 'daily is not followed by a space (line 2)'],
    ['/a {\n /c {\n}\n', 'a file is named inside of a rule (line 2)'],
    ['/a\n/b\n', 'no { after the names of files (line 3)'],
    ['"" {\n}\n', 'no file is named before { (line 1)'],
    ['/a {\n weekly soon\n}\n', 'weekly soon is not understood (line 2)'],
  ])('says why logrotate passes a rule over: %j', (text, why) => {
    const { rules, ignored } = parse({ '/conf': text });
    expect({ rules, ignored: ignored.map((rule) => rule.why) }).toEqual({ rules: [], ignored: [why] });
  });

  it('passes over what logrotate refuses to take from a file', () => {
    const text = '/a {\n copytruncate\n}\ncompress\n';
    const { rules, ignored } = parse({
      '/conf': 'include /d\n',
      '/d': ['a', 'b'],
      '/d/a': { kind: 'file', text, refused: 'it is not clean' },
      '/d/b': '/b {\n}\n',
    });
    expect(rules.map((rule) => [...rule.patterns, settingsOf(rule)])).toEqual([['/b', {}]]);
    expect(ignored).toMatchObject([{ patterns: ['/a'], why: 'it is not clean' }]);
  });

  it('ends, though files include themselves', () => {
    const chain = parse({ '/conf': '/a {\n}\ninclude /conf\n' });
    expect(chain.rules).toHaveLength(17);
    expect(chain.unread).toEqual([{ path: '/conf', why: 'it is included 16 levels deep' }]);
    const names = Array.from({ length: 40 }, (_, i) => `f${i}`);
    const files = Object.fromEntries(names.map((name) => [`/d/${name}`, 'include /d\n']));
    const bushy = parse({ '/conf': 'include /d\n', '/d': names, ...files });
    expect(bushy.unread.filter(({ why }) => !why.endsWith('levels deep'))).toMatchObject([
      { why: '1000 files come before it' },
    ]);
  });

  it('says what cannot be read, and nothing of what is not there', () => {
    const { unread, rules } = parseConfiguration('/conf', {
      open: (path) => {
        if (path === '/conf') return { kind: 'file', text: 'include /none\ninclude /secret\n/a {\n}\n' };
        throw systemError(path === '/none' ? 'ENOENT' : 'EACCES');
      },
      home: () => undefined,
    });
    expect(unread).toEqual([{ path: '/secret', why: 'permission is denied' }]);
    expect(rules).toHaveLength(1);
  });

  it('takes any bytes and ends', () => {
    const piece = fc.constantFrom(
      '/a',
      '{',
      '}',
      '\n',
      ' ',
      '"',
      "'",
      '\\',
      '#',
      'rotate',
      'endscript',
      'postrotate',
      '=',
      '\0',
      'é',
      '~',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
        parse({ '/conf': pieces.join('') });
      }),
    );
  });

  it('takes long files', () => {
    const started = performance.now();
    parse({ '/conf': 'rotate 5\n# x\n/a {\n}\n'.repeat(100_000) });
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('integerOf', () => {
  it.each([
    ['12', 12],
    ['-1', -1],
    ['0x1f', 31],
    ['010', 8],
    ['', 0],
    ['08', undefined],
    ['1k', undefined],
    ['4294967296', 0],
    ['99999999999999999999', -1],
  ])('%j is %j', (text, n) => expect(integerOf(text)).toBe(n));
});

describe('namesFile', () => {
  it.each([
    ['/l/g/incidents.jsonl', 'path'],
    ['//l/./g/incidents.jsonl', 'path'],
    ['/l/*/incidents.jsonl', 'path'],
    ['/l/g/*', 'path'],
    ['/l/*/*.jsonl', 'path'],
    ['/*/*/inc*s.js*l', 'path'],
    ['/l/?/incident?.jsonl', 'path'],
    ['/l/[f-h]/incidents.jsonl', 'path'],
    ['/l/[!a-f]/incidents.jsonl', 'path'],
    ['/l/[^g]/incidents.jsonl', undefined],
    ['/l/[[:lower:]]/incidents.jsonl', 'path'],
    ['/l/[[:digit:]x]/incidents.jsonl', undefined],
    ['/l/[]g]/incidents.jsonl', 'path'],
    ['/l/[z-a]/incidents.jsonl', undefined],
    ['/l/g/inc\\idents.jsonl', 'path'],
    ['/l/g/\\*.jsonl', undefined],
    ['/l/*.jsonl', undefined],
    ['/l/g*', undefined],
    ['/l/g/{incidents,x}.jsonl', undefined],
    ['/l/g/incidents.json', undefined],
    ['/l/g/[incidents.jsonl', undefined],
    ['/l/g', undefined],
    ['/', undefined],
  ])('%s: %j', (pattern, named) => expect(namesFile(pattern, '/l/g/incidents.jsonl')).toBe(named));

  it('has a star stand for no leading dot', () => {
    expect(namesFile('/l/*/x', '/l/.g/x')).toBeUndefined();
    expect(namesFile('/l/.*/x', '/l/.g/x')).toBe('path');
    expect(namesFile('/l/[.]g/x', '/l/.g/x')).toBeUndefined();
  });

  it('follows other names of the directory', () => {
    const dir = tempDir();
    mkdirSync(join(dir, 'real/logs'), { recursive: true });
    mkdirSync(join(dir, 'apps'));
    symlinkSync(join(dir, 'real'), join(dir, 'apps/grace'));
    symlinkSync('nowhere', join(dir, 'apps/broken'));
    const path = join(dir, 'real/logs/incidents.jsonl');
    expect(namesFile(join(dir, 'apps/grace/logs/*.jsonl'), path)).toBe('alias');
    expect(namesFile(join(dir, 'apps/*/logs/*.jsonl'), path)).toBe('alias');
    expect(namesFile(join(dir, 'apps/g*/other/*.jsonl'), path)).toBeUndefined();
    expect(namesFile(join(dir, 'apps/b*/logs/*.jsonl'), path)).toBeUndefined();
  });

  it('does not hang on many stars', () => {
    const started = performance.now();
    expect(namesFile(`/${'*a'.repeat(200)}b`, `/${'a'.repeat(250)}`)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('readConfiguration', () => {
  it('says what logrotate of root would not take, and of nobody else', () => {
    const dir = tempDir();
    const conf = join(dir, 'conf');
    writeFileSync(conf, `include ${dir}/d\n`, { mode: 0o644 });
    mkdirSync(join(dir, 'd'));
    writeFileSync(join(dir, 'd/open'), '/a {\n}\n');
    spawnSync('chmod', ['666', join(dir, 'd/open')]);
    spawnSync('mkfifo', [join(dir, 'd/pipe')]);
    const { rules, ignored, unread } = readConfiguration(conf);
    const isRoot = process.getuid?.() === 0;
    expect(ignored.map(({ why }) => why)).toEqual(isRoot ? ['others than its owner may write to the file'] : []);
    expect(rules).toHaveLength(isRoot ? 0 : 1);
    expect(unread).toEqual([]);
  });

  it('finds nothing where there is nothing', () => {
    expect(readConfiguration(join(tempDir(), 'none'))).toMatchObject({ rules: [], ignored: [], unread: [] });
  });

  // Only root may become somebody else.
  const [ACCOUNT, GROUP] = ['-un', '-gn'].map((option) => (without ? 'root' : tool('id', option)));
  const DIRECTIVES = [
    'compress',
    'nocompress',
    'delaycompress',
    'copytruncate',
    'nocopytruncate',
    'copy',
    'nocopy',
    'renamecopy',
    'norenamecopy',
    'copytruncate copy # both',
    'rotate 3',
    'rotate=7',
    'rotate = 0x10',
    'rotate 010',
    'rotate -1',
    'rotate -2',
    'rotate x',
    'rotate 5 # c',
    'rotate',
    'rotate \t',
    'rotate 4294967299',
    'start 5',
    'start -1',
    'daily',
    'daily missingok',
    'daily}',
    'weekly',
    'weekly 3',
    'weekly soon',
    'monthly',
    'size 10k',
    'size 10q',
    'size',
    'size = 1M',
    'maxage 7',
    'minage 0x',
    'create',
    'create 0640 root root',
    'create 640 root root more',
    'create root root',
    'nocreate',
    `su ${ACCOUNT} ${GROUP}`,
    `su ${ACCOUNT}`,
    'su root root root',
    'unheard',
    'unheard of {',
    'unheard of\tcompress',
    '# a comment {',
    '   # one } more',
    '',
    '\r',
    'daily\r',
    'dateext',
    'nodateext',
    'missingok',
    'errors me',
    'mail me@here',
    'mail me here',
    'nomail',
    'compresscmd /bin/xz',
    'compresscmd /bin/ xz',
    'compressext .x',
    'dateformat',
    'extension',
    'extension = .log',
    'shred',
    'shredcycles 3',
    'shredcycles x',
    'prerotate\n echo } {\n endscript',
    'postrotate\necho\nendscript # x',
    'lastaction\n  endscripts\nendscript',
    'preremove',
    'tabooext + .skip',
    'tabooext .skip,',
    'taboopat + b*',
    'include @/none',
    'include',
    '}',
    '=',
    'ignoreduplicates',
    '%',
  ];
  const OPENINGS = [
    '@/l/incidents.jsonl {',
    '"@/l/incidents.jsonl" @/l/immutable_audit.jsonl\n{',
    '@/l/*.jsonl {',
    '@/l/im*\n# comment {\n@/l/none {',
    "'@/l/i?cidents.jsonl'\t{",
    '@/l/[!m-z]*.jsonl {',
    '@/l/immutable_audit.jsonl{',
    '@/l/immutable\\_audit.jsonl @/l/"incidents".jsonl {',
    '@/?/{incidents}.jsonl {',
    '"@/l/none {',
    '@/l/incidents.jsonl { daily',
    '@/l/incidents.jsonl { daily copytruncate }',
    '@/alias/inc*.jsonl {',
  ];
  const CLOSINGS = ['}', '}', '}', ' }', '} # over', '}\t', '} @/l/incidents.jsonl {', '', '\t}\n}'];

  const directive = fc.constantFrom(...DIRECTIVES);
  const rule = fc
    .tuple(fc.constantFrom(...OPENINGS), fc.array(directive, { maxLength: 4 }), fc.constantFrom(...CLOSINGS))
    .map(([opening, body, closing]) => [opening, ...body, closing].join('\n'));
  /** What is included stands before all rules: an error in it would have logrotate forget the files of a rule around it. */
  const file = (...includes: string[]) =>
    fc
      .tuple(
        fc.array(directive, { maxLength: 2 }),
        fc.constantFrom(...includes, '# nothing'),
        fc.array(fc.oneof(rule, directive), { maxLength: 5 }),
      )
      .map(([directives, include, parts]) => `${[...directives, include, ...parts].join('\n')}\n`);
  const files = fc.record({
    conf: file('include @/d', 'include @/d', 'include @/d/a'),
    'd/a': file('include @/c'),
    'd/b.skip': file(),
    'd/c~': file(),
    c: file(),
  });

  it.skipIf(without)('reads as logrotate does', () => {
    let compared = 0;
    fc.assert(
      fc.property(files, (texts) => {
        withTempDir((dir) => {
          mkdirSync(join(dir, 'l'));
          mkdirSync(join(dir, 'd'));
          symlinkSync('l', join(dir, 'alias'));
          for (const log of LOGS) writeFileSync(join(dir, 'l', log), 'x\n');
          for (const [name, text] of Object.entries(texts)) {
            const path = join(dir, name);
            mkdirSync(dirname(path), { recursive: true });
            writeFileSync(path, text.replaceAll('@', dir), { mode: 0o644 });
          }
          const expected = expectedSteps(readConfiguration(join(dir, 'conf')), dir);
          if (expected === undefined) return;
          compared++;
          expect(expected).toEqual(realSteps(join(dir, 'conf'), dir));
        });
      }),
      { numRuns: RUNS, seed: SEED },
    );
    console.log(`${compared} configurations compared with logrotate`);
    expect(compared).toBeGreaterThan(RUNS / 3);
  });
});
