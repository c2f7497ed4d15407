import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { tool } from '../support/fault-tools.js';
import { healHost, until } from '../support/heal-host.js';

/** Prints each datagram that comes, its lines separated by blanks. */
const RECEIVER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    print(' '.join(s.recv(65536).decode().split('\\n')), flush=True)
`;

const without = (() => {
  try {
    tool('systemd-notify', '--version');
    tool('python3', '-c', 'import socket');
    return undefined;
  } catch (error) {
    const reason = `systemd-notify and python3: ${(error as Error).message}`;
    console.log(`SKIPPED for want of ${reason}`);
    return reason;
  }
})();

it.skipIf(without)(
  'the service manager is told when the watch is ready, that it lives, and when it stops',
  async () => {
    const host = healHost();
    host.configure({ version: 1, logs: 'logs', checks: { up: { file: { path: '/' }, every: '1s' } } });
    const socket = host.path('notify');
    const receiver = spawn('python3', ['-c', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void receiver.kill('SIGKILL'));
    const told: string[] = [];
    createInterface({ input: receiver.stdout }).on('line', (line) => told.push(line));
    await until('somebody listens', () => told.includes('bound'));

    const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '600000' };
    const watch = host.start(['heal', 'watch'], { env });
    const count = (word: string) => told.filter((line) => line.split(' ').includes(word)).length;
    await until('READY=1', () => count('READY=1') === 1);
    // Half as often again as it is waited for.
    const from = performance.now();
    await until('WATCHDOG=1 three times', () => count('WATCHDOG=1') >= 3);
    expect(performance.now() - from).toBeLessThan(5000);
    expect(count('STOPPING=1')).toBe(0);
    watch.child.kill('SIGTERM');
    expect(await watch.ended).toMatchObject({ code: 0 });
    await until('STOPPING=1', () => count('STOPPING=1') === 1);
    const ready = told.find((line) => line.includes('READY=1')) ?? '';
    expect(ready).toContain('STATUS=1 check of ');
    expect(ready).toContain(`MAINPID=${watch.pid}`);
  },
);

it.skipIf(without)('a watchdog that is meant for another process is not answered', async () => {
  const host = healHost();
  host.configure({ version: 1, logs: 'logs', checks: { up: { file: { path: '/' }, every: '1s' } } });
  const socket = host.path('notify');
  const receiver = spawn('python3', ['-c', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void receiver.kill('SIGKILL'));
  const told: string[] = [];
  createInterface({ input: receiver.stdout }).on('line', (line) => told.push(line));
  await until('somebody listens', () => told.includes('bound'));
  const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '100000', WATCHDOG_PID: '1' };
  const watch = host.start(['heal', 'watch'], { env });
  await until('READY=1', () => told.some((line) => line.includes('READY=1')));
  await new Promise((resolve) => setTimeout(resolve, 400));
  watch.child.kill('SIGTERM');
  expect(await watch.ended).toMatchObject({ code: 0 });
  expect(told.filter((line) => line.includes('WATCHDOG=1'))).toEqual([]);
});
