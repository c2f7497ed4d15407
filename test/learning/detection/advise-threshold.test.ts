import { describe, expect, test } from 'vitest';
import { type CheckConfig, checkSchema } from '../../../src/core/config/schema/check-schema.js';
import { adviseThreshold } from '../../../src/learning/detection/advise-threshold.js';
import { type Limit, limitsOf } from '../../../src/learning/detection/limits.js';
import type { StoredProbe } from '../../../src/learning/detection/looks.js';
import { otherLimits, spelledLimit } from '../../../src/learning/detection/other-limits.js';
import type { PastEpisode } from '../../../src/learning/detection/spells.js';
import { at, EVERY_S } from './past.js';

const check = (spec: object): CheckConfig => checkSchema.parse({ ...spec, confirm: '1 of 1' });
const disk = check({ disk: { path: '/', used_below: '90%' } });

interface Past {
  readonly config?: CheckConfig;
  /** The figure of each probe; an object is the whole perfdata. */
  readonly values: readonly (number | unknown[])[];
  readonly label?: string;
  readonly fails: (value: number) => boolean;
  /** Onsets of episodes in which a remedy ran, as indexes. */
  readonly remedied?: readonly number[];
  readonly max?: number;
}

function probesOf({ values, label = 'used', fails, max = 100 }: Past): StoredProbe[] {
  return values.map((value, i) => {
    const perfdata = typeof value === 'number' ? [{ label, value, unit: '%', max }] : value;
    const status = typeof value === 'number' && fails(value) ? 'critical' : 'ok';
    return { at: at(i), status, duration_s: 0.01, perfdata: JSON.stringify(perfdata) };
  });
}

function advised(past: Past, probes = probesOf(past)) {
  const { config = disk, remedied = [] } = past;
  const episodes: PastEpisode[] = remedied.map((i) => ({ onset_at: at(i), acted: true, recovered_by_itself: false }));
  const { confirm } = config;
  return adviseThreshold({ name: 'root', confirm, every_s: EVERY_S, limits: limitsOf(config) }, probes, episodes);
}

const times = <T>(n: number, part: readonly T[]): T[] => Array.from({ length: n }, () => part).flat();
const from90 = (value: number) => value >= 90;
const LOW = [70, 70, 70];
const BLIP = [...LOW, 90.5, ...LOW];

describe('a looser limit', () => {
  test('is advised from three false alarms that it avoids, and of several it is the nearest', () => {
    expect(advised({ values: times(2, BLIP), fails: from90 })).toBeUndefined();
    expect(advised({ values: times(3, BLIP), fails: from90 })).toEqual({
      ...{ check: 'root', kind: 'threshold', from: 'used_below: 90%', to: 'used_below: 91%' },
      numbers: {
        ...{ limit: 0.9, limit_instead: 0.91, probes: 21, failures: 0, missed: 0, false_alarms: 3, avoided: 3 },
        later_s: 0,
      },
      why: 'In the last 21 probes it would have avoided 3 of 3 false alarms and missed none of 0 failures; how much later a failure would be confirmed is not known',
    });
    const higher = [...LOW, 91.5, ...LOW];
    expect(advised({ values: times(3, higher), fails: from90 })).toMatchObject({ to: 'used_below: 92%' });
    // On its limit a check fails.
    expect(advised({ values: times(3, [...LOW, 91, ...LOW]), fails: from90 })).toMatchObject({ to: 'used_below: 92%' });
  });

  test('is advised only where it avoids half of them', () => {
    const out = [...LOW, 99.9999, ...LOW];
    const values = (n: number) => [...times(4, BLIP), ...times(n, out)];
    expect(advised({ values: values(4), fails: from90 })).toMatchObject({ numbers: { false_alarms: 8, avoided: 4 } });
    expect(advised({ values: values(5), fails: from90 })).toBeUndefined();
  });

  test('is not advised where a failure that needed a remedy, or that lasted, never came so far', () => {
    const noise = times(4, BLIP);
    const mended = (value: number) => [...noise, ...LOW, value, ...LOW];
    expect(advised({ values: mended(90.9), fails: from90, remedied: [31] })).toBeUndefined();
    // It was mended before it could come further.
    const grown = [...noise, ...LOW, 90.9, 95, ...LOW];
    expect(advised({ values: grown, fails: from90, remedied: [31] })).toBeUndefined();
    expect(advised({ values: mended(95), fails: from90, remedied: [31] })).toMatchObject({
      to: 'used_below: 91%',
      numbers: { failures: 1, missed: 0, later_s: 0 },
      why: expect.stringContaining('none would be confirmed later'),
    });
    const lasting = (value: number) => [...noise, ...LOW, ...times(7, [value]), ...LOW];
    expect(advised({ values: lasting(90.9), fails: from90 })).toBeUndefined();
    const rising = [...noise, ...LOW, 90.2, 90.6, ...times(5, [93]), ...LOW];
    expect(advised({ values: rising, fails: from90 })).toMatchObject({
      to: 'used_below: 91%',
      numbers: { failures: 1, later_s: 20 },
      why: expect.stringContaining('up to 20 s later'),
    });
  });
});

