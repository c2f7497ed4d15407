import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { systemClock } from '../../../src/core/host/clock.js';
import { probeSystemd } from '../../../src/healing/checks/systemd-check.js';
import { tempDir } from '../../support/temp-dir.js';

function ask(text: string, { unit = 'web.service', user = false, timeout = 10 } = {}) {
  const path = join(tempDir(), 'systemctl');
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return probeSystemd({ unit, user, timeout }, 'check:systemd-test', systemClock, path);
}

const says = (load: string, active: string, sub: string, result = 'success') =>
  ask(`printf '%s\\n' LoadState=${load} ActiveState=${active} SubState=${sub} Result=${result}`);

test.for([
  ['loaded', 'active', 'running', 'success', 'ok', 'web.service is active (running)'],
  ['loaded', 'active', 'exited', 'success', 'ok', 'web.service is active (exited)'],
  ['not-found', 'active', 'running', 'success', 'ok', 'web.service is active (running)'],
  ['loaded', 'activating', 'auto-restart', 'exit-code', 'warning', 'web.service is activating (auto-restart)'],
  ['loaded', 'reloading', 'reload', 'success', 'warning', 'web.service is reloading (reload)'],
  ['loaded', 'deactivating', 'stop-sigterm', 'success', 'warning', 'web.service is deactivating (stop-sigterm)'],
  ['loaded', 'inactive', 'dead', 'success', 'critical', 'web.service is inactive (dead)'],
  ['loaded', 'failed', 'failed', 'exit-code', 'critical', 'web.service is failed: exit-code'],
  ['bad-setting', 'inactive', 'dead', 'success', 'critical', 'web.service is inactive (dead)'],
  ['not-found', 'inactive', 'dead', 'success', 'unknown', 'there is no unit web.service'],
  ['masked', 'inactive', 'dead', 'success', 'unknown', 'web.service is masked: it cannot be started'],
  ['loaded', 'sublime', 'x', 'success', 'unknown', 'web.service is in the state sublime'],
] as const)('%s %s %s %s is %s', async ([load, active, sub, result, status, summary], { expect }) => {
  expect(await says(load, active, sub, result)).toEqual({ status, summary });
});

test('a systemctl that has no answer leaves it unknown', async ({ expect }) => {
  expect(await ask('echo "Failed to connect to bus" >&2; exit 1')).toEqual({
    status: 'unknown',
    summary: 'systemctl ended with exit code 1: Failed to connect to bus',
  });
  expect(await ask('exit 0')).toEqual({ status: 'unknown', summary: 'systemctl says nothing about web.service' });
  expect(await ask('sleep 20', { timeout: 0.1 })).toEqual({
    status: 'unknown',
    summary: 'systemctl gave no answer within 0.1 s',
  });
  expect(await ask('kill -KILL $$')).toMatchObject({ status: 'unknown' });
  const missing = await probeSystemd({ unit: 'x', user: false, timeout: 1 }, 'm', systemClock, '/nowhere/systemctl');
  expect(missing).toMatchObject({ status: 'unknown', summary: expect.stringContaining('/nowhere/systemctl') });
});

test('the name of a unit is never an option, and the manager of the account is found', async ({ expect }) => {
  const file = join(tempDir(), 'argv');
  await ask(`printf '%s\\n' "$@" "$XDG_RUNTIME_DIR" > ${file}`, { unit: '--help', user: true });
  expect(readFileSync(file, 'utf8').split('\n')).toEqual([
    '--user',
    'show',
    '--property=LoadState,ActiveState,SubState,Result',
    '--',
    '--help',
    `/run/user/${process.geteuid?.()}`,
    '',
  ]);
});
