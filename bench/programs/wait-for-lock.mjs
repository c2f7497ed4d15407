// wait-for-lock FILE: says when it is about to wait for the lock, and the monotonic time at which it has it.
import { writeSync } from 'node:fs';
import { systemClock } from '../../src/core/host/clock.ts';
import { ProcessLock } from '../../src/core/journal/lock.ts';

const lock = new ProcessLock(process.argv[2] ?? '', { clock: systemClock, timeout_s: 30, jitter: Math.random });
writeSync(1, '{"waiting":true}\n');
const at = await lock.run(() => String(process.hrtime.bigint()));
writeSync(1, `${JSON.stringify({ at })}\n`);
lock.close();
