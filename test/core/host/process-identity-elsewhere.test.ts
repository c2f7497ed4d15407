import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isAlive, livenessOf, ownIdentity } from '../../../src/core/host/process-identity.js';
import { program } from '../../support/child.js';

test('a process among other pids is not ours to declare dead', () => {
  const own = ownIdentity();
  const elsewhere = { ...own, pid_ns: 'pid:[1]', pid: 2 ** 22 + 1 };
  expect(isAlive(elsewhere)).toBe(true);
  expect(isAlive({ ...elsewhere, boot_id: 'another' })).toBe(false);
  expect(isAlive({ ...own, pid: 2 ** 22 + 1 })).toBe(false);
  expect(isAlive({ ...own, start_time: own.start_time + 1 })).toBe(false);
  expect(own.start_time).toBeGreaterThan(0);
});

test('nor is one whose start is counted by another time, unless nobody has its pid', () => {
  const own = ownIdentity();
  const elsewhere = { ...own, time_ns: 'time:[1]', start_time: own.start_time + 1 };
  expect(livenessOf(elsewhere)).toBe('unknown');
  expect(isAlive(elsewhere)).toBe(true);
  expect(livenessOf({ ...elsewhere, pid: 2 ** 22 + 1 })).toBe('gone');
  expect(livenessOf({ ...elsewhere, boot_id: 'another' })).toBe('gone');
});

test('an owner of a record that names no time namespace is judged by ours', () => {
  const { time_ns: _, ...own } = ownIdentity();
  expect(livenessOf(own)).toBe('alive');
  expect(livenessOf({ ...own, start_time: own.start_time + 1 })).toBe('gone');
});

const shifted = ['--time', '--boottime', '100000', '--fork'];

function mayUnshare(): boolean {
  if (process.geteuid?.() !== 0 || !existsSync('/usr/bin/unshare')) return false;
  try {
    execFileSync('/usr/bin/unshare', [...shifted, '/bin/true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!mayUnshare())('seen from a shifted time namespace, we live (needs root and unshare)', async () => {
  const judge = await program(`
    import { spawnSync } from 'node:child_process';
    import { identityOf, livenessOf } from 'grace:core/host/process-identity';
    const [, self, who, shifted] = process.argv;
    if (shifted !== undefined) {
      spawnSync('/usr/bin/unshare', [...JSON.parse(shifted), process.execPath, self, who], { stdio: 'inherit' });
    } else {
      const owner = JSON.parse(who);
      console.log(JSON.stringify([livenessOf(owner), identityOf(owner.pid)?.start_time !== owner.start_time]));
    }
  `);
  const child = judge([JSON.stringify(ownIdentity()), JSON.stringify(shifted)]);
  expect(JSON.parse(await child.nextLine())).toEqual(['unknown', true]);
});
