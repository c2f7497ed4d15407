import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { effectiveUid } from '../../../src/core/host/account.js';
import { systemClock } from '../../../src/core/host/clock.js';
import { napMs } from '../../../src/core/host/nap.js';
import { bootId, identityOf, isAlive, ownIdentity } from '../../../src/core/host/process-identity.js';
import { randomHex } from '../../../src/core/host/random.js';
import { ownPid, sendSignal } from '../../../src/core/host/signal.js';

describe('process identity', () => {
  it('finds itself alive, and no other start, boot or pid', () => {
    const own = ownIdentity();
    expect(own).toEqual(identityOf(process.pid));
    expect(own.boot_id).toBe(bootId());
    expect(isAlive(own)).toBe(true);
    expect(isAlive({ ...own, start_time: own.start_time + 1 })).toBe(false);
    expect(isAlive({ ...own, boot_id: 'before' })).toBe(false);
    expect(isAlive({ ...own, pid: 2 ** 22 + 1 })).toBe(false);
  });

  it('knows a command whose name looks like the fields after it', async () => {
    const child = spawn('bash', ['-c', 'exec -a x sh -c "printf \'a) Z 1 (b\' > /proc/self/comm; echo; read x"']);
    try {
      await once(child.stdout, 'data');
      const who = identityOf(child.pid ?? 0);
      expect(who?.start_time).toBeGreaterThan(0);
      expect(who && isAlive(who)).toBe(true);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('takes a process that ended and was not reaped for dead', async () => {
    // The shell's child ends at once; the shell, which never waits for it, becomes a sleep.
    const parent = spawn('bash', ['-c', 'sleep 0.3 & echo $!; exec sleep 30']);
    try {
      const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(chunk.toString());
      const who = identityOf(pid);
      expect(who && isAlive(who)).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 800));
      expect(sendSignal(pid, 0), 'the kernel still knows it').toBe('sent');
      expect(identityOf(pid)).toBeUndefined();
      expect(who && isAlive(who)).toBe(false);
    } finally {
      parent.kill('SIGKILL');
    }
  });
});

describe('sendSignal', () => {
  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('never takes %d for a process', (pid) => {
    expect(() => sendSignal(pid, 0)).toThrow(RangeError);
  });

  it('tells who is there', () => {
    expect(sendSignal(ownPid(), 0)).toBe('sent');
    expect(sendSignal(2 ** 22 + 1, 0)).toBe('gone');
  });
});

it('naps for less than a timer can', () => {
  const begun = systemClock.elapsed();
  napMs(20);
  expect(systemClock.elapsed() - begun).toBeGreaterThanOrEqual(0.019);
});

it('gives random hex of the length asked for', () => {
  expect(randomHex(8)).toMatch(/^[0-9a-f]{16}$/);
  expect(randomHex(8)).not.toBe(randomHex(8));
});

it('knows its own account', () => {
  expect(effectiveUid()).toBe(process.geteuid?.());
});
