import { chmodSync, chownSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { healHost, until, WIDE, WIDE_POLICY } from '../support/heal-host.js';

const CHECK = { every: '100ms', confirm: '1 of 1', limits: WIDE };
const HEAD = { version: 1, mode: 'act', logs: 'logs', policy: WIDE_POLICY };
const GIVEN_AWAY = 'can be written by everybody: its mode is 777; nothing was started';

describe('a program that others could have changed since grace.yaml was read', () => {
  it('is not run by a step, nor to tell anybody, and the record says why', async () => {
    const host = healHost();
    const mend = host.script('mend.sh', `touch ${host.path('up')} ${host.path('ran')}`);
    const page = host.script('page.sh', `touch ${host.path('paged')}`);
    host.configure({
      ...HEAD,
      checks: { up: { file: { path: host.path('up') }, ...CHECK, heal: ['mend'] } },
      playbooks: { mend: { risk: 'low', steps: [{ run: ['/bin/chmod', '777', mend, page] }, { run: [mend] }] } },
      notify: [{ run: [page] }],
    });
    const run = await host.grace(['heal', 'run']);
    expect(run.code, run.stderr).toBe(3);
    const exit = `refused: ${mend} ${GIVEN_AWAY}`;
    expect(host.incidents()).toMatchObject([
      { status: 'failed', attempts: [{ outcome: 'failed', steps: [{ exit: 'exit 0' }, { exit }] }] },
    ]);
    expect(host.lines('ran')).toEqual([]);
    expect(JSON.stringify(host.audit('notification_failed'))).toContain(`refused: ${page} ${GIVEN_AWAY}`);
  });

  it('is not run by a check: whether it passes is unknown', async () => {
    const host = healHost();
    const probe = host.script('probe.sh', `echo x >> ${host.path('probed')}; echo CRITICAL; exit 2`);
    host.configure({
      ...HEAD,
      checks: {
        probe: { command: { run: [probe] }, ...CHECK, mode: 'observe', heal: [] },
      },
    });
    const watch = host.start(['heal', 'watch']);
    const said: string[] = [];
    watch.onLine((line) => said.push(line));
    await until('it is probed', () => host.lines('probed').length > 1);
    chmodSync(probe, 0o777);
    await until('it is unknown', () => said.some((line) => line.includes(`refused: ${probe} ${GIVEN_AWAY}`)));
    const before = host.lines('probed').length;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(host.lines('probed').length).toBe(before);
    watch.child.kill('SIGTERM');
    await watch.ended;
  });
});

describe.skipIf(process.geteuid?.() !== 0)('a script of another account, as root (needs root)', () => {
  const given = () => {
    const host = healHost();
    const probe = host.script('probe.sh', `echo x >> ${host.path('probed')}; exit 0`);
    chmodSync(probe, 0o644);
    const run = ['/usr/bin/env', '/bin/sh', probe];
    host.configure({ ...HEAD, checks: { probe: { command: { run } } } });
    return { host, probe };
  };

  it.each([
    ['heal check', 3],
    ['heal plan', 4],
    ['heal run', 4],
  ])('is not run by %s', async (command, code) => {
    const { host, probe } = given();
    expect((await host.grace(['heal', 'check'])).code).toBe(0);
    expect(host.lines('probed')).toEqual(['x']);
    chownSync(probe, 54_321, 0);
    const refused = await host.grace(command.split(' '));
    expect(refused.stderr).toContain(`${probe} belongs to #54321, not to root`);
    expect(refused.code).toBe(code);
    expect(host.lines('probed')).toEqual(['x']);
  });
});
