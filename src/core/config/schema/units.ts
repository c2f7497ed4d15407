import { z } from 'zod';

/** The small texts of grace.yaml: each has one spelling, one meaning, and bounds that are checked when it is read. */

const UNIT_MS: Readonly<Record<string, number>> = {
  ...{ ms: 1, s: 1000, m: 60_000 },
  ...{ h: 3_600_000, d: 86_400_000, w: 604_800_000 },
};
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/;

/** `"500ms"` → 0.5; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (!match) return undefined;
  // Rounded to the microsecond, so that one length of time is one number however it is spelled.
  return Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN) * 1000) / 1e6;
}

/** Text such as `5s`; seconds once read. */
export function duration(least: string, most: string) {
  const [least_s, most_s] = [parseDuration(least) ?? 0, parseDuration(most) ?? Number.POSITIVE_INFINITY];
  return z
    .string()
    .regex(DURATION, 'is not a duration such as 500ms, 5s, 2m, 1h or 7d')
    .meta({ examples: [least_s <= 5 && most_s >= 5 ? '5s' : most] })
    .transform((text) => parseDuration(text) ?? 0)
    .refine((s) => s >= least_s && s <= most_s, `is not between ${least} and ${most}`);
}

const SIZE = /^(\d+(?:\.\d+)?)\s?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)$/;
const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  ...{ kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 },
  ...{ KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 },
};

/** Text such as `512MiB`; bytes once read. */
export const size = z
  .string()
  .regex(SIZE, 'is not a size such as 512MiB or 10GB')
  .meta({ examples: ['512MiB'] })
  .transform((text) => {
    const match = SIZE.exec(text);
    return Math.round(Number(match?.[1]) * (UNIT_BYTES[match?.[2] ?? ''] ?? 0));
  })
  .refine((bytes) => Number.isSafeInteger(bytes), 'is not below 8191TiB');

const SHARE = /^(\d+(?:\.\d+)?)%$/;

/** Text such as `90%`; 0 to 1 once read. */
export const share = z
  .string()
  .regex(SHARE, 'is not a share such as 90%')
  .meta({ examples: ['90%'] })
  .transform((text) => Number(SHARE.exec(text)?.[1]) / 100)
  .refine((value) => value >= 0 && value <= 1, 'is not between 0% and 100%');

const CONFIRM = /^(\d+) of (\d+)$/;

/** `2 of 3`: so many of the last so many probes, the present one among them. */
export const confirmRule = z
  .string()
  .regex(CONFIRM, 'is not a rule such as 2 of 3')
  .meta({ examples: ['2 of 3'] })
  .transform((text) => {
    const match = CONFIRM.exec(text);
    return { need: Number(match?.[1]), of: Number(match?.[2]) };
  })
  .refine(({ need, of }) => need >= 1 && need <= of && of <= 21, 'is not N of M with 1 ≤ N ≤ M ≤ 21');

const CAP = /^(\d+)\/(\d+(?:\.\d+)?(?:ms|s|m|h|d|w))$/;

/** `3/1h`: so many acts within so long. */
export const cap = z
  .string()
  .regex(CAP, 'is not a cap such as 3/1h')
  .meta({ examples: ['3/1h'] })
  .transform((text) => {
    const match = CAP.exec(text);
    return { most: Number(match?.[1]), within_s: parseDuration(match?.[2] ?? '') ?? 0 };
  })
  .refine(({ most }) => most >= 1 && most <= 1000, 'does not allow between 1 and 1000 acts')
  .refine(({ within_s }) => within_s >= 1 && within_s <= 31 * 86_400, 'does not count over 1s to 31d');

/** The name of a check, a playbook, an account. It becomes an argument, a file name and a label. */
export const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'is not a name: up to 64 letters, digits, dots, dashes and underscores');

/** Text that is shown on one line. */
export function line(most: number) {
  return z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\x00-\x1f\x7f-\x9f]*$/, 'is not one line without control characters');
}

export const absolutePath = z
  .string()
  .max(4096)
  .regex(/^\/[^\x00-\x1f\x7f-\x9f]*$/, 'is not an absolute path')
  .refine((path) => !path.split('/').includes('..'), 'contains ..');

const word = z
  .string()
  .max(65_536)
  .refine((text) => !text.includes('\0'), 'contains a NUL');

/** A program by its whole path, and its arguments, as they are passed on; there is no shell. */
export const argv = z
  .array(word)
  .min(1, 'needs at least the program')
  .max(256)
  .superRefine(([program], context) => {
    if (program === undefined || (program.startsWith('/') && !program.split('/').includes('..'))) return;
    const isWord = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/.test(program);
    context.addIssue({
      code: 'custom',
      path: [0],
      message: 'is not the whole path of a program, such as /usr/bin/true',
      ...(isWord ? { params: { suggestion: `command -v ${program}   # says where it is` } } : {}),
    });
  });

/** Environment variables by name. */
export const environment = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'is not the name of an environment variable'),
  word,
);

/** Headers of HTTP by name, as RFC 9110 has them. */
export const headers = z.record(
  z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, 'is not the name of a header'),
  z
    .string()
    .max(8192)
    .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'holds a character that a header cannot have'),
);

export const webAddress = z
  .url({ protocol: /^https?$/, error: 'is not an http: or https: address' })
  .max(4096)
  .meta({ examples: ['http://127.0.0.1:8080/health'] });

export const unitName = z.string().regex(/^[A-Za-z0-9@:_.\\][A-Za-z0-9@:_.\\-]{0,254}$/, 'is not the name of a unit');

export const port = z.int().min(1, 'is not a port: 1 to 65535').max(65_535, 'is not a port: 1 to 65535');
