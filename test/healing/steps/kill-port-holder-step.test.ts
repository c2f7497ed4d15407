import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/core/host/clock.js';
import { isAlive } from '../../../src/core/host/process-identity.js';
import { killPortHolderStep } from '../../../src/healing/steps/kill-port-holder-step.js';
import { tempDir } from '../../support/temp-dir.js';
import { order } from './order.js';
import { started } from './processes.js';

async function listener(more = '') {
  const script = `${more}; require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;
  const { who, line } = await started([process.execPath, '-e', script]);
  return { who, port: Number(line) };
}

const step = (port: number, only: string[], { grace = 0, timeout_s }: { grace?: number; timeout_s?: number } = {}) =>
  killPortHolderStep({ name: 'kill', kill_port_holder: { port, only, grace }, timeout_s }, systemClock);

test('a holder of a listed executable is killed, by whatever name that is listed', async () => {
  const { who, port } = await listener();
  const link = join(tempDir(), 'node');
  symlinkSync(process.execPath, link);
  const result = await step(port, ['/usr/bin/sleep', link]).run(order());
  expect(result).toEqual({ outcome: 'worked', exit: `killed pid ${who.pid}` });
  expect(isAlive(who)).toBe(false);
  expect(await step(port, [link]).run(order())).toEqual({ outcome: 'worked', exit: 'nobody held it any more' });
});

test('a holder of another executable is left alone', async () => {
  const { who, port } = await listener('process.title = "/usr/bin/sleep"');
  const result = await step(port, ['/usr/bin/sleep']).run(order());
  expect(result.outcome).toBe('failed');
  expect(result.exit).toMatch(/may not be killed: it runs \/.*node, which is not among those listed$/);
  expect(isAlive(who)).toBe(true);
});

test('SIGKILL comes in time, however long the grace', async () => {
  const { who, port } = await listener('process.on("SIGTERM", () => {})');
  const result = await step(port, [process.execPath], { grace: 60, timeout_s: 0.5 }).run(order());
  expect(result).toEqual({ outcome: 'worked', exit: `killed pid ${who.pid}` });
});

test('what it says of itself', () => {
  expect(step(80, ['/bin/x'], { grace: 5 })).toMatchObject({
    timeout_s: 15,
    repeatable: false,
    destroys: 'unsaved work of the process that listens on port 80, if it runs /bin/x',
  });
});
