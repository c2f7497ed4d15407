import { expect, test } from 'vitest';
import type { ProbeStatus } from '../../src/healing/check.js';
import { dependencyStates } from '../../src/healing/dependencies.js';
import type { Watched } from '../../src/healing/watched.js';
import { namedCheck, type StandCheck } from '../support/heal-stand.js';
import { plainWatched } from './engine/situations.js';

/** Checks by name, each with what it depends on and what it says. */
function family(spec: Record<string, readonly [readonly string[], ProbeStatus]>) {
  const checks = new Map<string, StandCheck>();
  const all = new Map<string, Watched>();
  for (const [name, [depends_on, status]] of Object.entries(spec)) {
    const check = namedCheck(name, status);
    checks.set(name, check);
    all.set(name, plainWatched({ check, depends_on }));
  }
  const statesOf = async (name: string) => {
    const one = all.get(name);
    if (one === undefined) throw new Error(name);
    return Object.fromEntries((await dependencyStates(one, all)).map((state) => [state.name, state.status]));
  };
  return { statesOf, asked: (name: string) => checks.get(name)?.asked };
}

test('those on which it depends, and those on which they depend, each probed once; itself never', async () => {
  const { statesOf, asked } = family({
    web: [['app', 'disk'], 'critical'],
    app: [['db', 'disk'], 'ok'],
    db: [['disk'], 'critical'],
    disk: [[], 'warning'],
    other: [['disk'], 'critical'],
  });
  expect(await statesOf('web')).toEqual({ app: 'ok', db: 'critical', disk: 'warning' });
  expect(['web', 'app', 'db', 'disk', 'other'].map(asked)).toEqual([0, 1, 1, 1, 0]);
  expect(await statesOf('disk')).toEqual({});
});

test('circles end', async () => {
  const { statesOf, asked } = family({ a: [['b'], 'critical'], b: [['c'], 'ok'], c: [['a', 'b', 'c'], 'ok'] });
  expect(await statesOf('a')).toEqual({ b: 'ok', c: 'ok' });
  expect(asked('a')).toBe(0);
});

test('one that is not there cannot be told, and that is no pass', async () => {
  const { statesOf } = family({ web: [['gone'], 'critical'] });
  expect(await statesOf('web')).toEqual({ gone: 'unknown' });
});
