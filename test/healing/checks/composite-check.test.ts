import fc from 'fast-check';
import { test } from 'vitest';
import type { Check, ProbeStatus } from '../../../src/healing/check.js';
import { judgeComposite, probeComposite } from '../../../src/healing/checks/composite-check.js';

const STATUSES = ['ok', 'warning', 'critical', 'unknown'] as const;
const known = STATUSES.filter((status) => status !== 'unknown');
const judge = (how: 'all' | 'any', statuses: readonly ProbeStatus[]) =>
  judgeComposite(
    how,
    statuses.map((status, i) => ({ name: `c${i}`, status, summary: `s${i}` })),
  ).status;

test('all is the worst, any the best', ({ expect }) => {
  expect(judge('all', ['ok', 'ok'])).toBe('ok');
  expect(judge('all', ['ok', 'warning'])).toBe('warning');
  expect(judge('all', ['warning', 'critical'])).toBe('critical');
  expect(judge('any', ['critical', 'ok'])).toBe('ok');
  expect(judge('any', ['critical', 'warning'])).toBe('warning');
  expect(judge('any', ['critical', 'critical'])).toBe('critical');
});

test.for(['all', 'any'] as const)(
  '%s is unknown just where what the unknown ones are would decide',
  (how, { expect }) => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...STATUSES), { minLength: 1, maxLength: 5 }), (statuses) => {
        /** Every way in which the unknown ones could turn out. */
        const outcomes = statuses.reduce<ProbeStatus[][]>(
          (ways, status) =>
            ways.flatMap((way) => (status === 'unknown' ? known : [status]).map((one) => [...way, one])),
          [[]],
        );
        const found = new Set(outcomes.map((way) => judge(how, way)));
        expect(judge(how, statuses)).toBe(found.size === 1 ? [...found][0] : 'unknown');
      }),
      { numRuns: 500 },
    );
  },
);

test('says which of them are not ok', ({ expect }) => {
  const members = [
    { name: 'web', status: 'critical', summary: 'answered 500' },
    { name: 'db', status: 'ok', summary: 'fine' },
    { name: 'mail', status: 'unknown', summary: 'no route' },
  ] as const;
  expect(judgeComposite('all', members).summary).toBe('web critical: answered 500; mail unknown: no route');
  expect(judgeComposite('any', members).summary).toBe('db ok');
  expect(judgeComposite('all', members.slice(1, 2)).summary).toBe('all of 1 are ok');
  expect(judgeComposite('all', Array(100).fill(members[0])).summary).toHaveLength(500);
});

function check(name: string, probe: () => Promise<ProbeStatus>): Check {
  const found = async () => ({ status: await probe(), summary: 'so it is', duration_s: 0 });
  return { name, target: name, failure_mode: 'dependency_down', severity: 'high', probe: found };
}

test('asks all of them at once; one that is not there is unknown', async ({ expect }) => {
  let asked = 0;
  const together = async (): Promise<ProbeStatus> => {
    asked++;
    // Only once the other is being asked, too.
    while (asked < 2) await new Promise((resolve) => setImmediate(resolve));
    return 'ok';
  };
  const checks = new Map(['a', 'b'].map((name) => [name, check(name, together)]));
  const other = (name: string) => checks.get(name);
  expect(await probeComposite('all', 'both', ['a', 'b'], other)).toEqual({ status: 'ok', summary: 'all of 2 are ok' });
  expect(await probeComposite('all', 'both', ['a', 'toString'], other)).toEqual({
    status: 'unknown',
    summary: 'toString unknown: there is no such check',
  });
});

test('one that refers to itself ends; one that is asked twice at once does not', async ({ expect }) => {
  const checks = new Map<string, Check>();
  const other = (name: string) => checks.get(name);
  const add = (name: string, names: readonly string[]) =>
    checks.set(
      name,
      check(name, async () => (await probeComposite('all', name, names, other)).status),
    );
  add('a', ['b']);
  add('b', ['a']);
  expect((await probeComposite('all', 'a', ['b'], other)).status).toBe('unknown');

  checks.set(
    'leaf',
    check('leaf', async () => 'ok'),
  );
  add('x', ['leaf']);
  add('y', ['x']);
  add('z', ['x']);
  expect((await probeComposite('all', 'top', ['y', 'z', 'x'], other)).status).toBe('ok');
});
