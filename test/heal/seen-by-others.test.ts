import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type HealHost, healHost, until } from '../support/heal-host.js';

function watching(checks: object): { host: HealHost; watch: ReturnType<HealHost['start']> } {
  const host = healHost();
  host.configure({ version: 1, mode: 'act', logs: 'logs', checks });
  return { host, watch: host.start(['heal', 'watch']) };
}

const stopped = async ({ child, ended }: ReturnType<HealHost['start']>) => {
  child.kill('SIGTERM');
  return ended;
};

it.each([
  ['all of it', ['', '-wal', '-shm']],
  ['what goes beside it', ['-wal', '-shm']],
])('probes.db is deleted under the watch (%s): it sees what others write from then on', async (_, ends) => {
  const { host, watch } = watching({
    cron: { heartbeat: { name: 'cron', within: '1s' }, every: '100ms', confirm: '1 of 1' },
  });
  await until('silence is seen', () => host.incidents().length === 1);
  for (const end of ends) rmSync(`${host.logs}/probes.db${end}`, { force: true });
  const isOver = () => host.incidents().every(({ status }) => status === 'resolved');
  await until('life is seen', async () => {
    expect(await host.grace(['trigger', 'heartbeat', 'cron'])).toMatchObject({ code: 0 });
    return isOver();
  });
  expect(await stopped(watch)).toMatchObject({ code: 0 });
});

it('a watch that hangs: its looks are overdue', async () => {
  const { host, watch } = watching({ up: { file: { path: '/etc/hosts' }, every: '100ms' } });
  const status = async () => host.grace(['heal', 'status']);
  await until('it is looked at', async () => (await status()).stdout.includes('The last look was at most '));
  watch.child.kill('SIGSTOP');
  await sleep(16_000);
  const hanging = await status();
  expect(hanging).toMatchObject({
    code: 3,
    stdout: expect.stringMatching(/looks are overdue up: one every 100 ms, the last one recorded was (1[6-9]|2\d)/),
  });
  watch.child.kill('SIGCONT');
  await until('it looks again', async () => (await status()).code === 0);
  expect(await stopped(watch)).toMatchObject({ code: 0 });
});
