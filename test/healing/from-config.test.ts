import { describe, expect, test } from 'vitest';
import { graceSchema } from '../../src/core/config/schema/grace-schema.js';
import { systemClock } from '../../src/core/host/clock.js';
import { policyOf, watchedOf } from '../../src/healing/from-config.js';

const PARSED = graceSchema.parse({
  version: 1,
  checks: {
    disk: { disk: { path: '/', used_below: '90%' } },
    web: {
      tcp: { port: 1 },
      mode: 'act',
      every: '5s',
      confirm: '3 of 4',
      recover: 3,
      start_period: '1m',
      depends_on: ['disk'],
      heal: ['second', 'first'],
      limits: { cooldown: '7m', max: ['2/1h', '5/1d'] },
    },
  },
  playbooks: {
    first: { risk: 'low', steps: [{ wait: '1s' }] },
    second: { risk: 'high', steps: [{ wait: '1s' }], relapse: '10m', verify: { passes: 4, within: '9s' } },
  },
  policy: { rearm: { first: '1m', most: '1h' }, brake: { incidents: 4, within: '10m' } },
});

const all = watchedOf(PARSED, { clock: systemClock, store: undefined });

describe('what a configuration says is watched', () => {
  test('in its order, with the author’s order of remedies', () => {
    expect([...all.keys()]).toEqual(['disk', 'web']);
    expect(all.get('web')).toMatchObject({
      ...{ every_s: 5, confirm: { need: 3, of: 4 }, recover: 3, start_period_s: 60, act: true, depends_on: ['disk'] },
      playbooks: [
        { id: 'second', risk: 'high', relapse_s: 600, verify: { passes: 4, within_s: 9 } },
        { id: 'first', risk: 'low' },
      ],
      limits: {
        cooldown_s: 420,
        caps: [
          { most: 2, within_s: 3600 },
          { most: 5, within_s: 86_400 },
        ],
      },
      check: { name: 'web' },
    });
  });

  test('a check that does not say so observes, and has limits all the same', () => {
    const disk = all.get('disk');
    expect(disk).toMatchObject({ act: false, playbooks: [], limits: { cooldown_s: 300 } });
    expect(disk?.limits.caps).toEqual([
      { most: 3, within_s: 3600 },
      { most: 7, within_s: 86_400 },
    ]);
  });

  test('mode act for all, and one that only observes', () => {
    const config = graceSchema.parse({
      ...{ version: 1, mode: 'act' },
      checks: { a: { tcp: { port: 1 } }, b: { tcp: { port: 2 }, mode: 'observe' } },
    });
    const watched = watchedOf(config, { clock: systemClock, store: undefined });
    expect([...watched.values()].map(({ act }) => act)).toEqual([true, false]);
  });

  test('a check that is made of others asks those of the same configuration', async () => {
    const config = graceSchema.parse({
      version: 1,
      checks: {
        both: { all: ['a', 'b'] },
        a: { file: { path: '/', exists: true } },
        b: { file: { path: '/none/there' } },
      },
    });
    const probe = await watchedOf(config, { clock: systemClock, store: undefined }).get('both')?.check.probe();
    expect(probe?.status).toBe('critical');
  });
});

test('the policy', () => {
  expect(policyOf(PARSED)).toEqual({
    autonomy: { low: 'auto', medium: 'approve', high: 'approve' },
    brake: { incidents: 4, within_s: 600 },
    approval_expires_s: 1800,
    rearm: { first_s: 60, most_s: 3600 },
  });
});

test('a check that counts events is known, also through checks of checks', () => {
  const of = watchedOf(
    graceSchema.parse({
      version: 1,
      checks: {
        outer: { any: ['inner', 'disk'] },
        inner: { all: ['errors'] },
        errors: { log: { path: '/var/log/app', pattern: 'ERROR' } },
        disk: { disk: { path: '/', used_below: '90%' } },
        states: { all: ['disk'] },
      },
    }),
    { clock: systemClock, store: undefined },
  );
  const counting = [...of].filter(([, { check }]) => check.countsEvents).map(([name]) => name);
  expect(counting).toEqual(['outer', 'inner', 'errors']);
});
