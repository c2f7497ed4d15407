import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { type HealHost, healHost, until } from '../support/heal-host.js';
import { configureMending } from '../support/mending.js';

const IN_ANOTHER = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const without = spawnSync(IN_ANOTHER[0] ?? '', [...IN_ANOTHER.slice(1), 'true']).status !== 0;

function prepare(): HealHost {
  const host = healHost();
  const slow = host.script(
    'slow.sh',
    `echo x >> ${host.path('acts')}\n[ -e ${host.path('quick')} ] || sleep 300\ntouch ${host.path('up')}`,
  );
  configureMending(host, [{ run: [slow], timeout: '300s' }], { every: '20ms', within: '300ms' });
  return host;
}

it.skipIf(without)(
  'a remedy in a container that is gone holds its target until a person says so (needs unshare)',
  async () => {
    const host = prepare();
    const run = host.start(['heal', 'run'], { under: IN_ANOTHER });
    await until('the step is at work', () => host.lines('acts').length === 1);
    run.child.kill('SIGKILL');
    await run.ended;
    await until('all have ended', () => host.processes().length === 0);

    host.write('quick', '');
    await host.grace(['heal', 'run']);
    expect(host.lines('acts')).toHaveLength(1);
    const [{ incident_id } = { incident_id: '' }] = host.incidents();
    const status = await host.grace(['heal', 'status']);
    expect(status.stdout).toContain('cannot be judged from here');
    expect(status.stdout).toMatch(new RegExp(`grace heal close ${incident_id}.* --reason 'its container is gone'`));
    const told = JSON.parse((await host.grace(['heal', 'status', '--json'])).stdout);
    expect(told.doing).toMatchObject([{ incident_id, alive: true, owner: 'unknown' }]);

    const closed = await host.grace(['heal', 'close', incident_id, '--reason', 'its container is gone']);
    expect(closed).toMatchObject({ code: 0, stdout: expect.stringMatching(/mend on .+ has ended, how is unknown/) });
    expect(host.audit('remedy_ended')).toMatchObject([
      {
        actor: expect.stringMatching(/^operator:/),
        decision: { outcome: 'unknown', verified: false },
        metadata: { incident_id, reason: 'its container is gone', uid: process.getuid?.() },
      },
    ]);
    expect(host.incidents()).toMatchObject([{ resolution: 'manual', attempts: [{ outcome: 'unknown' }] }]);
    expect((await host.grace(['heal', 'run'])).code).toBe(0);
    expect(host.lines('acts')).toHaveLength(2);
    expect((await host.grace(['evidence', 'audit'])).code).toBe(0);
  },
);

it.skipIf(without).each([
  ['worked', (host: HealHost) => host.write('mended', '')],
  ['failed', () => undefined],
] as const)(
  'a remedy whose claim a person has ended, and that %s after all, leaves the incident closed (needs unshare)',
  async (outcome, before) => {
    const host = prepare();
    const late = host.script(
      'slow.sh',
      `echo x >> ${host.path('acts')}
       until [ -e ${host.path('quick')} ]; do sleep 0.05; done
       [ ! -e ${host.path('mended')} ] || touch ${host.path('up')}`,
    );
    expect(late).toBe(host.path('slow.sh'));
    const run = host.start(['heal', 'run'], { under: IN_ANOTHER });
    await until('the step is at work', () => host.lines('acts').length === 1);
    const [{ incident_id } = { incident_id: '' }] = host.incidents();
    expect((await host.grace(['heal', 'close', incident_id, '--reason', 'gone'])).code).toBe(0);
    before(host);
    host.write('quick', '');
    const { stdout } = await run.ended;
    expect(stdout).toContain(`${incident_id} stays as it is`);
    expect(host.incidents()).toMatchObject([
      {
        ...{ incident_id, status: 'resolved', resolution: 'manual', success: false },
        verification: { status: 'unverified' },
        attempts: [{ outcome, verified: outcome === 'worked', steps: [{ exit: 'exit 0' }] }],
      },
    ]);
    expect(host.audit('remedy_ended')).toMatchObject([{ decision: { outcome: 'unknown' } }]);
    expect(host.audit('remedy_ended_late')).toMatchObject([{ actor: 'healer', decision: { outcome } }]);
    expect(host.audit('incident_escalated')).toEqual([]);
    const report = JSON.parse((await host.grace(['evidence', 'self-healing', '--json'])).stdout);
    expect(report.claims[0]).toMatchObject({ verdict: 'INCONCLUSIVE', numbers: { healed: 0, unverified: 1 } });
    expect((await host.grace(['evidence', 'audit'])).code).toBe(0);
  },
);

it('a remedy of a process that lives is not a person’s to end', async () => {
  const host = prepare();
  const run = host.start(['heal', 'run']);
  await until('the step is at work', () => host.lines('acts').length === 1);
  const [{ incident_id } = { incident_id: '' }] = host.incidents();
  const closed = await host.grace(['heal', 'close', incident_id, '--reason', 'I want it gone']);
  expect(closed).toMatchObject({ code: 4, stderr: expect.stringContaining('[GRACE_BUSY]') });
  run.child.kill('SIGKILL');
  await run.ended;
  const left = await host.grace(['heal', 'close', incident_id, '--reason', 'I want it gone']);
  expect(left).toMatchObject({ code: 4, stderr: expect.stringContaining('registry sync') });
  expect(host.audit('remedy_ended')).toEqual([]);
});
