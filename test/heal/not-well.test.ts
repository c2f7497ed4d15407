import { rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { healHost, WIDE, WIDE_POLICY } from '../support/heal-host.js';

function prepare() {
  const host = healHost();
  const mend = host.script('mend.sh', `[ ! -e ${host.path('can')} ] || touch ${host.path('up')}`);
  host.configure({
    ...{ version: 1, mode: 'act', logs: 'logs', policy: { ...WIDE_POLICY, rearm: { first: '1h', most: '1d' } } },
    checks: {
      up: { file: { path: host.path('up') }, ...{ every: '100ms', confirm: '1 of 1', heal: ['mend'], limits: WIDE } },
      bare: { file: { path: host.path('bare') }, ...{ every: '100ms', confirm: '1 of 1' } },
      backup: { heartbeat: { name: 'nightly', within: '1d' } },
    },
    playbooks: {
      mend: {
        ...{ risk: 'low', steps: [{ run: [mend] }], relapse: '1h' },
        verify: { passes: 1, every: '20ms', within: '100ms' },
      },
    },
  });
  host.write('bare', '');
  return host;
}

it('a pass after which something still fails says so each time, and one after which all is well says nothing', async () => {
  const host = prepare();
  const heal = (...more: string[]) => host.grace(['heal', 'run', 'up', 'bare', ...more]);
  expect((await heal()).stdout).toContain('up: needs a person: all remedies have failed');
  const [{ incident_id } = { incident_id: '' }] = host.incidents();
  expect((await heal()).stdout).toMatch(/^up: would have run mend, and did not: rearm: .+\n$/);
  const again = await heal();
  expect(again.code).not.toBe(0);
  expect(again.stdout.match(/^up: still failing: .+; needs a person: .+$/gm)).toHaveLength(1);
  expect(again.stdout).toContain(`${incident_id}; grace heal status`);
  expect((await heal('--json')).stdout).not.toContain('still failing');

  rmSync(host.path('bare'));
  await heal();
  const waits = (await heal()).stdout;
  expect(waits).toMatch(/^bare: still failing: .+; needs a person: .+; grace heal status$/m);
  host.write('bare', '');
  await heal();

  host.write('can', '');
  expect((await heal('--pass-over', 'rearm,cooldown,cap')).stdout).toContain('healed in');
  expect(await heal()).toMatchObject({ code: 0, stdout: '' });

  const told = await host.grace(['evidence', 'self-healing']);
  expect(told.stdout).toContain('ended healed and verified after 1 failed attempt;');
  expect(told.stdout).toMatch(/2 episodes needed a person; 1 attempt forced by a person, passing over rails/);
  expect(told.stdout).toMatch(/^ *mend +2 +1 +1 +0 +1$/m);
});

it('a heartbeat that no check waits for is a typing error, unless there is no grace.yaml to say so', async () => {
  const host = prepare();
  const typo = await host.grace(['trigger', 'heartbeat', 'nigthly']);
  expect(typo).toMatchObject({ code: 2, stderr: expect.stringContaining('[GRACE_UNKNOWN_HEARTBEAT]') });
  expect(typo.stderr).toContain('grace trigger heartbeat nightly   # did you mean nightly?');
  expect(await host.grace(['trigger', 'heartbeat', 'nightly'])).toMatchObject({ code: 0, stderr: '' });
  const none = await host.grace(['trigger', 'heartbeat', 'nigthly', '--logs', host.logs], {
    ...{ cwd: host.dir, env: { GRACE_CONFIG: '' } },
  });
  expect(none.code).toBe(2);
  const bare = await host.grace(['trigger', 'heartbeat', 'nigthly', '--logs', host.logs], {
    env: { GRACE_CONFIG: '' },
  });
  expect(bare).toMatchObject({ code: 0, stderr: expect.stringContaining('nobody knows whether a check waits for it') });
});

it('a silence of nothing is refused, with how long and why or without', async () => {
  const host = prepare();
  for (const options of [
    ['--for', '2h'],
    ['--reason', 'work'],
    ['--for', '1h', '--reason', 'work'],
  ]) {
    const refused = await host.grace(['heal', 'silence', ...options]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('which checks?') });
  }
  expect((await host.grace(['heal', 'silence', 'up'])).stdout).toMatch(/for 1 ?h/);
  expect(await host.grace(['heal', 'silence'])).toMatchObject({ code: 0, stdout: expect.stringContaining('up') });
});

it('an id that may be many leads to what waits for a person', async () => {
  const host = prepare();
  rmSync(host.path('bare'));
  await host.grace(['heal', 'run', 'up', 'bare']);
  const many = await host.grace(['heal', 'approve', 'inc_2']);
  expect(many.stderr).toMatch(/\[GRACE_AMBIGUOUS\](?:.|\n)*grace heal status/);
  expect(many.stderr).not.toMatch(/inc_\d{8}/);
});
