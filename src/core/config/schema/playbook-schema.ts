import { z } from 'zod';
import { onlyOneKind } from './one-kind.js';
import {
  absolutePath,
  argv,
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

/** What each kind of step is told in grace.yaml. */

const graceTime = (most: string) =>
  duration('0s', '5m').prefault(most).describe('SIGTERM first, SIGKILL after this time.');

const kinds = {
  run: argv
    .optional()
    .describe(
      'A program by its whole path, and its arguments; there is no shell. {parameter} as a whole argument is filled in. Its exit code 0 lets the next step run; it proves nothing.',
    ),
  kill_port_holder: z
    .strictObject({
      port,
      only: z.array(absolutePath).min(1).describe('Executables that may be ended; nobody else is.'),
      grace: graceTime('5s'),
    })
    .optional()
    .describe('Ends who listens on a port.'),
  restart: z
    .strictObject({
      unit: unitName.optional().describe('A systemd unit.'),
      user: z.boolean().default(false).describe("A unit of the account's own manager."),
      start: argv
        .optional()
        .describe('Or a program that keeps running: started in the background once the process of pidfile has ended.'),
      stop: argv.optional(),
      pidfile: absolutePath.optional(),
      writes_pidfile: z
        .boolean()
        .default(false)
        .describe('Whether start writes the pidfile itself; else its pid is written there.'),
      cwd: absolutePath.optional(),
      env: environment.default({}),
      output: absolutePath.optional().describe('What it prints is appended there; without it nowhere.'),
      grace: graceTime('10s'),
    })
    .refine(({ unit, start }) => (unit === undefined) !== (start === undefined), 'needs either unit or start')
    .optional()
    .describe('Restarts a unit or a program.'),
  signal: z
    .strictObject({
      pidfile: absolutePath.optional(),
      unit: unitName.optional(),
      executable: absolutePath
        .optional()
        .describe('All processes with this executable; with a pidfile, only the one that it names.'),
      signal: z.enum(['HUP', 'INT', 'QUIT', 'TERM', 'KILL', 'USR1', 'USR2', 'CONT', 'WINCH']),
    })
    .refine(
      ({ pidfile, unit, executable }) =>
        unit === undefined ? (pidfile ?? executable) !== undefined : (pidfile ?? executable) === undefined,
      'needs a unit, or a pidfile, an executable or both of these',
    )
    .optional()
    .describe('Sends a signal.'),
  free_space: z
    .strictObject({
      roots: z
        .array(absolutePath)
        .min(1)
        .describe('Nothing outside of them is touched, whatever the globs say and wherever links lead.'),
      globs: z
        .array(z.string().min(1).max(1024))
        .min(1)
        .describe('Relative to each root: *, ?, […], and ** for any number of directories.'),
      older_than: duration('0s', '3650d').prefault('1d'),
      keep: z.int().min(0).default(0).describe('The newest so many of each directory stay.'),
      how: z.enum(['delete', 'compress']).default('delete').describe('Delete, or put a .gz in the place of each.'),
      until_free: z.union([share, size]).optional().describe('Stops when so much is free: a share or a size.'),
    })
    .optional()
    .describe('Deletes or compresses old files.'),
  restore_file: z
    .strictObject({
      path: absolutePath,
      from: absolutePath.describe('A good copy.'),
      parses_as: z.enum(['yaml', 'json', 'toml']).optional().describe('The copy must parse as this.'),
    })
    .optional()
    .describe('Puts a good copy in the place of a file.'),
  restore_sqlite: z
    .strictObject({
      path: absolutePath,
      from: absolutePath.describe('A good copy.'),
      end_holders: z
        .array(absolutePath)
        .default([])
        .describe('Ends who holds the database, if its executable is one of these.'),
    })
    .optional()
    .describe('Puts a good copy in the place of a SQLite database that is broken.'),
  http: z
    .strictObject({
      url: webAddress,
      method: z.enum(['GET', 'POST', 'PUT', 'DELETE']).default('POST'),
      headers: headers.default({}),
      authorization_file: absolutePath
        .optional()
        .describe('The value of the header Authorization, from a file that others cannot read.'),
      body: z.string().max(65_536).optional(),
      expect: z.array(z.int().min(100).max(599)).min(1).default([200, 201, 202, 204]),
    })
    .optional()
    .describe('Sends a request.'),
  wait: duration('1ms', '10m').optional().describe('Does nothing for so long.'),
};

export const STEP_KINDS = Object.keys(kinds) as readonly string[];

const stepSchema = z
  .strictObject({
    ...kinds,
    name: name.optional(),
    timeout: duration('10ms', '1h').optional().describe('The step is ended after so long.'),
    repeatable: z
      .boolean()
      .optional()
      .describe('Running it a second time, after nobody knows how the first ended, does no harm.'),
    env: environment.default({}).describe('Environment of run, besides PATH, LANG and HOME.'),
  })
  .superRefine(...onlyOneKind(STEP_KINDS, { none: 'does not say what to do', many: 'does more than one thing' }));

export const PARAMETER_TYPES = ['port', 'integer', 'word', 'unit', 'path', 'host'] as const;

const pathBelow = z.strictObject({
  type: z.literal('path'),
  under: z
    .array(absolutePath)
    .min(1)
    .optional()
    .describe('The path must lie below one of these directories, also when links are followed.'),
});

export const playbookSchema = z.strictObject({
  name: line(128).optional().describe('For people.'),
  risk: z.enum(['low', 'medium', 'high']).default('medium').describe('What policy.autonomy decides by.'),
  params: z
    .record(name, z.union([z.enum(PARAMETER_TYPES), pathBelow]))
    .default({})
    .describe(
      'Facts of the incident (its metadata) that may stand in run as {name}, each of one type. A path says below which directories it lies: {type: path, under: [/var/spool/app]}.',
    ),
  steps: z.array(stepSchema).min(1, 'needs at least one step').max(32),
  rollback: z
    .array(stepSchema)
    .max(32)
    .prefault([])
    .describe('Run when the steps failed or the check did not pass afterwards.'),
  verify: z
    .strictObject({
      passes: z.int().min(1).max(21).default(2).describe('The check that failed must pass so often in a row.'),
      within: duration('10ms', '1h').prefault('30s'),
      at_least: duration('10ms', '1h')
        .optional()
        .describe('Learning may set within no lower by itself; at_most goes with it. Without them it only proposes.'),
      at_most: duration('10ms', '1h').optional().describe('Learning may set within no higher by itself.'),
      every: duration('1ms', '5m').optional().describe('Between two probes; without it that of the check, at most 1s.'),
    })
    .refine(
      ({ at_least, at_most }) => (at_least === undefined) === (at_most === undefined),
      'at_least and at_most are given together or not at all',
    )
    .refine(
      ({ within, at_least = within, at_most = within }) => at_least <= within && within <= at_most,
      'within must lie between at_least and at_most',
    )
    .prefault({})
    .describe('When the remedy counts as having worked.'),
  escalate: z
    .boolean()
    .default(false)
    .describe('Also when it has helped, a person is asked for: it makes things bearable and does not mend them.'),
  takes: duration('0s', '1h')
    .prefault('30s')
    .describe('About how long it takes, verification included: what learning goes by before it has seen it.'),
  relapse: duration('0s', '7d')
    .prefault('10m')
    .describe('The same failure within this time after the recovery opens the same incident again.'),
});

export type PlaybookConfig = z.output<typeof playbookSchema>;
export type StepConfig = PlaybookConfig['steps'][number];
export type StepSpecs = { [K in keyof typeof kinds]-?: NonNullable<StepConfig[K]> };
export type ParameterType = (typeof PARAMETER_TYPES)[number];
export type ParameterConfig = PlaybookConfig['params'][string];
