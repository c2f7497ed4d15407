// hold-lock FILE: takes the lock, says so, and never lets go of it alive.
import { writeSync } from 'node:fs';
import { systemClock } from '../../src/core/host/clock.ts';
import { napMs } from '../../src/core/host/nap.ts';
import { ProcessLock } from '../../src/core/journal/lock.ts';

const lock = new ProcessLock(process.argv[2] ?? '', { clock: systemClock, timeout_s: 30, jitter: Math.random });
await lock.run(() => {
  writeSync(1, '{"held":true}\n');
  napMs(60_000);
});
