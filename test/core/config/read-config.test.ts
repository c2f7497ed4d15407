import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigExtra, ConfigFault } from '../../../src/core/config/config-fault.js';
import { type ReadConfig, readConfig } from '../../../src/core/config/read-config.js';
import { SAMPLE } from './sample.js';

const RUNS = Number(process.env.CONFIG_RUNS ?? 200);

const read = (text: string, extra?: ConfigExtra) => readConfig(text, '/etc/grace/grace.yaml', extra);

/** `LINE:COLUMN FIELD: MESSAGE` of each fault, and its suggestion. */
async function faultsOf(text: string): Promise<string[]> {
  return linesOf(faults(await read(text)));
}

function faults(result: ReadConfig): readonly ConfigFault[] {
  return result.ok ? [] : result.faults;
}

function linesOf(all: readonly ConfigFault[]): string[] {
  return all.map(({ line, column, field, message, suggestion }) =>
    [`${line}:${column} ${field}: ${message}`, ...(suggestion === undefined ? [] : [suggestion])].join(' – '),
  );
}

async function warningsOf(text: string): Promise<string[]> {
  const result = await read(text);
  if (!result.ok) throw new Error(linesOf(result.faults).join('\n'));
  return linesOf(result.warnings);
}

async function taken(text: string) {
  const result = await read(text);
  if (!result.ok) throw new Error(linesOf(result.faults).join('\n'));
  return result;
}

const check = (...lines: readonly string[]) =>
  ['version: 1', 'checks:', '  web:', ...lines.map((line) => `    ${line}`)].join('\n');

describe('a configuration that is right', () => {
  it('is read with every default filled in, in seconds, bytes and shares', async () => {
    const { config, warnings } = await taken(SAMPLE);
    expect(warnings).toEqual([]);
    expect(config.checks.web).toMatchObject({
      http: { url: 'http://127.0.0.1:8080/health', method: 'GET', expect: 200, timeout: 2 },
      every: 5,
      confirm: { need: 2, of: 3 },
      recover: 2,
      limits: {
        cooldown: 300,
        max: [
          { most: 3, within_s: 3600 },
          { most: 7, within_s: 86_400 },
        ],
      },
    });
    expect(config.checks['disk-root']?.disk).toEqual({ path: '/', used_below: 0.9, inodes_used_below: 0.9 });
    expect(config.policy.rearm).toEqual({ first: 900, most: 21_600 });
  });

  it('knows where each of its fields is written', async () => {
    const { sources } = await taken(SAMPLE);
    expect(sources.places.get('checks.web.every')).toEqual({ line: 9, column: 12 });
    expect(sources.places.get('checks.web.limits.max[1]')).toEqual({ line: 15, column: 41 });
    expect(sources.places.get('checks.web.recover')).toBeUndefined();
  });

  it.each(['checks', 'playbooks', 'policy', 'maintenance', 'accounts', 'learning', 'notify'])(
    'may leave %s empty',
    async (section) => {
      const { config } = await taken(`version: 1\n${section}:\n  # nothing yet\n`);
      expect(config).toEqual((await taken('version: 1')).config);
    },
  );

  it('may say a value once and repeat it', async () => {
    const { config } = await taken(
      'version: 1\nchecks:\n  a: { disk: &d { path: /, used_below: 90% } }\n  b: { disk: *d, target: other }\n',
    );
    expect(config.checks.b?.disk).toEqual(config.checks.a?.disk);
  });
});

describe('the version', () => {
  const versionOf = async (text: string) => (await taken(text)).version;

  it('is sha256: and 12 hex digits', async () => {
    expect(await versionOf(SAMPLE)).toMatch(/^sha256:[0-9a-f]{12}$/);
  });

  it('depends on neither order, spelling, comments nor defaults that are written out', async () => {
    const one = await versionOf(check('disk: { path: /, used_below: 90% }', 'every: 60s', 'severity: high'));
    const other = await versionOf(
      'checks: { web: { "every": 1m, disk: { used_below: 90.0%, path: "/" } } } # x\nmode: observe\nversion: 1\n',
    );
    expect(other).toBe(one);
  });

  it.each(['every: 61s', 'description: x', 'heal: []\n    learn: false'])('changes with %j', async (line) => {
    const base = check('disk: { path: /, used_below: 90% }');
    expect(await versionOf(`${base}\n    ${line}\n`)).not.toBe(await versionOf(base));
  });

  it('is the same for one length of time, however it is spelled', async () => {
    const of = (every: string) => versionOf(check('disk: { path: /, used_below: 90% }', `every: ${every}`));
    expect(await of('700ms')).toBe(await of('0.7s'));
    expect(await of('90m')).toBe(await of('1.5h'));
  });
});

