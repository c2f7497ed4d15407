import { existsSync, renameSync, rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type HealHost, healHost, WIDE, WIDE_POLICY } from '../support/heal-host.js';
import { deleteRegistry, logPath } from '../support/registry.js';

/** A check that fails, and a remedy that says when it ran. */
function brokenHost(): HealHost {
  const host = healHost();
  const mend = host.script('mend.sh', `echo ran >> ${host.path('acts')}; touch ${host.path('up')}`);
  host.configure({
    ...{ version: 1, mode: 'act', logs: 'logs', policy: WIDE_POLICY },
    checks: {
      up: { file: { path: host.path('up') }, every: '100ms', confirm: '1 of 1', limits: WIDE, heal: ['mend'] },
    },
    playbooks: {
      mend: {
        risk: 'low',
        steps: [{ run: [mend] }],
        verify: { passes: 1, every: '20ms', within: '2s' },
        relapse: '0s',
      },
    },
  });
  return host;
}

async function rotate(host: HealHost): Promise<void> {
  const path = logPath(host.logs, 'audit');
  for (let n = 3; n > 0; n--) if (existsSync(`${path}.${n}`)) renameSync(`${path}.${n}`, `${path}.${n + 1}`);
  renameSync(path, `${path}.1`);
  expect((await host.grace(['heal', 'silence', 'up', '--for', '1s'])).code).toBe(0);
}

it('the brake outlives the file in which it was set, and who heals is told that bytes are gone', async () => {
  const host = brokenHost();
  await host.grace(['heal', 'brake', 'on', '--reason', 'by hand']);
  await rotate(host);
  rmSync(`${logPath(host.logs, 'audit')}.1`);
  const run = await host.grace(['heal', 'run']);
  expect(run).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('immutable_audit.jsonl: bytes are gone (removed)'),
  });
  expect(run.stdout).toContain('the brake is on since');
  expect(host.lines('acts')).toEqual([]);
  expect((await host.grace(['evidence', 'audit'])).stdout).toContain('INTACT');
  await host.grace(['heal', 'brake', 'off']);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect((await host.grace(['heal', 'run'])).code).toBe(0);
  expect(host.lines('acts')).toEqual(['ran']);
});

it('with a file missing between others nothing acts; run, status and doctor say so, until it is back', async () => {
  const host = brokenHost();
  await host.grace(['heal', 'brake', 'on']);
  await host.grace(['heal', 'brake', 'off']);
  await rotate(host);
  await rotate(host);
  const path = logPath(host.logs, 'audit');
  renameSync(`${path}.1`, host.path('away'));
  deleteRegistry(host.logs);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const run = await host.grace(['heal', 'run']);
  expect(run).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/grace: warning: nothing acts: records are missing, lines? \d.*put the file back/),
  });
  expect(host.lines('acts')).toEqual([]);
  const status = await host.grace(['heal', 'status']);
  expect(status).toMatchObject({ code: 3, stdout: expect.stringContaining('The audit log has a gap: nothing acts') });
  expect(JSON.parse((await host.grace(['heal', 'status', '--json'])).stdout).missing).toHaveLength(1);
  expect((await host.grace(['heal', 'run', '--pass-over', 'log_gap'])).stderr).toContain('grace doctor');
  renameSync(host.path('away'), `${path}.1`);
  const after = await host.grace(['heal', 'run']);
  expect(after).toMatchObject({ code: 0, stderr: '' });
  expect(host.lines('acts')).toEqual(['ran']);
});
