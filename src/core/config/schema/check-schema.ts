import { z } from 'zod';
import { FAILURE_MODES } from '../../records/failure-modes.js';
import { SEVERITIES } from '../../records/incident.js';
import { onlyOneKind } from './one-kind.js';
import {
  absolutePath,
  argv,
  cap,
  confirmRule,
  duration,
  environment,
  headers,
  line,
  name,
  port,
  share,
  size,
  unitName,
  webAddress,
} from './units.js';

/** What each kind of check is told in grace.yaml. Each probe gives up after `timeout`. */

const timeout = duration('10ms', '5m').prefault('5s').describe('The probe gives up after so long.');
const authorities = absolutePath.describe('Only with a certificate that an authority of this file signed.');
const hostName = z.string().regex(/^[A-Za-z0-9:._%-]{1,253}$/, 'is not the name or address of a host');

const http = z.strictObject({
  url: webAddress.describe('What is asked for.'),
  method: z.enum(['GET', 'HEAD', 'POST']).default('GET'),
  expect: z
    .union([z.int().min(100).max(599), z.array(z.int().min(100).max(599)).min(1)])
    .default(200)
    .describe('The status of a good answer, or several of which any will do.'),
  contains: z.string().min(1).max(1024).optional().describe('Must stand in the first 64 KiB of the answer.'),
  headers: headers.default({}).describe('Sent along.'),
  expect_header: z
    .strictObject({ name: z.string().min(1), value: z.string() })
    .optional()
    .describe('A header that the answer must have.'),
  ca_file: authorities.optional(),
  timeout,
});

const tcp = z.strictObject({
  host: hostName.default('127.0.0.1'),
  port,
  send: z.string().max(1024).optional().describe('Sent once connected.'),
  expect: z.string().max(1024).optional().describe('What comes back must begin with it.'),
  timeout,
});

const portFree = z.strictObject({
  port,
  except: z.array(absolutePath).default([]).describe('Executables that may listen there.'),
});

const processes = z
  .strictObject({
    pidfile: absolutePath.optional(),
    name: line(255)
      .optional()
      .describe('The whole name of the process, as in /proc/PID/comm (15 characters), or of its executable.'),
    match: line(1024).optional().describe('Stands in its command line, arguments separated by blanks.'),
    user: line(64).optional().describe('Only processes of this account.'),
    least: z.int().min(0).default(1).describe('At least so many.'),
    most: z.int().min(1).optional().describe('At most so many.'),
    rss_below: size.optional().describe('Resident memory of all of them together.'),
  })
  .refine(
    ({ pidfile, name, match }) => pidfile !== undefined || name !== undefined || match !== undefined,
    'does not say which process: pidfile, name or match',
  )
  .refine(({ least, most }) => most === undefined || least <= most, 'can never pass: least is more than most');

const systemd = z.strictObject({
  unit: unitName,
  user: z.boolean().default(false).describe("A unit of the account's own manager."),
  timeout,
});

const command = z.strictObject({
  run: argv.describe('The plugin by its whole path, and its arguments; there is no shell.'),
  env: environment.default({}),
  timeout: duration('10ms', '10m').prefault('10s').describe('It is ended after so long.'),
});

const saysLimit = (limits: readonly string[]) =>
  [
    (spec: object) => limits.some((limit) => spec[limit as keyof typeof spec] !== undefined),
    `can never fail: it has none of ${limits.join(', ')}`,
  ] as const;

const disk = z
  .strictObject({
    path: absolutePath.describe('Any path on the filesystem.'),
    used_below: share.optional(),
    free_above: size.optional(),
    inodes_used_below: share.optional(),
  })
  .refine(...saysLimit(['used_below', 'free_above', 'inodes_used_below']));

const memory = z
  .strictObject({
    available_above: z.union([share, size]).optional().describe('A share such as 10%, or a size such as 512MiB.'),
    swap_used_below: share.optional(),
    pressure_some_below: share
      .optional()
      .describe('Share of the last 10 s in which some task waited for memory (pressure-stall information).'),
    pressure_full_below: share.optional().describe('The same, in which all tasks waited.'),
    cgroup: absolutePath.optional().describe('Of this control group instead of the host.'),
  })
  .refine(...saysLimit(['available_above', 'swap_used_below', 'pressure_some_below', 'pressure_full_below']));

const file = z
  .strictObject({
    path: absolutePath,
    exists: z.boolean().default(true),
    newer_than: duration('1s', '3650d').optional().describe('Changed within so long.'),
    older_than: duration('1s', '3650d').optional().describe('Not changed within so long.'),
    size_above: size.optional(),
    size_below: size.optional(),
    parses_as: z.enum(['yaml', 'json', 'toml']).optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in hex')
      .optional(),
    contains: z.string().min(1).max(1024).optional(),
  })
  .refine(
    ({ newer_than, older_than }) => newer_than === undefined || older_than === undefined || older_than < newer_than,
    'can never pass: older_than is not below newer_than',
  )
  .refine(
    ({ size_above, size_below }) => size_above === undefined || size_below === undefined || size_above < size_below,
    'can never pass: size_above is not below size_below',
  );

const sqlite = z.strictObject({
  path: absolutePath,
  integrity: z
    .enum(['none', 'quick', 'full'])
    .default('quick')
    .describe('quick: the structure; full: also that indexes and rows agree.'),
  lock_within: duration('1ms', '5m')
    .prefault('2s')
    .describe('A write lock must be had within this time; nothing is written.'),
  timeout: duration('10ms', '30m').prefault('1m'),
});

