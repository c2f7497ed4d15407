import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/host/clock.js';
import { type HttpCheckOptions, httpCheck } from '../../src/healing/http-check.js';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** What a server does with a connection, down to the byte. */
async function serving(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    onConnection(socket);
  });
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return urlOf(server);
}

function answering(text: string): Promise<string> {
  return serving((socket) => socket.once('data', () => socket.end(text)));
}

function urlOf(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/health`));
  });
}

async function freeUrl(): Promise<string> {
  const url = await answering('');
  closers.pop()?.();
  return url;
}

function checkOf(url: string, more: Partial<HttpCheckOptions> = {}) {
  return httpCheck({
    name: 'web',
    url,
    expectStatus: 200,
    timeout_ms: 2_000,
    failure_mode: 'api_timeout',
    severity: 'high',
    clock: systemClock,
    ...more,
  });
}

const OK = 'HTTP/1.1 200 OK\r\n';

test('says what it looks at, without the password in the url', () => {
  expect(checkOf('http://me:secret@127.0.0.1:1/x')).toMatchObject({
    name: 'web',
    target: 'http://127.0.0.1:1/x',
    failure_mode: 'api_timeout',
    severity: 'high',
  });
});

describe('ok', () => {
  test('the expected status', async () => {
    const probe = await checkOf(await answering(`${OK}content-length: 2\r\n\r\nhi`)).probe();
    expect(probe).toMatchObject({ status: 'ok', summary: 'answered 200' });
    expect(probe.duration_s).toBeGreaterThan(0);
  });

  test('a status other than 200 and a header, if those are expected', async () => {
    const url = await answering('HTTP/1.1 418 Teapot\r\nX-Nonce: 42\r\ncontent-length: 0\r\n\r\n');
    const probe = await checkOf(url, { expectStatus: 418, expectHeader: { name: 'x-NONCE', value: '42' } }).probe();
    expect(probe.status).toBe('ok');
  });

  test('an answer without end is read up to 64 KiB and then hung up on', async () => {
    let sent = 0;
    let hungUp: () => void = () => {};
    const closed = new Promise<void>((resolve) => {
      hungUp = resolve;
    });
    const url = await serving((socket) => {
      socket.once('data', () => {
        socket.write(`${OK}\r\n`);
        const more = () => {
          while (!socket.destroyed && socket.write('x'.repeat(4096))) sent += 4096;
        };
        socket.on('drain', more).on('close', hungUp);
        more();
      });
    });
    expect((await checkOf(url).probe()).status).toBe('ok');
    await closed;
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });

  test('a fresh connection for each probe', async () => {
    let connections = 0;
    const server = createHttpServer((_, response) => response.end('hi')).on('connection', () => connections++);
    closers.push(() => server.close());
    const check = checkOf(await urlOf(server));
    for (let i = 0; i < 3; i++) await check.probe();
    expect(connections).toBe(3);
  });

  test('takes well under 3 ms when warm', async () => {
    const server = createHttpServer((_, response) => response.end('hi'));
    closers.push(() => server.close());
    const check = checkOf(await urlOf(server));
    const took_ms: number[] = [];
    for (let i = 0; i < 200; i++) took_ms.push((await check.probe()).duration_s * 1000);
    const median = took_ms.slice(100).sort((a, b) => a - b)[50];
    if (process.env.GRACE_SHOW_TIMES) console.log(`http probe: median ${median?.toFixed(2)} ms`);
    expect(median).toBeLessThan(3);
  });
});

describe('critical', () => {
  test('nobody listens', async () => {
    expect(await checkOf(await freeUrl()).probe()).toMatchObject({
      status: 'critical',
      summary: 'the connection was refused',
    });
  });

  test('nobody listens on any address of the name', async () => {
    const url = (await freeUrl()).replace('127.0.0.1', 'localhost');
    expect(await checkOf(url).probe()).toMatchObject({ status: 'critical', summary: 'the connection was refused' });
  });

  test.each([
    ['another status', 'HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n', 'answered 503, expected 200'],
    ['a redirection', 'HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n', 'answered 302, expected 200'],
    ['no header', `${OK}content-length: 0\r\n\r\n`, 'answered 200, but without the header x-nonce'],
    [
      'another value',
      `${OK}x-nonce: 4\r\ncontent-length: 0\r\n\r\n`,
      'answered 200, but its header x-nonce is not the expected one: another service answers',
    ],
    ['no HTTP', 'SSH-2.0-OpenSSH_9\r\n', 'what answered does not speak HTTP'],
    [
      'half a body',
      `${OK}x-nonce: 42\r\ncontent-length: 9\r\n\r\nhi`,
      'the connection was reset before the answer was complete',
    ],
    ['nothing at all', '', 'the connection was reset before the answer was complete'],
    [
      'an upgrade',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
      'the connection was closed without an answer',
    ],
    ['headers without end', `${OK}${'x: y\r\n'.repeat(20_000)}`, 'what answered does not speak HTTP'],
  ])('%s', async (_name, text, summary) => {
    const check = checkOf(await answering(text), { expectHeader: { name: 'x-nonce', value: '42' } });
    expect(await check.probe()).toMatchObject({ status: 'critical', summary });
  });

  test('a reset', async () => {
    const url = await serving((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await checkOf(url).probe()).toMatchObject({ status: 'critical' });
  });

  test.each<[string, (socket: Socket) => void]>([
    ['silence', () => {}],
    ['a body that never ends', (socket) => socket.write(`${OK}content-length: 9\r\n\r\nhi`)],
    [
      'one byte at a time, each in time',
      (socket) => {
        const drip = setInterval(() => socket.write('x'), 20);
        socket.write(`${OK}\r\n`);
        socket.on('close', () => clearInterval(drip));
      },
    ],
  ])('%s, at the timeout of the whole probe', async (_name, onData) => {
    const url = await serving((socket) => socket.once('data', () => onData(socket)));
    const probe = await checkOf(url, { timeout_ms: 150 }).probe();
    expect(probe).toMatchObject({ status: 'critical', summary: 'no complete answer within 150 ms' });
    expect(probe.duration_s).toBeGreaterThan(0.14);
    expect(probe.duration_s).toBeLessThan(0.3);
  });
});

describe('unknown: the check cannot run', () => {
  test.each([
    ['a malformed url', 'http://', 'the check cannot run: the url is malformed'],
    ['no url', 'web', 'the check cannot run: the url is malformed'],
    ['another protocol', 'ftp://127.0.0.1/', 'the check cannot run: Protocol "ftp:" not supported. Expected "http:"'],
    ['a name that does not exist', 'http://no-such-host.invalid/', expect.stringMatching(/ENOTFOUND|EAI_AGAIN/)],
  ])('%s', async (_name, url, summary) => {
    expect(await checkOf(url).probe()).toMatchObject({ status: 'unknown', summary });
  });

  test('we ourselves were held up, and the timer says nothing', async () => {
    const url = await serving(() => {});
    const pending = checkOf(url, { timeout_ms: 20 }).probe();
    const until = systemClock.elapsed() + 0.1;
    while (systemClock.elapsed() < until);
    expect(await pending).toMatchObject({
      status: 'unknown',
      summary: expect.stringMatching(/^grace itself was held up/),
    });
  });

  test('too many open files', async () => {
    const url = await answering(`${OK}content-length: 0\r\n\r\n`);
    const dir = mkdtempSync(join(tmpdir(), 'grace-http-'));
    closers.push(() => rmSync(dir, { recursive: true }));
    buildSync({
      entryPoints: ['src/healing/http-check.ts'],
      outfile: join(dir, 'check.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
    writeFileSync(
      join(dir, 'main.mjs'),
      `import { openSync } from 'node:fs';
       import { httpCheck } from './check.mjs';
       const clock = { now: Date.now, elapsed: () => performance.now() / 1000 };
       const check = httpCheck({ name: 'x', url: ${JSON.stringify(url)}, expectStatus: 200, timeout_ms: 2000, clock });
       await check.probe().catch(() => {});
       try { for (;;) openSync('/dev/null'); } catch {}
       const probe = await check.probe();
       process.stdout.write(JSON.stringify(probe));`,
    );
    const script = ['-c', 'ulimit -n 60; exec "$0" "$1"', process.execPath, join(dir, 'main.mjs')];
    const said = await new Promise<string>((resolve) => {
      execFile('sh', script, (_error, stdout) => resolve(stdout));
    });
    expect(JSON.parse(said)).toMatchObject({ status: 'unknown', summary: expect.stringContaining('EMFILE') });
  });
});
