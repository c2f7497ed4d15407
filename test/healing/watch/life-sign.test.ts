import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/core/host/clock.js';
import { Monitor } from '../../../src/healing/engine/monitor.js';
import { LifeSign } from '../../../src/healing/watch/life-sign.js';
import { Watch } from '../../../src/healing/watch/watch.js';
import { healStand, namedCheck } from '../../support/heal-stand.js';
import { tempDir } from '../../support/temp-dir.js';
import { plainWatched } from '../engine/situations.js';

/** A process that waits, and the pidfile that names it. */
function service(pidfile: string) {
  const child = spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  writeFileSync(pidfile, `${child.pid}\n`);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return { pid: child.pid, kill: () => child.kill('SIGKILL') && ended };
}

test('a process that goes is told once; one that was never there, or is another, is not', async () => {
  const pidfile = join(tempDir(), 'pid');
  const sign = new LifeSign(pidfile);
  sign.refresh();
  expect(sign.hasGone()).toBe(false);
  const first = service(pidfile);
  sign.refresh();
  expect(sign.hasGone()).toBe(false);
  await first.kill();
  expect([sign.hasGone(), sign.hasGone()]).toEqual([true, false]);
  for (const text of ['', '0', '-1', 'x', '1/../self', '9'.repeat(40)]) {
    writeFileSync(pidfile, text);
    sign.refresh();
    expect(sign.hasGone(), text).toBe(false);
  }
  rmSync(pidfile);
  sign.refresh();
  expect(sign.hasGone()).toBe(false);
});

test('a check is looked at as soon as its process goes, and not before; a check without signs waits', async () => {
  const pidfile = join(tempDir(), 'pid');
  const running = service(pidfile);
  const engine = healStand().engine();
  const monitors = [[pidfile], []].map((pidfiles, i) => {
    const check = namedCheck(`c${i}`, 'ok');
    return new Monitor(plainWatched({ check, pidfiles, every_s: 60 }), {
      engine,
      store: undefined,
      emit: () => undefined,
    });
  });
  const looked: string[] = [];
  const watch = new Watch({
    jitter: () => 0.9,
    elapsed: () => systemClock.elapsed(),
    looked: (check) => looked.push(check),
    failed: (_check, error) => expect.unreachable(String(error)),
  });
  watch.use(monitors);
  onTestFinished(() => watch.stop());
  await delay(150);
  expect(looked).toEqual([]);
  await running.kill();
  for (let i = 0; i < 100 && looked.length === 0; i++) await delay(20);
  await delay(100);
  expect(looked).toEqual(['c0']);
});
