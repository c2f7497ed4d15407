import { spawn } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StepSpecs } from '../../../src/core/config/schema/playbook-schema.js';
import { systemClock } from '../../../src/core/host/clock.js';
import { isAlive } from '../../../src/core/host/process-identity.js';
import { signalStep } from '../../../src/healing/steps/signal-step.js';
import { tempDir } from '../../support/temp-dir.js';
import { order } from './order.js';
import { endsWithTest, identity, sleeper, until } from './processes.js';

const step = (signal: StepSpecs['signal'], systemctl = '/nowhere') =>
  signalStep({ name: 'signal', signal }, { clock: systemClock, systemctl });

const pidfileOf = (pid: number | string) => {
  const path = join(tempDir(), 'pid');
  writeFileSync(path, `${pid}\n`);
  return path;
};

const ended = (who: ReturnType<typeof identity>) => until(() => !isAlive(who));

describe('to the process of a pidfile', () => {
  test('that very signal', async () => {
    const dir = tempDir();
    const child = spawn(
      '/bin/sh',
      ['-c', 'trap "echo hup >> said" HUP; echo up > said; while :; do sleep 0.01; done'],
      {
        cwd: dir,
        detached: true,
      },
    );
    endsWithTest(child.pid ?? 0);
    const said = () => readFileSync(join(dir, 'said'), { encoding: 'utf8', flag: 'a+' });
    await until(() => said() === 'up\n');
    const result = await step({ pidfile: pidfileOf(child.pid ?? 0), signal: 'HUP' }).run(order());
    expect(result).toEqual({ outcome: 'worked', exit: `sent SIGHUP to pid ${child.pid}` });
    await until(() => said() === 'up\nhup\n');
  });

  test('not to one that was started after the file was written', async () => {
    const who = await sleeper();
    const pidfile = pidfileOf(who.pid);
    utimesSync(pidfile, 1e9, 1e9);
    const result = await step({ pidfile, signal: 'KILL' }).run(order());
    expect(result).toMatchObject({
      outcome: 'failed',
      exit: expect.stringMatching(/was started after .* it may be another process, left alone/),
    });
    expect(isAlive(who)).toBe(true);
  });

  test('nor to one that seems to have been started an hour before, as after the clock was set back', async () => {
    const who = await sleeper();
    const pidfile = pidfileOf(who.pid);
    const written_s = Date.now() / 1000 + 3600;
    utimesSync(pidfile, written_s, written_s);
    const result = await step({ pidfile, signal: 'KILL' }).run(order());
    expect(result).toMatchObject({ outcome: 'failed', exit: expect.stringContaining('was started long before') });
    expect(isAlive(who)).toBe(true);
  });

  test('of a known executable whatever the dates say, and of no other', async () => {
    const who = await sleeper();
    const pidfile = pidfileOf(who.pid);
    utimesSync(pidfile, 1e9, 1e9);
    const other = await step({ pidfile, executable: process.execPath, signal: 'KILL' }).run(order());
    expect(other.exit).toBe(
      `pid ${who.pid} of ${pidfile} runs /usr/bin/sleep, not ${process.execPath}: it is left alone`,
    );
    expect(isAlive(who)).toBe(true);
    const result = await step({ pidfile, executable: '/usr/bin/sleep', signal: 'TERM' }).run(order());
    expect(result).toEqual({ outcome: 'worked', exit: `sent SIGTERM to pid ${who.pid}` });
    await ended(who);
  });

  test.each([1, process.pid, process.ppid, 999_999_999])('not to pid %i', async (pid) => {
    expect(await step({ pidfile: pidfileOf(pid), signal: 'CONT' }).run(order())).toMatchObject({ outcome: 'failed' });
  });

  test('not through a link that others could change', async () => {
    const who = await sleeper();
    const [dir, pidfile] = [tempDir(), pidfileOf(who.pid)];
    symlinkSync(join(pidfile, '..'), join(dir, 'link'));
    const result = await step({ pidfile: join(dir, 'link/pid'), signal: 'KILL' }).run(order());
    expect(result).toMatchObject({ outcome: 'failed', exit: expect.stringContaining(`symbolic link ${dir}/link`) });
    expect(isAlive(who)).toBe(true);
  });

  test('not where everybody can say whom it names', async () => {
    const who = await sleeper();
    const pidfile = pidfileOf(who.pid);
    chmodSync(pidfile, 0o666);
    const result = await step({ pidfile, signal: 'KILL' }).run(order());
    expect(result.exit).toBe(`${pidfile} is not believed: everybody can write to it: its mode is 666`);
    expect(isAlive(who)).toBe(true);
  });

  test.skipIf(process.geteuid?.() !== 0)('not where an account names a process of another (needs root)', async () => {
    const [ours, theirs] = [await sleeper(), await sleeper({ uid: 54_321 })];
    for (const [who, sent] of [
      [ours, false],
      [theirs, true],
    ] as const) {
      const pidfile = pidfileOf(who.pid);
      chownSync(pidfile, 54_321, 54_321);
      const result = await step({ pidfile, signal: 'TERM' }).run(order());
      expect(result).toEqual(
        sent
          ? { outcome: 'worked', exit: `sent SIGTERM to pid ${who.pid}` }
          : {
              outcome: 'failed',
              exit: `${pidfile} belongs to #54321 and names pid ${who.pid}, a process of root`,
            },
      );
      if (sent) await ended(who);
      else expect(isAlive(who)).toBe(true);
    }
  });

  test('not without a file', async () => {
    const result = await step({ pidfile: '/nowhere/pid', signal: 'HUP' }).run(order());
    expect(result).toEqual({ outcome: 'failed', exit: 'there is no /nowhere/pid' });
  });
});