describe('what is wrong', () => {
  it.each<[name: string, text: string, faults: string[]]>([
    ['an unknown key, at the key', 'version: 1\ncheks: {}\n', ['2:1 cheks: is not known – did you mean checks?']],
    [
      'an unknown key that resembles none',
      'version: 1\nnotify:\n  - run: [/bin/true]\n    zzzzzzzz: 1\n',
      ['4:5 notify[0].zzzzzzzz: is not known – known here: run, webhook, timeout, on'],
    ],
    [
      'a missing key, at what it is missing from',
      check('http: {}'),
      ['4:11 checks.web.http.url: is missing – for example url: http://127.0.0.1:8080/health'],
    ],
    ['a missing version', '# mine\nmode: act\n', ['2:1 version: is missing – for example version: 1']],
    ['another version', 'version: 2\n', ['1:10 version: 2 is not read, only 1 – for example version: 1']],
    ['an empty file', '', ['1:1 : holds nothing – grace heal init   # prints a configuration to begin with']],
    [
      'no mapping',
      '- a\n',
      [
        '1:1 : is a list, not a mapping – leave the dash out; known here: version, mode, logs, checks, playbooks, policy, maintenance, accounts, learning, notify',
      ],
    ],
    ['a wrong choice', 'version: 1\nmode: actt\n', ['2:7 mode: actt is none of observe, act – did you mean act?']],
    [
      'a number for a duration',
      check('disk: { path: /, used_below: 90% }', 'every: 5'),
      ['5:12 checks.web.every: 5 is not a duration such as 500ms, 5s, 2m, 1h or 7d – write 5s'],
    ],
    [
      'a duration without a unit that exists',
      check('disk: { path: /, used_below: 90% }', 'every: 5 sec'),
      ['5:12 checks.web.every: "5 sec" is not a duration such as 500ms, 5s, 2m, 1h or 7d – write 5s'],
    ],
    [
      'a duration out of bounds',
      check('disk: { path: /, used_below: 90% }', 'every: 1ms'),
      ['5:12 checks.web.every: 1ms is not between 50ms and 7d'],
    ],
    [
      'a value left out',
      check('disk: { path: /, used_below: 90% }', 'every:'),
      ['5:5 checks.web.every: has no value – for example every: 30s'],
    ],
    [
      'no kind',
      check('every: 5s'),
      [expect.stringMatching(/^3:3 checks\.web: does not say what to look at: one of http, /)],
    ],
    [
      'a kind misspelt, once',
      check('htpp: { url: http://a }'),
      ['4:5 checks.web.htpp: is not known – did you mean http?'],
    ],
    [
      'two kinds beside other faults',
      check('disk: { path: / }', 'tcp: { port: 0 }'),
      [
        '3:3 checks.web: says more than one thing to look at: tcp, disk',
        expect.stringMatching(/^4:11 checks\.web\.disk: can never fail: it has none of used_below/),
        expect.stringMatching(/^5:18 checks\.web\.tcp\.port: 0 is not a port/),
      ],
    ],
    [
      'one of two kinds of value',
      check('memory: { available_above: lots }'),
      [
        '4:32 checks.web.memory.available_above: lots is not a share such as 90%, and is not a size such as 512MiB or 10GB – for example available_above: 90%',
      ],
    ],
    [
      'the kind of value that was meant',
      check('http: { url: http://a, expect: 700 }'),
      [expect.stringMatching(/^4:36 checks\.web\.http\.expect: 700 is more than 599/)],
    ],
    [
      'a bad name, and what stands under it',
      'version: 1\nchecks:\n  "a b": { disk: { path: x, used_below: 9% } }\n',
      [
        expect.stringMatching(/^3:3 checks\["a b"\]: is not a name.* – write a-b$/),
        '3:26 checks["a b"].disk.path: x is not an absolute path',
      ],
    ],
    [
      'a program without its whole path',
      check('command: { run: [check_disk] }'),
      [
        expect.stringMatching(
          /^4:22 checks\.web\.command\.run\[0\]: check_disk is not the whole path.* – command -v check_disk /,
        ),
      ],
    ],
    [
      'a key that stands twice',
      'version: 1\nmode: act\nmode: observe\n',
      ['3:1 mode: stands twice; the first is in line 2'],
    ],
    ['an alias of nothing', 'version: 1\nmode: *m\n', [expect.stringMatching(/^2:7 mode: \*m stands for nothing/)]],
    [
      'a merge key',
      `${check('disk: { path: /, used_below: 9% }', '<<: {}')}\n`,
      [expect.stringMatching(/^5:5 checks\.web\["<<"\]: merge keys are not read/)],
    ],
    [
      'a tag',
      'version: 1\nmode: !env MODE\n',
      ['2:7 : the tag !env is not read', '2:12 mode: MODE is none of observe, act – for example mode: observe'],
    ],
    ['a second document', 'version: 1\n---\nversion: 1\n', ['3:1 : a second document is not read']],
    ['a directive', '%YAML 1.1\n---\nversion: 1\n', ['1:1 : a %YAML directive is not read']],
    ['YAML that is none', 'version: 1\nchecks: [\n', [expect.stringMatching(/^3:1 : is not YAML: /)]],
    [
      'every place where it is no YAML',
      'version: "\\q"\nmode: "\\w"\n',
      [expect.stringMatching(/^1:11 /), expect.stringMatching(/^2:8 /)],
    ],
  ])('%s', async (_name, text, expected) => {
    expect(await faultsOf(text)).toEqual(expected);
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString'])('a check named %s', async (name) => {
    expect(await faultsOf(`version: 1\nchecks:\n  ${name}: { disk: { path: /, used_below: 90% } }\n`)).toEqual([
      `3:3 checks.${name}: is a name that is not allowed here`,
    ]);
    expect(({} as Record<string, unknown>).disk).toBeUndefined();
  });

  it.each(['"a\\e[2J"', '"a\\n"', '"\\u202e"'])(
    'a name with %s in it, in a text that is safe to show escaped',
    async (name) => {
      const [first] = await faultsOf(`version: 1\nchecks:\n  ${name}: { disk: { path: /, used_below: 90% } }\n`);
      expect(first).toMatch(/^3:3 .*is a name with characters that cannot be seen$/);
    },
  );

  it('ten faults are told as ten, in the order of their places', async () => {
    const text = `version: 1
mode: on
checks:
  a: { disk: { path: x, used_below: 90% }, every: 5 }
  b: { tcp: { port: 70000 }, sevrity: low }
  c: { heal: [nothing], disk: { path: /, used_below: 900% } }
  d: { disk: { path: /, used_below: 1% }, depends_on: [e], confirm: 3 of 2 }
policy: { autonomy: { low: always } }
`;
    const all = faults(await read(text));
    expect(all.map(({ line, field }) => [line, field])).toEqual([
      [2, 'mode'],
      [4, 'checks.a.disk.path'],
      [4, 'checks.a.every'],
      [5, 'checks.b.tcp.port'],
      [5, 'checks.b.sevrity'],
      [6, 'checks.c.heal[0]'],
      [6, 'checks.c.disk.used_below'],
      [7, 'checks.d.depends_on[0]'],
      [7, 'checks.d.confirm'],
      [8, 'policy.autonomy.low'],
    ]);
  });
});

