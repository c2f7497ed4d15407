import type { FoundOnHost, Listener } from './found-on-host.js';

/** What is more is left out: a file to begin with is read by a person. */
const MOST_OF_EACH = 12;

/**
 * A grace.yaml to begin with, in which nothing is active. Lines that begin with `##` explain; every other commented block is
 * a setting that counts once the `# ` before its lines is taken away, each by itself or all together. Its own comments stay.
 */
export function starterYaml(found: FoundOnHost): string {
  const names = new Names();
  const services = [
    ...found.listeners.flatMap((listener) => listenerEntry(listener, names)),
    ...unitsWithoutPort(found).flatMap((unit) => unitEntry(unit, names)),
  ];
  const checks = [
    ...services.map(({ check }) => check),
    ...found.mounts
      .filter(isPlain)
      .slice(0, MOST_OF_EACH)
      .map((path) => mountCheck(path, names)),
    ...found.databases
      .filter(isPlain)
      .slice(0, MOST_OF_EACH)
      .map((path) => databaseCheck(path, names)),
    ...found.certificates
      .filter(isPlain)
      .slice(0, MOST_OF_EACH)
      .map((path) => certificateCheck(path, names)),
  ];
  const playbooks = new Map(services.flatMap(({ playbook }) => (playbook === undefined ? [] : [playbook])));
  return [
    ...HEAD,
    '',
    'checks:',
    ...(checks.length === 0 ? ['  ## Nothing was found here that could be looked at.', ''] : []),
    ...blocks(checks.length === 0 ? [EXAMPLE_CHECK] : checks),
    'playbooks:',
    ...blocks(playbooks.size === 0 ? [EXAMPLE_PLAYBOOK] : [...playbooks.values()]),
    ...TAIL,
  ].join('\n');
}

type Lines = readonly string[];

const HEAD: Lines = [
  '## grace.yaml: what grace looks at on this host, and what it may do. Nothing below is active yet: take the "# " off the',
  '## lines of a block to switch it on, and look at the result with: grace config check',
  '## Lines that begin with ## explain.',
  'version: 1',
  '',
  '## observe: write down what would have been done. After a week of that, switch to act: here, or for each check.',
  'mode: observe',
  '',
  '## Where the two logs are; relative to this file.',
  '# logs: /var/lib/grace',
];

const TAIL: Lines = [
  '## Which remedies run by themselves: auto, approve (a person says yes to each) or never.',
  '# policy:',
  '#   autonomy: { low: auto, medium: approve, high: approve }',
  '',
  '## Who is told when a person is needed: a program that gets JSON on its standard input, or a webhook.',
  '# notify:',
  '#   - run: [/usr/local/bin/page-oncall]',
  '',
];

const EXAMPLE_CHECK: Lines = [
  'disk-root:',
  '  disk: { path: /, used_below: 90%, inodes_used_below: 90% }',
  '  every: 1m',
];

const EXAMPLE_PLAYBOOK: Lines = [
  'restart-web:',
  '  risk: low',
  '  steps:',
  '    - restart: { unit: web.service }',
  '  verify: { passes: 2, within: 30s }',
];

/** Each as comments below its section, with an empty line after it. */
function blocks(all: readonly Lines[]): string[] {
  return all.flatMap((lines) => [...lines.map((line) => `#   ${line}`), '']);
}

interface Service {
  readonly check: Lines;
  readonly playbook?: readonly [name: string, lines: Lines];
}

function listenerEntry({ port, executable, unit }: Listener, names: Names): Service[] {
  if (names.count('listener') >= MOST_OF_EACH || (executable !== undefined && !isPlain(executable))) return [];
  const program = executable?.split('/').at(-1) ?? 'port';
  const name = names.fresh(`${program}-${port}`, 'listener');
  const what = executable === undefined ? [] : [`# ${quoted(executable)} listens there`];
  const remedy = unit !== undefined && isUnit(unit) ? restart(unit, names) : undefined;
  return [
    {
      check: [
        `${name}:`,
        `  tcp: { port: ${port} }${what.length === 0 ? '' : `   ${what[0]}`}`,
        '  every: 10s',
        '  failure_mode: service_down',
        ...healedBy(remedy?.[0]),
      ],
      ...(remedy === undefined ? {} : { playbook: remedy }),
    },
  ];
}