describe('a tighter limit', () => {
  const grown = [...LOW, 89.5, 89.5, 95, ...LOW];
  const calm = (n: number) => times(n, [70]);
  const past = (n: number, before: number, more: number[] = []) => {
    const values = [...calm(before - 9 * n - more.length), ...more, ...times(n, grown)];
    const remedied = values.flatMap((value, i) => (value === 95 ? [i] : []));
    return { values, fails: from90, remedied };
  };

  test('is advised from 500 probes and three failures on that it would have confirmed sooner', () => {
    expect(advised(past(3, 499))).toBeUndefined();
    expect(advised(past(2, 600))).toBeUndefined();
    expect(advised(past(3, 500))).toMatchObject({
      ...{ from: 'used_below: 90%', to: 'used_below: 89%' },
      numbers: { limit: 0.9, limit_instead: 0.89, probes: 500, failures: 3, more_false_alarms: 0, saved_s: 20 },
      why: 'In the last 500 probes it would have confirmed 3 failures 20 s sooner on average, without one more false alarm',
    });
  });

  test('is not advised where it would have raised one more false alarm, however long that had lasted', () => {
    expect(advised(past(3, 600, [70, 89.5, 70, 70, 70]))).toBeUndefined();
    expect(advised(past(3, 600, [70, ...times(50, [89.5]), 70, 70, 70]))).toBeUndefined();
    expect(advised(past(3, 600, [70, 88.5, 70, 70, 70]))).toMatchObject({ to: 'used_below: 89%' });
  });

  test('a short false alarm between long times just below the limit is no failure', () => {
    const hovers = [...LOW, ...times(20, [89.5]), 90, ...times(20, [89.5]), ...LOW];
    expect(advised({ values: [...calm(500), ...times(3, hovers)], fails: from90 })).toMatchObject({
      to: 'used_below: 91%',
      numbers: { false_alarms: 3, avoided: 3, failures: 0 },
    });
    expect(advised({ values: [...calm(500), ...times(2, hovers)], fails: from90 })).toBeUndefined();
    // Nor are two of them, however far apart.
    const twice = [...LOW, 90, ...times(20, [89.5]), 90, ...LOW];
    expect(advised(past(3, 600, twice))).toMatchObject({
      to: 'used_below: 89%',
      numbers: { failures: 3, false_alarms: 1, saved_s: 20 },
    });
  });
});

test('only probes that were judged by the limits of today', () => {
  const old = (limit: number) => probesOf({ values: times(3, BLIP), fails: (value) => value >= limit });
  const since = (n: number) =>
    probesOf({ values: times(n, BLIP), fails: from90 }).map((probe, i) => ({ ...probe, at: at(21 + i) }));
  const past = { values: [], fails: from90 };
  // A looser one, a tighter one.
  for (const limit of [95, 60]) {
    expect(advised(past, [...old(limit), ...since(2)]), `${limit}`).toBeUndefined();
    expect(advised(past, [...old(limit), ...since(4)])?.numbers, `${limit}`).toMatchObject({ false_alarms: 4 });
  }
  expect(advised(past, [...old(90), ...since(2)])?.numbers).toMatchObject({ false_alarms: 5 });
  const tighter = probesOf({ values: times(3, [...LOW, 85, ...LOW]), fails: (value) => value >= 80 });
  expect(advised(past, [...tighter, ...since(4)])?.numbers).toMatchObject({ false_alarms: 4, avoided: 4 });
});

test('what a looser limit let pass is no false alarm of a tighter one', () => {
  const blip = { ...probesOf({ values: [92], fails: () => false })[0] } as StoredProbe;
  const values = [...times(500, [70]), ...times(3, [...LOW, 89.5, 95, ...LOW])];
  const remedied = values.flatMap((value, i) => (value === 95 ? [i] : []));
  const past = { values, fails: from90, remedied };
  expect(advised(past, [blip, ...probesOf(past)])).toMatchObject({ to: 'used_below: 89%' });
});

test('of more than 2,000 probes only the newest count', () => {
  const values = (calm: number) => [...times(3, BLIP), ...times(calm, [70])];
  expect(advised({ values: values(1981), fails: from90 })?.numbers).toMatchObject({ probes: 2000, false_alarms: 3 });
  expect(advised({ values: values(1982), fails: from90 })).toBeUndefined();
});