describe('what does not fit together', () => {
  const disk = 'disk: { path: /, used_below: 90% }';
  const file = (checks: string, more = '') => `version: 1\nchecks:\n${checks}\n${more}`;

  it.each<[name: string, text: string, faults: string[]]>([
    [
      'a playbook that is not there',
      file(`  a: { ${disk}, heal: [restart, restrat] }`, 'playbooks: { restart: { steps: [{ wait: 1s }] } }\n'),
      ['3:60 checks.a.heal[1]: there is no playbook restrat – did you mean restart?'],
    ],
    ['no playbook at all', file(`  a: { ${disk}, heal: [x] }`), ['3:51 checks.a.heal[0]: there is no playbook x']],
    [
      'a dependency that is not there',
      file(`  web: { ${disk}, depends_on: [wbe] }\n  all-of: { all: [web, toString] }`),
      [
        '3:59 checks.web.depends_on[0]: there is no check wbe – did you mean web?',
        '4:24 checks.all-of.all[1]: there is no check toString – there are web, all-of',
      ],
    ],
    [
      'a dependency on itself',
      file(`  a: { ${disk}, depends_on: [a] }`),
      ['3:57 checks.a.depends_on[0]: names the check itself'],
    ],
    [
      'a ring, once',
      file(
        `  a: { ${disk}, depends_on: [b] }\n  b: { any: [c] }\n  c: { all: [a] }\n  d: { ${disk}, depends_on: [a] }`,
      ),
      ['5:14 checks.c.all[0]: is a ring: a → b → c → a'],
    ],
    [
      'a proof that takes longer than it may',
      file(
        `  a: { ${disk}, heal: [p] }`,
        'playbooks:\n  p: { steps: [{ wait: 1s }], verify: { passes: 3, within: 1s } }\n  q:\n    steps: [{ wait: 1s }]\n    verify:\n      within: 2s\n      every: 5s\n',
      ),
      [
        '5:39 playbooks.p.verify: can never be verified: 3 passes, one every 1 s, do not fit into 1 s – for example within: 4s',
        '10:14 playbooks.q.verify.every: can never be verified: 2 passes, one every 5 s, do not fit into 2 s – for example within: 10s',
      ],
    ],
    [
      'expressions that mean nothing',
      file('  a: { log: { path: /x, pattern: "(?=x)", ignore: "[" } }'),
      [
        expect.stringMatching(/^3:34 checks\.a\.log\.pattern: \(\?=x\) is not an expression of RE2: /),
        expect.stringMatching(
          /^3:51 checks\.a\.log\.ignore: \[ is not an expression of RE2: .* – to find it as it stands: "\\\\\["$/,
        ),
      ],
    ],
    [
      'maintenance that never comes',
      'version: 1\nmaintenance:\n  - { cron: 0 25 * * *, lasts: 1h, timezone: Europe/Berln }\n  - { cron: 0 0 31 2 *, lasts: 1h }\n  - { cron: 0 0 1 1 * 2030, lasts: 1h }\n',
      [
        expect.stringMatching(/^3:13 maintenance\[0\]\.cron: "0 25 \* \* \*" is not a cron expression: /),
        '3:46 maintenance[0].timezone: Europe/Berln is not a time zone – did you mean Europe/Berlin?',
        expect.stringMatching(/^4:13 maintenance\[1\]\.cron: "0 0 31 2 \*" never comes/),
        expect.stringMatching(/^5:13 maintenance\[2\]\.cron: "0 0 1 1 \* 2030" is not a cron expression: /),
      ],
    ],
    [
      'limits that no file can keep',
      file(
        '  a: { file: { path: /x, newer_than: 1h, older_than: 2h } }\n  b: { process: { user: x } }\n  c: { process: { name: x, least: 2, most: 1 } }',
      ),
      [
        expect.stringMatching(/^3:14 checks\.a\.file: can never pass/),
        expect.stringMatching(/^4:17 checks\.b\.process: does not say which process/),
        expect.stringMatching(/^5:17 checks\.c\.process: can never pass/),
      ],
    ],
  ])('%s', async (_name, text, expected) => {
    expect(await faultsOf(text)).toEqual(expected);
  });

  it('a chain of thousands of checks is no ring', async () => {
    const lines = Array.from(
      { length: 4000 },
      (_, i) => `  c${i}: { ${disk}, depends_on: [${i === 3999 ? '' : `c${i + 1}`}] }`,
    );
    expect((await read(file(lines.join('\n')))).ok).toBe(true);
    expect(
      await faultsOf(
        file([...lines, `  last: { all: [c0] }`].join('\n').replace('depends_on: []', 'depends_on: [last]')),
      ),
    ).toEqual([expect.stringMatching(/: is a ring: c0 → c1 → .*… → last → c0$|: is a ring: last → /)]);
  });

  it.each<[name: string, text: string, warnings: string[]]>([
    [
      'a playbook that nobody uses',
      file(`  a: { ${disk} }`, 'playbooks: { p: { steps: [{ wait: 1s }] } }\n'),
      ['4:17 playbooks.p: is named by no check'],
    ],
    [
      'credentials in an address',
      file('  a: { http: { url: "http://u:p@localhost/" } }'),
      [expect.stringMatching(/^3:21 checks\.a\.http\.url: holds a user name or password/)],
    ],
    [
      'a webhook in the clear, to another host',
      file(
        `  a: { ${disk} }`,
        'notify:\n  - webhook: { url: http://example.org/, secret_file: /s }\n  - webhook: { url: http://127.0.0.1:1/, secret_file: /s }\n  - webhook: { url: https://example.org/, secret_file: /s }\n',
      ),
      [expect.stringMatching(/^5:21 notify\[0\]\.webhook\.url: goes over the network unencrypted/)],
    ],
    [
      'maintenance of no check',
      file(`  web-1: { ${disk} }`, 'maintenance: [{ cron: 0 3 * * *, lasts: 1h, checks: ["web-*", "db-*", wbe-1] }]\n'),
      [
        '4:63 maintenance[0].checks[1]: no check is named db-*',
        '4:71 maintenance[0].checks[2]: no check is named wbe-1 – did you mean web-1?',
      ],
    ],
    [
      'no check at all',
      'version: 1\nchecks: {}\n',
      [
        '2:9 checks: holds no check, so nothing will be looked at – for example disk-root: { disk: { path: /, used_below: 90% } }',
      ],
    ],
    ['no checks either', 'version: 1\n', [expect.stringMatching(/^1:1 checks: holds no check, so nothing/)]],
    [
      'remedies for all, and nobody is told',
      file(`  a: { ${disk}, heal: [p] }`, 'mode: act\nplaybooks: { p: { steps: [{ wait: 1s }] } }\n'),
      [
        '4:7 mode: is act, and nobody is told when a remedy fails: there is no entry under notify – for example notify: [{ run: [/usr/local/bin/page-oncall] }]',
      ],
    ],
    [
      'a remedy for one, and nobody is told of what matters',
      file(
        `  b: { ${disk}, mode: act }\n  a: { ${disk}, heal: [p], mode: act }`,
        'playbooks: { p: { steps: [{ wait: 1s }] } }\nnotify: [{ run: [/bin/a], on: [opened] }]\n',
      ),
      [
        '4:61 checks.a.mode: is act, and nobody is told when a remedy fails: no entry under notify has escalated in its on – add escalated to one of them',
      ],
    ],
    [
      'a program that approves',
      file(`  a: { ${disk} }`, 'accounts: { learner: { may: [approve] }, "operator:a": { may: [approve] } }\n'),
      ['4:30 accounts.learner.may[0]: learner is no person, and may approve'],
    ],
  ])('only a warning: %s', async (_name, text, expected) => {
    expect(await warningsOf(text)).toEqual(expected);
  });

  it.each<[name: string, text: string]>([
    ['somebody is told', 'mode: act\nnotify: [{ run: [/bin/a] }]\n'],
    ['nothing runs', 'mode: observe\n'],
  ])('is no warning where %s', async (_name, more) => {
    const playbooks = 'playbooks: { p: { steps: [{ wait: 1s }] } }\n';
    expect(await warningsOf(file(`  a: { ${disk}, heal: [p] }`, playbooks + more))).toEqual([]);
  });

  it('what another room has against it is told at its place', async () => {
    const extra: ConfigExtra = ({ checks }) => [
      { path: ['checks', 'web', 'http', 'nothing', 0], message: `is one of ${Object.keys(checks).length}` },
      { path: ['checks', 'web', 'every'], message: 'is often', warning: true },
    ];
    const result = await read(SAMPLE, extra);
    expect(linesOf(faults(result))).toEqual(['8:11 checks.web.http.nothing[0]: is one of 2']);
  });
});

describe('bounds', () => {
  it.each<[name: string, text: string, message: RegExp]>([
    ['more than 1 MiB', `version: 1\n#${'x'.repeat(1 << 20)}`, /is longer than 1024 KiB/],
    ['nested without end', `version: 1\nchecks: ${'['.repeat(100_000)}`, /is nested too deeply/],
    [
      'nested in blocks',
      Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      /is nested too deeply/,
    ],
    [
      'aliases of aliases',
      `version: 1\na0: &a0 [x]\n${Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}, *a${i}]`).join('\n')}`,
      /holds too much/,
    ],
    [
      'too many checks',
      `version: 1\nchecks:\n${Array.from({ length: 5001 }, (_, i) => `  c${i}: { disk: { path: /, used_below: 9% } }`).join('\n')}`,
      /holds more than 5000 checks/,
    ],
    [
      'more faults than anybody reads',
      `version: 1\n${Array.from({ length: 3000 }, (_, i) => `k${i}: 1`).join('\n')}`,
      /and 2000 more from here on/,
    ],
  ])('%s', async (_name, text, message) => {
    const all = faults(await read(text));
    expect(all.length).toBeLessThan(1002);
    expect(all.some((fault) => message.test(fault.message))).toBe(true);
  });

  it.each(['\n', 'a: b\n', 'a:\n- b\n', '*a', '! ', '"', '[? ', '%a\n', '- ? '])(
    '128 KiB of %j are read in a moment',

    async (piece) => {
      const started = performance.now();
      await read(piece.repeat((1 << 17) / piece.length));
      expect(performance.now() - started).toBeLessThan(5000);
    },
  );
});

describe('whatever the text, nothing is thrown and every place is inside it', () => {
  async function expectInside(text: string): Promise<void> {
    const result = await read(text);
    const lines = text.split('\n');
    for (const { line, column, message, path } of result.ok ? result.warnings : result.faults) {
      expect(path).toBe('/etc/grace/grace.yaml');
      expect(message).not.toBe('');
      expect(line).toBeGreaterThanOrEqual(1);
      expect(line).toBeLessThanOrEqual(lines.length);
      expect(column).toBeGreaterThanOrEqual(1);
      expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
    }
    expect(result.ok || result.faults.length > 0).toBe(true);
  }

  it('any text', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), expectInside), { numRuns: RUNS });
  });

  it('pieces of YAML', async () => {
    const pieces = fc.constantFrom(
      ...': |- |? |[|]|{|}|,|\n|  |&a |*a|!t |<<|#|"|\'|a|checks|web|heal|version: 1\n|>|%|\t|\r\n|---\n|...\n|~|5'.split(
        '|',
      ),
      '|',
    );
    const text = fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join(''));
    await fc.assert(fc.asyncProperty(text, expectInside), { numRuns: RUNS });
  });

  it('the sample with something cut out, put in or changed', async () => {
    const lines = SAMPLE.split('\n');
    const change = fc.record({
      at: fc.nat(SAMPLE.length),
      length: fc.nat(30),
      put: fc.oneof(
        fc.string({ maxLength: 8 }),
        fc.constantFrom(...lines),
        fc.constantFrom('null', '[]', '{}', '-1', '1e99', '*x', '&x '),
      ),
    });
    const text = fc
      .array(change, { minLength: 1, maxLength: 4 })
      .map((changes) =>
        changes.reduce((all, { at, length, put }) => all.slice(0, at) + put + all.slice(at + length), SAMPLE),
      );
    await fc.assert(fc.asyncProperty(text, expectInside), { numRuns: RUNS });
  });

  it('any data, written as YAML', async () => {
    const key = fc.constantFrom(
      'version',
      'checks',
      'playbooks',
      'web',
      'heal',
      'all',
      'any',
      'depends_on',
      'http',
      'url',
      'steps',
      'verify',
      'within',
      'log',
      'pattern',
      'maintenance',
      'cron',
      'timezone',
      'notify',
      'webhook',
      'accounts',
      'may',
      '__proto__',
      'constructor',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.jsonValue(),
        fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
        fc.array(tie('tree'), { maxLength: 3 }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(tree, (value) => expectInside(JSON.stringify(value, null, 1))),
      { numRuns: RUNS },
    );
  });
});