describe('to all processes of an executable', () => {
  test('and to no other', async () => {
    const program = join(tempDir(), 'service');
    copyFileSync('/usr/bin/sleep', program);
    const start = () => {
      const child = spawn(program, ['60'], { stdio: 'ignore', detached: true });
      endsWithTest(child.pid ?? 0);
      return child.pid ?? 0;
    };
    const pids = [start(), start()].sort((a, b) => a - b);
    await until(() => pids.every((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'service\n'));
    const other = await sleeper();
    const whos = pids.map(identity);
    const result = await step({ executable: program, signal: 'TERM' }).run(order());
    expect(result).toEqual({ outcome: 'worked', exit: `sent SIGTERM to pid ${pids[0]}, pid ${pids[1]}` });
    for (const who of whos) await ended(who);
    expect(isAlive(other)).toBe(true);
    expect(await step({ executable: program, signal: 'TERM' }).run(order())).toEqual({
      outcome: 'failed',
      exit: `no process runs ${program}`,
    });
  });

  test('not to this process', async () => {
    const received: string[] = [];
    const listen = () => received.push('WINCH');
    process.on('SIGWINCH', listen);
    await step({ executable: process.execPath, signal: 'WINCH' }).run(order());
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('SIGWINCH', listen);
    expect(received).toEqual([]);
  });
});

describe('to the main process of a unit', () => {
  const systemctl = (body: string) => {
    const path = join(tempDir(), 'systemctl');
    writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return path;
  };

  test('as systemctl names it', async () => {
    const who = await sleeper();
    const path = systemctl(`[ "$*" = "show --property=MainPID -- web" ] && echo MainPID=${who.pid}`);
    const result = await step({ unit: 'web', signal: 'TERM' }, path).run(order());
    expect(result).toEqual({ outcome: 'worked', exit: `sent SIGTERM to pid ${who.pid}` });
    await ended(who);
  });

  test.each([
    ['echo MainPID=0', 'the unit web has no main process'],
    ['echo nothing', 'the unit web has no main process'],
    ['echo MainPID=1', 'the unit web names pid 1, which is the first process of this host'],
    ['exit 4', 'systemctl show: exit 4'],
  ])('%s', async (body, exit) => {
    const result = await step({ unit: 'web', signal: 'KILL' }, systemctl(body)).run(order());
    expect(result).toMatchObject({ outcome: 'failed', exit });
  });
});

test('what it says of itself', () => {
  expect(step({ pidfile: '/x', signal: 'HUP' })).toMatchObject({
    repeatable: true,
    destroys: 'nothing',
    timeout_s: 10,
  });
  expect(step({ pidfile: '/x', signal: 'KILL' })).toMatchObject({
    repeatable: false,
    destroys: 'what /x has not saved, if SIGKILL ends it',
  });
});