test('a failure by something else is one by any limit', () => {
  const config = check({ process: { name: 'app', rss_below: '100MiB' } });
  const rss = (mib: number) => [{ label: 'rss', value: mib * 2 ** 20, unit: 'B' }];
  const blip = (mib: number) => [...times(3, [rss(50)]), rss(mib), ...times(3, [rss(50)])];
  const probes = (mib: number) =>
    probesOf({ values: times(3, blip(mib)), fails: () => false }).map((probe, i) =>
      i % 7 === 3 ? { ...probe, status: 'critical' } : probe,
    );
  const past = { config, values: [], fails: from90 };
  expect(advised(past, probes(105))).toMatchObject({ from: 'rss_below: 100MiB', to: 'rss_below: 110MiB' });
  // None ran, or too few.
  expect(advised(past, probes(0))).toBeUndefined();
});

test('a failure by something else does not say that the limit was another one', () => {
  const rss = check({ process: { name: 'app', rss_below: '100MiB' } });
  const gone = (value: number) => value >= 100 * 2 ** 20 || value === 0;
  const app = (bad: number) => [1, 1, 1, bad, 1, 1, 1];
  const values = [...times(3, app(105 * 2 ** 20)), ...app(0)];
  expect(advised({ config: rss, label: 'rss', values, fails: gone })).toMatchObject({
    to: 'rss_below: 110MiB',
    numbers: { false_alarms: 4, avoided: 3 },
  });
  const job = check({ heartbeat: { name: 'job', within: '10m' } });
  const beats = probesOf({ label: 'age', values: times(4, [1, 1, 1, 601, 1, 1, 1]), fails: (value) => value > 600 });
  const never = beats.map((probe, i) => (i === 24 ? { ...probe, perfdata: null } : probe));
  expect(advised({ config: job, values: [], fails: gone }, never)).toMatchObject({
    to: 'within: 11m',
    numbers: { false_alarms: 4, avoided: 3 },
  });
});

test('of several limits the one that changes least; of two figures with one name the first', () => {
  const config = check({ disk: { path: '/', used_below: '90%', free_above: '10GB' } });
  const look = (used: number, free: number) => [
    { label: 'used', value: used },
    { label: 'free', value: free },
    { label: 'free', value: 1 },
  ];
  const blip = (bad: object[]) => [...times(3, [look(70, 2e10)]), bad, ...times(3, [look(70, 2e10)])];
  const values = [...times(3, blip(look(94, 2e10))), ...times(3, blip(look(70, 9.5e9)))];
  const probes = probesOf({ values, fails: from90 }).map((probe, i) =>
    i % 7 === 3 ? { ...probe, status: 'critical' } : probe,
  );
  expect(advised({ config, values: [], fails: from90 }, probes)).toMatchObject({
    ...{ from: 'free_above: 10GB', to: 'free_above: 9.09GB' },
    numbers: { false_alarms: 6, avoided: 3 },
  });
});

test('what keeps no figures, or no figures that can be read, gets no advice', () => {
  const fails = () => false;
  for (const perfdata of [
    [],
    [null],
    [{ label: 'used' }],
    [{ label: 7, value: 95 }],
    [{ label: '__proto__', value: 95 }],
  ])
    expect(advised({ values: times(30, [perfdata]), fails })).toBeUndefined();
  const critical = probesOf({ values: times(3, BLIP), fails: from90 });
  for (const perfdata of ['{', '7', 'null', null])
    expect(
      advised(
        { values: [], fails },
        critical.map((probe) => ({ ...probe, perfdata })),
      ),
    ).toBeUndefined();
  const unlimited = ['http', 'tcp', 'log', 'tls', 'command'].map(
    (kind) =>
      ({
        http: { http: { url: 'http://127.0.0.1/' } },
        tcp: { tcp: { port: 1 } },
        log: { log: { path: '/l', pattern: 'x' } },
        tls: { tls: { host: 'a' } },
        command: { command: { run: ['/bin/true'] } },
      })[kind],
  );
  for (const spec of unlimited) {
    expect(limitsOf(check(spec ?? {}))).toEqual([]);
    expect(advised({ config: check(spec ?? {}), values: times(3, BLIP), fails: from90 })).toBeUndefined();
  }
});