const dns = z.strictObject({
  name: line(253),
  type: z.enum(['A', 'AAAA', 'CNAME', 'MX', 'NS', 'TXT', 'SRV', 'PTR']).default('A'),
  server: line(253).optional().describe('address or address:port; without it those of the system.'),
  expect: line(1024).optional().describe('Must be among the answers.'),
  timeout,
});

const tls = z
  .strictObject({
    host: hostName.optional(),
    port: port.default(443),
    servername: hostName.optional().describe('The name that is asked for; without it host.'),
    file: absolutePath.optional().describe('A certificate on this host instead of one that a server shows.'),
    days_left: z.int().min(0).max(3650).default(14),
    verify: z.boolean().default(true),
    ca_file: authorities.optional(),
    timeout,
  })
  .refine(({ host, file }) => (host === undefined) !== (file === undefined), 'needs either host or file');

const log = z.strictObject({
  path: absolutePath,
  pattern: z
    .string()
    .min(1)
    .max(1024)
    .describe('An expression that is matched in linear time; a line that matches is a failure.'),
  ignore: z.string().min(1).max(1024).optional().describe('Lines that match this do not count.'),
  least: z.int().min(1).default(1).describe('So many matching lines since the last look are a failure.'),
});

const heartbeat = z.strictObject({
  name: name.describe('What reports: grace trigger heartbeat NAME.'),
  within: duration('1s', '31d').describe('It must report at least so often.'),
});

const KINDS = {
  http: http.describe('Asks a web address.'),
  tcp: tcp.describe('Connects to a port.'),
  port_free: portFree.describe('Nothing but a process whose executable is one of except may listen there.'),
  process: processes.describe('Processes are running.'),
  systemd: systemd.describe('A unit is active.'),
  command: command.describe('A monitoring plugin: exit 0, 1, 2 or 3, a first line, performance data.'),
  disk: disk.describe('Room on a filesystem.'),
  memory: memory.describe('Memory of the host or of a control group.'),
  file: file.describe('A file is there, and as it should be.'),
  sqlite: sqlite.describe('A SQLite database is whole and not locked.'),
  dns: dns.describe('A name can be looked up.'),
  tls: tls.describe('A certificate is valid, and stays so for a while.'),
  log: log.describe('A pattern does not stand in new lines of a log.'),
  heartbeat: heartbeat.describe('Something reports often enough.'),
} as const;

/** Checks that stand elsewhere in the file, by name. */
const names = z.array(name).min(1);

export const CHECK_KINDS = [...Object.keys(KINDS), 'all', 'any'] as readonly string[];

const kinds = Object.fromEntries(Object.entries(KINDS).map(([kind, schema]) => [kind, schema.optional()])) as {
  [K in keyof typeof KINDS]: z.ZodOptional<(typeof KINDS)[K]>;
};

const limits = z.strictObject({
  cooldown: duration('0s', '31d')
    .prefault('5m')
    .describe("Between the end of one act on this check's target and the start of the next."),
  max: z
    .array(cap)
    .min(1)
    .max(8)
    .prefault(['3/1h', '7/1d'])
    .describe('Acts, whatever became of them; all caps hold at once.'),
});

export const checkSchema = z
  .strictObject({
    description: z.string().max(1024).optional(),
    ...kinds,
    all: names.optional().describe('All of these checks pass.'),
    any: names.optional().describe('One of these checks passes.'),
    every: duration('50ms', '7d').prefault('30s').describe('From one probe to the next.'),
    confirm: confirmRule.prefault('2 of 3').describe('So many of the last so many probes, the present one among them.'),
    recover: z
      .int()
      .min(1)
      .max(21)
      .default(2)
      .describe('Passes in a row after which a failure counts as over, where no remedy ran.'),
    start_period: duration('0s', '1d')
      .prefault('0s')
      .describe('After a remedy, and after heal watch starts: failures within it do not count.'),
    failure_mode: z.enum(FAILURE_MODES).optional().describe('The name of the failure in reports.'),
    severity: z.enum(SEVERITIES).default('high'),
    target: line(1024)
      .optional()
      .describe('What a remedy acts on, one remedy at a time. Without it: what the check looks at.'),
    mode: z.enum(['observe', 'act']).optional().describe('For this check instead of the mode above.'),
    depends_on: z.array(name).default([]).describe('While one of these checks fails, nothing is healed here.'),
    heal: z.array(name).default([]).describe('Playbooks, in the order in which they are tried.'),
    limits: limits.prefault({}),
    flapping: z
      .strictObject({ low: share.prefault('25%'), high: share.prefault('50%') })
      .refine(({ low, high }) => low < high, 'low must be below high')
      .prefault({})
      .describe('Shares of weighted changes among the last 21 states.'),
    learn: z.boolean().default(true).describe('Whether learning may try another order here.'),
  })
  .superRefine(
    ...onlyOneKind(CHECK_KINDS, {
      none: 'does not say what to look at',
      many: 'says more than one thing to look at',
    }),
  );

export type CheckConfig = z.output<typeof checkSchema>;
export type CheckSpecs = { [K in keyof typeof KINDS]: z.output<(typeof KINDS)[K]> };
