import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OperatorError } from '../../../src/core/errors.js';
import { systemClock } from '../../../src/core/host/clock.js';
import { lockHolder, ProcessLock } from '../../../src/core/journal/lock.js';
import { program } from '../../support/child.js';
import { tempDir } from '../../support/temp-dir.js';

function lockAt(path: string, timeout_s = 10): ProcessLock {
  const lock = new ProcessLock(path, { clock: systemClock, timeout_s, jitter: Math.random });
  onTestFinished(() => lock.close());
  return lock;
}

const PRELUDE = `
  import { readFileSync, writeFileSync, appendFileSync } from 'node:fs';
  import { createInterface } from 'node:readline';
  import { systemClock } from 'grace:core/host/clock';
  import { napMs } from 'grace:core/host/nap';
  import { ProcessLock } from 'grace:core/journal/lock';
  const [, , path, arg] = process.argv;
  const lock = new ProcessLock(path, { clock: systemClock, timeout_s: 30, jitter: Math.random });
`;

/** Takes the lock, says so with the time, and keeps it until it is killed. */
const holder = () => program(`${PRELUDE} lock.runBlocking(() => { console.log('held'); for (;;) napMs(1000); });`);

describe('ProcessLock', () => {
  it('lets one of four processes in at a time', async () => {
    const dir = tempDir();
    const path = join(dir, 'x.lock');
    const counter = join(dir, 'counter');
    writeFileSync(counter, '0');
    const start = await program(`${PRELUDE}
      for (let i = 0; i < 250; i++) {
        await lock.run(() => {
          const n = Number(readFileSync(arg, 'utf8'));
          if (i % 50 === 0) napMs(2);
          writeFileSync(arg, String(n + 1));
        });
      }
      console.log('done');
    `);
    const children = Array.from({ length: 4 }, () => start([path, counter]));
    for (const child of children) expect((await child.ended).stderr).toBe('');
    expect(readFileSync(counter, 'utf8')).toBe('1000');
    expect(statSync(path).size, 'it holds no data').toBe(0);
  });

  it('outlasts a directory that is away for a while', async () => {
    const [dir, away] = [join(tempDir(), 'logs'), join(tempDir(), 'away')];
    mkdirSync(dir);
    const lock = lockAt(join(dir, 'x.lock'));
    renameSync(dir, away);
    for (let i = 0; i < 2; i++) {
      await expect(lock.run(() => 1)).rejects.toMatchObject({
        code: 'GRACE_LOCK_NOT_OPENED',
        message: expect.stringContaining(`${dir} is not there`),
      });
    }
    renameSync(away, dir);
    expect(await lock.run(() => 2)).toBe(2);
  });

  it('lets the acts of one process in one at a time, too', async () => {
    const lock = lockAt(join(tempDir(), 'x.lock'));
    const order: string[] = [];
    await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        lock.run(() => {
          order.push(`${name} in`);
          order.push(`${name} out`);
        }),
      ),
    );
    expect(order).toHaveLength(6);
    for (let i = 0; i < 6; i += 2) expect(order[i + 1]).toBe(order[i]?.replace('in', 'out'));
  });

  it('is free after work that threw', async () => {
    const lock = lockAt(join(tempDir(), 'x.lock'), 0.2);
    const fail = () => {
      throw new RangeError('bad');
    };
    await expect(lock.run(fail)).rejects.toThrow('bad');
    expect(() => lock.runBlocking(fail)).toThrow('bad');
    expect(await lock.run(() => 7)).toBe(7);
    expect(lock.runBlocking(() => 8)).toBe(8);
  });

  it('is free the moment its holder is killed', async () => {
    const path = join(tempDir(), 'x.lock');
    const start = await holder();
    const waiter = await program(`${PRELUDE}
      console.log('waiting');
      lock.runBlocking(() => console.log(String(Date.now())));
    `);
    const delays: number[] = [];
    for (let i = 0; i < 5; i++) {
      const holding = start([path]);
      expect(await holding.nextLine()).toBe('held');
      const waiting = waiter([path]);
      expect(await waiting.nextLine()).toBe('waiting');
      await new Promise((resolve) => setTimeout(resolve, 50));
      const killedAt = Date.now();
      holding.kill('SIGKILL');
      delays.push(Number(await waiting.nextLine()) - killedAt);
      await holding.ended;
      await waiting.ended;
    }
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays), `${delays} ms`).toBeLessThan(250);
  });

  it('names its holder, and nobody when it is free', async () => {
    const path = join(tempDir(), 'x.lock');
    expect(lockHolder(path)).toBeUndefined();
    const lock = lockAt(path);
    expect(lockHolder(path)).toBeUndefined();
    await lock.run(() => expect(lockHolder(path)?.pid).toBe(process.pid));
    const holding = (await holder())([path]);
    await holding.nextLine();
    expect(lockHolder(path)).toEqual({ pid: holding.pid, command: 'node' });
    holding.kill();
    await holding.ended;
    expect(lockHolder(path)).toBeUndefined();
  });

  it('stops waiting for work that another does meanwhile, and does not begin what is done', async () => {
    const path = join(tempDir(), 'x.lock');
    const holding = (await holder())([path]);
    await holding.nextLine();
    const lock = lockAt(path, 5);
    const worked: string[] = [];
    let asked = 0;
    await lock.runUnless(
      () => ++asked > 3,
      () => worked.push('held by another'),
    );
    expect(lockHolder(path)?.pid, 'it is still held').toBe(holding.pid);
    holding.kill('SIGKILL');
    await holding.ended;
    await lock.runUnless(
      () => true,
      () => worked.push('done before'),
    );
    await lock.runUnless(
      () => false,
      () => worked.push('not done'),
    );
    expect(worked).toEqual(['not done']);
    expect(lockHolder(path)).toBeUndefined();
  });

  it.each(['run', 'runBlocking'] as const)('gives up in time and says who has it: %s', async (way) => {
    const path = join(tempDir(), 'x.lock');
    const holding = (await holder())([path]);
    await holding.nextLine();
    const lock = lockAt(path, 0.3);
    const begun = performance.now();
    let caught: unknown;
    try {
      await lock[way](() => undefined);
    } catch (error) {
      caught = error;
    }
    const waited = performance.now() - begun;
    expect(caught).toBeInstanceOf(OperatorError);
    expect(caught).toMatchObject({ code: 'GRACE_LOCKED', exit: 11, hint: `ps -fp ${holding.pid}` });
    expect((caught as Error).message).toMatch(
      new RegExp(`^process ${holding.pid} \\(node\\) held .*x\\.lock for 0\\.3 s$`),
    );
    expect(waited).toBeGreaterThan(290);
    expect(waited).toBeLessThan(2000);
  });

  it('works on when its file is deleted, and excludes those who open the new one', async () => {
    const path = join(tempDir(), 'x.lock');
    const lock = lockAt(path, 5);
    rmSync(path);
    await lock.run(async () => {
      expect(existsSync(path), 'the new file is there before the work begins').toBe(true);
      expect(() => lockAt(path, 0.05).runBlocking(() => undefined)).toThrow(/held/);
    });
    expect(await lockAt(path, 1).run(() => 'free')).toBe('free');
  });

  it('excludes the others when its file is deleted under a waiter', async () => {
    const dir = tempDir();
    const path = join(dir, 'x.lock');
    const holding = (await holder())([path]);
    await holding.nextLine();
    const contender = await program(`${PRELUDE}
      console.log('waiting');
      for (let i = 0; i < 100; i++) lock.runBlocking(() => { appendFileSync(arg, '<'); appendFileSync(arg, '>'); });
    `);
    const trace = join(dir, 'trace');
    const waiters = [contender([path, trace]), contender([path, trace])];
    for (const waiter of waiters) expect(await waiter.nextLine()).toBe('waiting');
    rmSync(path);
    holding.kill();
    for (const waiter of waiters) expect(await waiter.ended).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(trace, 'utf8')).toBe('<>'.repeat(200));
  });

  it.each([
    ['garbage', 'GRACE_LOCK_DAMAGED', (path: string) => writeFileSync(path, 'no database '.repeat(1000))],
    ['a directory', 'GRACE_LOCK_NOT_OPENED', (path: string) => mkdirSync(path)],
  ])('says what to do about %s in its place', async (_, code, make) => {
    const path = join(tempDir(), 'x.lock');
    make(path);
    const caught = await Promise.resolve()
      .then(() => lockAt(path, 1).run(() => undefined))
      .catch((error: unknown) => error);
    expect(caught).toBeInstanceOf(OperatorError);
    expect(caught).toMatchObject({ code, exit: 3 });
    expect((caught as OperatorError).message).toContain(path);
  });
});