describe('every limit that keeps its figure', () => {
  const GIB = 2 ** 30;
  test.each<[string, object, string, number, number, string, number]>([
    ['used_below: 90%', { disk: { path: '/', used_below: '90%' } }, 'used', 70, 90.5, '91%', 100],
    ['inodes_used_below: 5%', { disk: { path: '/', inodes_used_below: '5%' } }, 'inodes_used', 1, 5.5, '6%', 100],
    ['free_above: 10GB', { disk: { path: '/', free_above: '10GB' } }, 'free', 2e10, 9.5e9, '9.09GB', 1e12],
    ['available_above: 10%', { memory: { available_above: '10%' } }, 'available', GIB, 0.095 * GIB, '9%', GIB],
    ['available_above: 512MiB', { memory: { available_above: '512MiB' } }, 'available', GIB, 2 ** 29, '465MiB', GIB],
    ['swap_used_below: 50%', { memory: { swap_used_below: '50%' } }, 'swap_used', 0, 0.5 * GIB, '51%', GIB],
    ['pressure_some_below: 20%', { memory: { pressure_some_below: '20%' } }, 'pressure_some', 0, 20, '21%', 100],
    ['pressure_full_below: 20%', { memory: { pressure_full_below: '20%' } }, 'pressure_full', 0, 20, '21%', 100],
    ['rss_below: 1GiB', { process: { name: 'a', rss_below: '1GiB' } }, 'rss', 0, 1.05 * GIB, '1.1GiB', GIB],
    ['within: 10m', { heartbeat: { name: 'job', within: '10m' } }, 'age', 1, 601, '11m', 9e9],
  ])('%s', (from, spec, label, good, bad, to, max) => {
    const config = check(spec);
    const blip = [good, good, good, bad, good, good, good];
    const found = advised({ config, values: times(3, blip), label, fails: (value) => value === bad, max });
    expect(found).toMatchObject({ from, to: `${from.split(' ')[0]} ${to}` });
    // As grace.yaml reads it.
    const [kind = '', inner = {}] = Object.entries(spec)[0] ?? [];
    const field = from.split(':')[0] ?? '';
    const changed = check({ [kind]: { ...(inner as object), [field]: to } });
    expect(limitsOf(changed)[0]?.value).toBe(found?.numbers.limit_instead);
    expect(limitsOf(config)[0]?.value).toBe(found?.numbers.limit);
  });

  test('on a heartbeat’s limit it passes, on others not', () => {
    const config = check({ heartbeat: { name: 'job', within: '10m' } });
    const past = { config, label: 'age', fails: (value: number) => value > 600 };
    const later = [1, 1, 1, 661, 1, 1, 1];
    expect(advised({ ...past, values: times(3, later) })).toMatchObject({ to: 'within: 12.5m' });
    expect(advised({ ...past, values: times(3, [1, 1, 1, 660, 1, 1, 1]) })).toMatchObject({ to: 'within: 11m' });
  });
});

describe('limits that could stand there instead', () => {
  const first = (spec: object) => limitsOf(check(spec))[0] as Limit;
  const texts = (limit: Limit) => otherLimits(limit).map(({ text }) => text);

  test('the nearest first, the looser one before the tighter one; none that always or never passes', () => {
    expect(texts(first({ disk: { path: '/', used_below: '57%' } }))).toEqual([
      '58%',
      '56%',
      '59%',
      '55%',
      '60%',
      '54%',
      '62%',
      '52%',
      '67%',
      '47%',
    ]);
    expect(texts(first({ disk: { path: '/', used_below: '98.5%' } }))).toEqual([
      '99.5%',
      '97.5%',
      '96.5%',
      '95.5%',
      '93.5%',
      '88.5%',
    ]);
    expect(texts(first({ memory: { available_above: '2%' } }))).toEqual(['1%', '3%', '4%', '5%', '7%', '12%']);
    expect(texts(first({ heartbeat: { name: 'a', within: '1s' } }))).toEqual(['1.1s', '1.25s', '1.5s', '2s']);
    expect(texts(first({ heartbeat: { name: 'a', within: '31d' } }))).toEqual(['28.2d', '24.8d', '20.7d', '15.5d']);
    expect(texts(first({ disk: { path: '/', free_above: '2B' } }))).toEqual(
      ['1.82B', '2.2B', '1.6B', '2.5B', '1.33B', '3B', '4B'].filter(
        (text) => Math.round(Number.parseFloat(text)) !== 2 && Math.round(Number.parseFloat(text)) > 1,
      ),
    );
  });

  test.each([
    ...['1TiB', '1TB', '10GB', '10GiB', '512MiB', '1.5GiB', '300MB', '64KiB', '2kB', '1000000001B'].map(
      (text) => [text, { disk: { path: '/', free_above: text } }] as const,
    ),
    ...['1w', '2d', '36h', '90m', '45s', '1.5s'].map(
      (text) => [text, { heartbeat: { name: 'a', within: text } }] as const,
    ),
    ...['90%', '57%', '0.5%', '33.3%'].map((text) => [text, { disk: { path: '/', used_below: text } }] as const),
  ])('%s is spelled so that it reads the same', (text, spec) => {
    const limit = first(spec);
    const spelled = spelledLimit(limit);
    const [kind = '', inner = {}] = Object.entries(spec)[0] ?? [];
    const field = Object.keys(inner).at(-1) ?? '';
    expect(first({ [kind]: { ...inner, [field]: spelled.text } }).value).toBe(limit.value);
    if (!['36h', '90m'].includes(text)) expect(spelled.text).toBe(text);
  });
});
