import { expect, test } from 'vitest';
import { isAlive, ownIdentity } from '../../../src/core/host/process-identity.js';

test('a process among other pids is not ours to declare dead', () => {
  const own = ownIdentity();
  const elsewhere = { ...own, pid_ns: 'pid:[1]', pid: 2 ** 22 + 1 };
  expect(isAlive(elsewhere)).toBe(true);
  expect(isAlive({ ...elsewhere, boot_id: 'another' })).toBe(false);
  expect(isAlive({ ...own, pid: 2 ** 22 + 1 })).toBe(false);
  expect(isAlive({ ...own, start_time: own.start_time + 1 })).toBe(false);
  expect(own.start_time).toBeGreaterThan(0);
});
