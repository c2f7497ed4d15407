import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { CheckSpecs } from '../../../src/core/config/schema/check-schema.js';
import { systemClock } from '../../../src/core/host/clock.js';
import { probeTcp } from '../../../src/healing/checks/tcp-check.js';
import { tempDir } from '../../support/temp-dir.js';

const canUnshare = spawnSync('unshare', ['--net', 'true']).status === 0;

async function serving(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    onConnection(socket);
  });
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function probe(port: number, more: Partial<CheckSpecs['tcp']> = {}) {
  return probeTcp({ host: '127.0.0.1', port, timeout: 2, ...more }, systemClock);
}

/** A program of its own that does something first, and then probes. */
function program(host: string, port: number, first = ''): string {
  const dir = tempDir();
  buildSync({
    entryPoints: ['src/healing/checks/tcp-check.ts'],
    outfile: join(dir, 'check.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
  writeFileSync(
    join(dir, 'main.cjs'),
    `const { openSync } = require('node:fs');
     const { probeTcp } = require('./check.cjs');
     const clock = { now: Date.now, elapsed: () => performance.now() / 1000 };
     try { ${first} } catch {}
     probeTcp({ host: '${host}', port: ${port}, timeout: 2 }, clock)
       .then((found) => process.stdout.write(JSON.stringify(found)));`,
  );
  return join(dir, 'main.cjs');
}

describe('ok', () => {
  test('it accepts connections, and the connection is closed afterwards', async () => {
    let closed: () => void = () => {};
    const hungUp = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const port = await serving((socket) => socket.on('close', closed).resume());
    expect(await probe(port)).toEqual({ status: 'ok', summary: 'accepts connections' });
    expect((await probe(port, { host: 'localhost' })).status).toBe('ok');
    await hungUp;
  });

  test('what is sent arrives though nothing is expected', async () => {
    let heard: (text: string) => void = () => {};
    const said = new Promise<string>((resolve) => {
      heard = resolve;
    });
    const port = await serving((socket) => socket.on('data', (chunk) => heard(String(chunk))));
    expect((await probe(port, { send: 'QUIT\r\n' })).status).toBe('ok');
    expect(await said).toBe('QUIT\r\n');
  });

  test('the answer begins as expected, in pieces and with more behind it', async () => {
    const port = await serving((socket) => {
      socket.once('data', () => {
        socket.write('+PO');
        setTimeout(() => socket.write('NG\r\nand more'), 20);
      });
    });
    expect(await probe(port, { send: 'PING\r\n', expect: '+PONG' })).toEqual({
      status: 'ok',
      summary: 'answered as expected',
    });
  });

  test('a greeting that comes unasked', async () => {
    const port = await serving((socket) => socket.end('220 grüße\r\n'));
    expect((await probe(port, { expect: '220 grü' })).status).toBe('ok');
  });
});

describe('critical', () => {
  test('nobody listens', async () => {
    const port = await freePort();
    expect(await probe(port)).toEqual({ status: 'critical', summary: 'the connection was refused' });
    expect((await probe(port, { host: 'localhost' })).summary).toBe('the connection was refused');
  });

  test('another answer', async () => {
    const port = await serving((socket) => socket.write('-NOAUTH \u001b[31m'));
    expect(await probe(port, { expect: '+PONG' })).toEqual({
      status: 'critical',
      summary: 'answered "-NOAUTH \\u001b[31m", which is not expected',
    });
  });

  test('the connection is closed before the answer is whole', async () => {
    const port = await serving((socket) => socket.end('+PO'));
    expect((await probe(port, { expect: '+PONG' })).summary).toBe(
      'the connection was closed before the answer was complete: only "+PO" came',
    );
  });

  test('a reset', async () => {
    const port = await serving((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await probe(port, { send: 'x', expect: 'y' })).toEqual({
      status: 'critical',
      summary: 'the connection was reset before the answer was complete',
    });
  });

  test('silence, and an answer that comes too slowly', async () => {
    const silent = await serving((socket) => socket.resume());
    expect(await probe(silent, { expect: '+', timeout: 0.1 })).toEqual({
      status: 'critical',
      summary: 'no complete answer within 100 ms',
    });
    const slow = await serving((socket) => {
      socket.write('+');
      socket.resume();
    });
    expect((await probe(slow, { expect: '+PONG', timeout: 0.1 })).summary).toBe(
      'no complete answer within 100 ms: only "+" came',
    );
  });

  test('a queue of connections that is full', async () => {
    // It never accepts; once its queue is full the kernel does not answer either.
    const script = `import socket, sys, time
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(0)
print(s.getsockname()[1], flush=True)
time.sleep(60)`;
    const child = execFile('python3', ['-c', script]);
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    const port = Number(
      await new Promise<string>((resolve) => {
        child.stdout?.once('data', (line) => resolve(String(line)));
        child.once('exit', () => resolve('0'));
      }),
    );
    if (port === 0) return;
    const found = [];
    for (let i = 0; i < 3; i++) found.push(await holdOpen(port));
    expect(await probe(port, { timeout: 0.1 })).toEqual({ status: 'critical', summary: 'no connection within 100 ms' });
  });

  test.skipIf(!canUnshare)('no route to the network (needs unshare)', () => {
    const { stdout } = spawnSync('unshare', ['--net', process.execPath, program('192.0.2.1', 9)], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual({ status: 'critical', summary: 'there is no way to the host' });
  });
});

async function holdOpen(port: number): Promise<void> {
  const { connect } = await import('node:net');
  const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
  onTestFinished(() => {
    socket.destroy();
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('unknown: the check cannot run', () => {
  test('a name that does not exist', async () => {
    expect(await probe(9, { host: 'no-such-host.invalid' })).toMatchObject({
      status: 'unknown',
      summary: expect.stringMatching(/^the check cannot run: .*(ENOTFOUND|EAI_AGAIN)/),
    });
  });

  test('we ourselves were held up', async () => {
    const port = await serving((socket) => socket.resume());
    const pending = probe(port, { expect: '+', timeout: 0.02 });
    const until = systemClock.elapsed() + 0.1;
    while (systemClock.elapsed() < until);
    expect(await pending).toMatchObject({
      status: 'unknown',
      summary: expect.stringMatching(/^grace itself was held up/),
    });
  });

  test('too many open files', async () => {
    const port = await serving((socket) => socket.resume());
    const script = [
      '-c',
      'ulimit -n 60; exec "$0" "$1"',
      process.execPath,
      program('127.0.0.1', port, 'for (;;) openSync("/dev/null");'),
    ];
    const said = await new Promise<string>((resolve) => {
      execFile('sh', script, (_error, stdout) => resolve(stdout));
    });
    expect(JSON.parse(said)).toMatchObject({ status: 'unknown', summary: expect.stringContaining('EMFILE') });
  });
});
