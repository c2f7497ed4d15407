import { expect, test } from 'vitest';
import { type HealHost, healHost } from '../support/heal-host.js';

function plugged(): HealHost {
  const host = healHost();
  const check = host.script('check.sh', `echo "PORTAL \${1:-fine} | load=83.33333333%;80;90 time=1.5s"\nexit \${2:-0}`);
  host.configure({
    ...{ version: 1, logs: 'logs' },
    checks: {
      fine: { command: { run: [check] } },
      bad: { command: { run: [check, 'down', '2'] } },
    },
  });
  return host;
}

test('one check is shown with what it found, its figures, the time it took, and what is known', async () => {
  const host = plugged();
  const fine = await host.grace(['heal', 'check', 'fine']);
  expect(fine.code).toBe(0);
  const [first, ...fields] = fine.stdout.trimEnd().split('\n');
  expect(first).toBe("OK - fine: PORTAL fine | 'fine/load'=83.3%;80;90 'fine/time'=1.5s");
  expect(fields).toEqual([
    'status   ok',
    'found    PORTAL fine',
    'confirm  not failing; nothing is known of earlier looks',
    expect.stringMatching(/^took {5}\d\S* m?s$/),
    'load     83.3 % (warning: 80, critical: 90)',
    'time     1.5 s',
  ]);
});

test('where it stands between failing and confirmed is told from what the last run saw', async () => {
  const host = plugged();
  const look = async () => (await host.grace(['heal', 'check', 'bad'])).stdout;
  expect(await look()).toContain('not confirmed: 1 of 3 failed, 2 confirm it; nothing is known of earlier looks\n');
  await host.grace(['heal', 'run', 'bad']);
  expect(await look()).toMatch(/^confirm {2}confirmed: 3 of 3 failed, 2 confirm it$/m);
  const json = JSON.parse((await host.grace(['heal', 'check', 'bad', '--json'])).stdout);
  expect(json.checks).toMatchObject([
    {
      perfdata: [{ label: 'load', value: 83.33333333 }, {}],
      confirm: { state: 'confirmed', failed: 3, need: 2, of: 3, seen_before: true },
    },
  ]);
});
