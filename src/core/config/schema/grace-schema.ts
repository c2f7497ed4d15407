import { z } from 'zod';
import { checkSchema } from './check-schema.js';
import { playbookSchema } from './playbook-schema.js';
import { absolutePath, argv, duration, line, name, share, webAddress } from './units.js';

const autonomy = z.enum(['auto', 'approve', 'never']);

const policy = z.strictObject({
  autonomy: z
    .strictObject({
      low: autonomy.default('auto'),
      medium: autonomy.default('approve'),
      high: autonomy.default('approve'),
    })
    .prefault({})
    .describe('Which playbooks run by themselves, by their risk.'),
  brake: z
    .strictObject({ incidents: z.int().min(1).max(10_000).default(20), within: duration('1s', '1d').prefault('5m') })
    .prefault({})
    .describe('So many incidents opened within so long: stop acting, until a person releases it.'),
  approval_expires: duration('1m', '1d').prefault('30m'),
  rearm: z
    .strictObject({ first: duration('1s', '1d').prefault('15m'), most: duration('1m', '7d').prefault('6h') })
    .refine(({ first, most }) => first <= most, 'first must not be above most')
    .prefault({})
    .describe(
      'After all remedies have failed, the first is tried again after so long, twice that, and so on up to most.',
    ),
  keep_output: duration('1h', '3650d').prefault('30d').describe('Captured output of remedies is kept so long.'),
});

const maintenance = z.strictObject({
  name: name.optional(),
  cron: z
    .string()
    .min(9, 'is not a cron expression: minute hour day month weekday')
    .max(128)
    .meta({ examples: ['0 3 * * 0'] })
    .describe('When it begins: minute hour day month weekday.'),
  lasts: duration('1m', '7d'),
  timezone: z.string().min(1).max(64).default('UTC'),
  checks: z.array(z.string().min(1).max(64)).default(['*']).describe('Names, * for any characters; without it all.'),
  reason: line(256).optional(),
});

const notify = z
  .strictObject({
    run: argv.optional().describe('A program by its whole path, and its arguments; it is given JSON on stdin.'),
    webhook: z
      .strictObject({
        url: webAddress,
        secret_file: absolutePath.describe('Signs the body: HMAC-SHA256 in the header X-Grace-Signature-256.'),
      })
      .optional(),
    timeout: duration('100ms', '5m').prefault('10s'),
    on: z
      .array(z.enum(['opened', 'resolved', 'escalated', 'approval', 'brake']))
      .default(['escalated', 'approval', 'brake', 'resolved']),
  })
  .refine(({ run, webhook }) => (run === undefined) !== (webhook === undefined), 'needs either run or webhook');

export const GRANTS = [
  'heal',
  'approve',
  'silence',
  'brake',
  'ack',
  'close',
  'report',
  'reorder',
  'wait',
  'threshold',
] as const;

/** Checks, and playbooks: each of them is rendered, remembered and looked at again and again. */
const MOST = 5000;
const atMost = (what: string) =>
  [(all: object) => Object.keys(all).length <= MOST, `holds more than ${MOST} ${what}`] as const;

export const graceSchema = z.strictObject({
  version: z.literal(1).describe('Of this format.'),
  mode: z
    .enum(['observe', 'act'])
    .default('observe')
    .describe('observe: write down what would be done; act: do it. For all checks that do not say otherwise.'),
  logs: line(4096).optional().describe('Directory of the logs, relative to this file.'),
  checks: z
    .record(name, checkSchema)
    .refine(...atMost('checks'))
    .prefault({})
    .describe('What is looked at, by name.'),
  playbooks: z
    .record(name, playbookSchema)
    .refine(...atMost('playbooks'))
    .prefault({})
    .describe('Remedies that are approved beforehand, by name.'),
  policy: policy.prefault({}),
  maintenance: z.array(maintenance).max(256).prefault([]).describe('Times in which nothing is healed.'),
  accounts: z
    .record(
      z
        .string()
        .regex(
          /^(healer|learner|operator:[A-Za-z0-9._*-]{1,64}|alert:[A-Za-z0-9._*-]{1,64})$/,
          'is not an account: healer, learner, operator:USER or alert:SOURCE',
        ),
      z.strictObject({ may: z.array(z.enum(GRANTS)) }),
    )
    .default({})
    .describe(
      'Who may do what: healer and learner are grace itself, operator:USER a person, alert:SOURCE a sender of reports.',
    ),
  learning: z
    .strictObject({ mode: z.enum(['off', 'propose', 'apply']).default('propose'), holdout: share.prefault('20%') })
    .prefault({}),
  notify: z.array(notify).max(16).prefault([]).describe('Who is told, and of what.'),
});

/** grace.yaml once read: every default filled in, durations in seconds, sizes in bytes, shares from 0 to 1. */
export type GraceConfig = z.output<typeof graceSchema>;
export type Grant = (typeof GRANTS)[number];