function unitEntry(unit: string, names: Names): Service[] {
  if (!isUnit(unit) || names.count('unit') >= MOST_OF_EACH) return [];
  const remedy = restart(unit, names);
  const name = names.fresh(unit.replace(/\.service$/, ''), 'unit');
  const check = [`${name}:`, `  systemd: { unit: ${quoted(unit)} }`, '  every: 10s', ...healedBy(remedy[0])];
  return [{ check, playbook: remedy }];
}

/** Commented out once more: a remedy that is not there yet would make the check a fault. */
function healedBy(playbook: string | undefined): string[] {
  return playbook === undefined ? [] : [`  # heal: [${quoted(playbook)}]   # once that playbook is switched on, too`];
}

function restart(unit: string, names: Names): [name: string, lines: Lines] {
  const name = names.ofPlaybook(unit);
  return [
    name,
    [
      `${quoted(name)}:`,
      '  risk: low',
      '  steps:',
      `    - restart: { unit: ${quoted(unit)} }`,
      '  verify: { passes: 2, within: 30s }',
    ],
  ];
}

function unitsWithoutPort({ listeners, units }: FoundOnHost): string[] {
  const seen = new Set(listeners.map(({ unit }) => unit));
  return units.filter((unit) => !seen.has(unit));
}

function mountCheck(path: string, names: Names): Lines {
  return [
    `${names.fresh(`disk${path === '/' ? '-root' : path}`)}:`,
    `  disk: { path: ${quoted(path)}, used_below: 90%, inodes_used_below: 90% }`,
    '  every: 1m',
  ];
}

function databaseCheck(path: string, names: Names): Lines {
  return [
    `${names.fresh(`sqlite-${path.split('/').at(-1)}`)}:`,
    `  sqlite: { path: ${quoted(path)}, integrity: quick }`,
    '  every: 15m',
  ];
}

function certificateCheck(path: string, names: Names): Lines {
  return [
    `${names.fresh(`certificate-${path.split('/').slice(-2).join('-')}`)}:`,
    `  tls: { file: ${quoted(path)}, days_left: 14 }`,
    '  every: 6h',
  ];
}

const MAX_NAME = 56;

/** Names that grace.yaml takes, no two alike. */
class Names {
  readonly #taken = new Set<string>();
  readonly #playbooks = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  fresh(text: string, kind = ''): string {
    this.#counts.set(kind, this.count(kind) + 1);
    return quoted(this.#unique(text));
  }

  count(kind: string): number {
    return this.#counts.get(kind) ?? 0;
  }

  /** One unit may be behind several ports; it is restarted by one playbook. */
  ofPlaybook(unit: string): string {
    const known = this.#playbooks.get(unit) ?? this.#unique(`restart-${unit.replace(/\.service$/, '')}`);
    this.#playbooks.set(unit, known);
    return known;
  }

  #unique(text: string): string {
    const base = text
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, MAX_NAME)
      .replace(/-+$/, '');
    const fit = base === '' || base in Object.prototype ? `found-${base}`.replace(/-$/, '') : base;
    for (let n = 1; ; n++) {
      const name = n === 1 ? fit : `${fit}-${n}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }
}

/** What holds anything else is left out; nobody wants it in a file that is read by people. */
function isPlain(text: string): boolean {
  return text.startsWith('/') && text.length <= 512 && !/[\p{C}\p{Zl}\p{Zp}]|\.\./u.test(text);
}

function isUnit(text: string): boolean {
  return /^[A-Za-z0-9@:_.\\][A-Za-z0-9@:_.\\-]{0,200}$/.test(text);
}

/** As YAML reads it back, whatever it holds. */
function quoted(text: string): string {
  const isWord = /^[A-Za-z/][A-Za-z0-9/._@-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isWord ? text : JSON.stringify(text);
}
