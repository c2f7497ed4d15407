import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterEach, describe, expect, test } from 'vitest';
import { type CheckSpecs, checkSchema } from '../../../src/core/config/schema/check-schema.js';
import { systemClock } from '../../../src/core/host/clock.js';
import { probeHttp } from '../../../src/healing/checks/http-check.js';
import { hasOpenssl, type Issued, issue } from '../../support/certificates.js';
import { tempDir } from '../../support/temp-dir.js';

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

type HttpSpec = CheckSpecs['http'];

function specOf(url: string, more: Partial<HttpSpec> = {}): HttpSpec {
  return { url, method: 'GET', expect: 200, headers: {}, timeout: 2, ...more };
}

function probe(url: string, more: Partial<HttpSpec> = {}) {
  return probeHttp(specOf(url, more), systemClock);
}

const OK = 'HTTP/1.1 200 OK\r\n';

describe('ok', () => {
  test('the expected status', async () => {
    const found = await probe(await answering(`${OK}content-length: 2\r\n\r\nhi`));
    expect(found).toMatchObject({ status: 'ok', summary: 'answered 200' });
  });

  test('a status other than 200 and a header, if those are expected', async () => {
    const url = await answering('HTTP/1.1 418 Teapot\r\nX-Nonce: 42\r\ncontent-length: 0\r\n\r\n');
    const found = await probe(url, { expect: [200, 418], expect_header: { name: 'x-NONCE', value: '42' } });
    expect(found).toMatchObject({ status: 'ok', summary: 'answered 418' });
  });

  test('its figures are those of check_http: the time, and the size of what was read to its end', async () => {
    const time = { label: 'time', value: expect.any(Number), unit: 's', min: 0, max: 2 };
    const whole = await probe(await answering(`${OK}content-length: 2\r\n\r\nhi`));
    expect(whole.perfdata).toEqual([time, { label: 'size', value: 2, unit: 'B', min: 0 }]);
    expect(whole.perfdata?.[0]?.value).toBeGreaterThan(0);
    const long = 'x'.repeat(65_537);
    const cut = await probe(await answering(`${OK}content-length: ${long.length}\r\n\r\n${long}`));
    expect(cut.perfdata).toEqual([time]);
    const unread = await probe(await answering('HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno'));
    expect(unread.perfdata).toEqual([time]);
    expect((await probe(await freeUrl())).perfdata).toBeUndefined();
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
    expect((await probe(url)).status).toBe('ok');
    await closed;
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });

  test('a fresh connection for each probe', async () => {
    let connections = 0;
    const server = createHttpServer((_, response) => response.end('hi')).on('connection', () => connections++);
    closers.push(() => server.close());
    const spec = specOf(await urlOf(server));
    for (let i = 0; i < 3; i++) await probeHttp(spec, systemClock);
    expect(connections).toBe(3);
  });

  test('takes well under 3 ms when warm', async () => {
    const server = createHttpServer((_, response) => response.end('hi'));
    closers.push(() => server.close());
    const spec = specOf(await urlOf(server));
    const took_ms: number[] = [];
    for (let i = 0; i < 200; i++) {
      const started = systemClock.elapsed();
      await probeHttp(spec, systemClock);
      took_ms.push((systemClock.elapsed() - started) * 1000);
    }
    const median = took_ms.slice(100).sort((a, b) => a - b)[50];
    if (process.env.GRACE_SHOW_TIMES) console.log(`http probe: median ${median?.toFixed(2)} ms`);
    expect(median).toBeLessThan(3);
  });

  test('method, path, headers and credentials are what was configured', async () => {
    const seen: unknown[] = [];
    const server = createHttpServer((request, response) => {
      const { host, authorization, connection, 'x-a': a, 'content-length': length } = request.headers;
      seen.push([request.method, request.url, host, authorization, connection, a, length]);
      response.end();
    });
    closers.push(() => server.close());
    const url = await urlOf(server);
    const { port } = new URL(url);
    expect(
      (await probe(`${url}?a=b`.replace('//', '//me:pass@'), { method: 'POST', headers: { 'X-A': '1' } })).status,
    ).toBe('ok');
    expect((await probe(url, { method: 'HEAD', headers: { Host: 'web.example' } })).status).toBe('ok');
    expect(seen).toEqual([
      ['POST', '/health?a=b', `127.0.0.1:${port}`, 'Basic bWU6cGFzcw==', 'close', '1', '0'],
      ['HEAD', '/health', 'web.example', undefined, 'close', undefined, undefined],
    ]);
  });

  test('what the answer must contain, across packets', async () => {
    const url = await serving((socket) =>
      socket.once('data', () => {
        socket.write(`${OK}content-length: 8\r\n\r\nall w`);
        setTimeout(() => socket.write('ell'), 20);
      }),
    );
    expect((await probe(url, { contains: 'well' })).status).toBe('ok');
  });

  test.each(['127.0.0.1', '[::1]', 'localhost'])('a server on %s', async (host) => {
    const server = createHttpServer((_, response) => response.end('hi'));
    closers.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, host === '[::1]' ? '::1' : '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect((await probe(`http://${host}:${port}`)).status).toBe('ok');
  });
});

describe('critical', () => {
  test('nobody listens', async () => {
    expect(await probe(await freeUrl())).toMatchObject({
      status: 'critical',
      summary: 'the connection was refused',
    });
  });

  test('nobody listens on any address of the name', async () => {
    const url = (await freeUrl()).replace('127.0.0.1', 'localhost');
    expect(await probe(url)).toMatchObject({ status: 'critical', summary: 'the connection was refused' });
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
    const found = await probe(await answering(text), { expect_header: { name: 'x-nonce', value: '42' } });
    expect(found).toMatchObject({ status: 'critical', summary });
  });

  test('none of several statuses', async () => {
    const url = await answering('HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n');
    expect((await probe(url, { expect: [200, 204] })).summary).toBe('answered 500, expected 200 or 204');
  });

  test('what it must contain stands nowhere, or behind the first 64 KiB', async () => {
    const body = `${'x'.repeat(65_530)}healthy`;
    const url = await answering(`${OK}content-length: ${body.length}\r\n\r\n${body}`);
    const summary = 'the first 64 KiB of the answer do not contain "healthy"';
    expect(await probe(url, { contains: 'healthy' })).toMatchObject({ status: 'critical', summary });
    expect((await probe(url, { contains: 'xhealth' })).status).toBe('ok');
  });

  test('a reset', async () => {
    const url = await serving((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await probe(url)).toMatchObject({ status: 'critical' });
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
    const started = systemClock.elapsed();
    const found = await probe(url, { timeout: 0.15 });
    const took_s = systemClock.elapsed() - started;
    expect(found).toEqual({ status: 'critical', summary: 'no complete answer within 150 ms' });
    expect(took_s).toBeGreaterThan(0.14);
    expect(took_s).toBeLessThan(0.3);
  });
});

describe('unknown: the check cannot run', () => {
  test.each([
    ['a malformed url', 'http://', 'the check cannot run: the url is malformed'],
    ['no url', 'web', 'the check cannot run: the url is malformed'],
    ['another protocol', 'ftp://127.0.0.1/', 'the check cannot run: ftp: is neither http: nor https:'],
    ['a name that does not exist', 'http://no-such-host.invalid/', expect.stringMatching(/ENOTFOUND|EAI_AGAIN/)],
  ])('%s', async (_name, url, summary) => {
    expect(await probe(url)).toMatchObject({ status: 'unknown', summary });
  });

  test('we ourselves were held up, and the timer says nothing', async () => {
    const url = await serving(() => {});
    const pending = probe(url, { timeout: 0.02 });
    const until = systemClock.elapsed() + 0.1;
    while (systemClock.elapsed() < until);
    expect(await pending).toMatchObject({
      status: 'unknown',
      summary: expect.stringMatching(/^grace itself was held up/),
    });
  });

  test('too many open files', async () => {
    const url = await answering(`${OK}content-length: 0\r\n\r\n`);
    const dir = tempDir();
    buildSync({
      entryPoints: ['src/healing/checks/http-check.ts'],
      outfile: join(dir, 'check.cjs'),
      bundle: true,
      platform: 'node',
      format: 'cjs',
    });
    writeFileSync(
      join(dir, 'main.cjs'),
      `const { openSync } = require('node:fs');
       const { probeHttp } = require('./check.cjs');
       const clock = { now: Date.now, elapsed: () => performance.now() / 1000 };
       const spec = { url: ${JSON.stringify(url)}, method: 'GET', expect: 200, headers: {}, timeout: 2 };
       (async () => {
         await probeHttp(spec, clock);
         try { for (;;) openSync('/dev/null'); } catch {}
         process.stdout.write(JSON.stringify(await probeHttp(spec, clock)));
       })();`,
    );
    const script = ['-c', 'ulimit -n 60; exec "$0" "$1"', process.execPath, join(dir, 'main.cjs')];
    const said = await new Promise<string>((resolve) => {
      execFile('sh', script, (_error, stdout) => resolve(stdout));
    });
    expect(JSON.parse(said)).toMatchObject({ status: 'unknown', summary: expect.stringContaining('EMFILE') });
  });

  test('an authority that cannot be read', async () => {
    const ca_file = join(tempDir(), 'ca.pem');
    const ask = async () => (await probe('https://127.0.0.1:1/', { ca_file })).summary;
    expect(await ask()).toBe(`the check cannot run: ${ca_file}: there is no such file`);
    writeFileSync(ca_file, 'no certificate');
    expect(await ask()).toBe(`the check cannot run: ${ca_file}: it holds no certificate`);
  });
});

test('takes what grace.yaml says', async () => {
  const url = await answering(`${OK}content-length: 2\r\n\r\nhi`);
  const { http } = checkSchema.parse({ http: { url } });
  expect(http && (await probeHttp(http, systemClock)).status).toBe('ok');
});

describe.skipIf(!hasOpenssl)('https (needs openssl)', () => {
  const NAMES = 'DNS:localhost,IP:127.0.0.1';

  async function secure({ cert, key }: Issued, host = '127.0.0.1'): Promise<string> {
    const server = createHttpsServer({ cert, key }, (_, response) => response.end('hi'));
    closers.push(() => server.close());
    return (await urlOf(server)).replace('http:', 'https:').replace('127.0.0.1', host);
  }

  test('ok if an authority of the file signed the certificate, by address and by name', async () => {
    const ca = issue('ca', { isAuthority: true });
    const web = issue('web', { by: ca, names: NAMES });
    expect(await probe(await secure(web), { ca_file: ca.certFile })).toMatchObject({
      status: 'ok',
      summary: 'answered 200',
    });
    expect((await probe(await secure(web, 'localhost'), { ca_file: ca.certFile })).status).toBe('ok');
  });

  test('the name of the Host header counts', async () => {
    const ca = issue('ca', { isAuthority: true });
    const url = await secure(issue('web', { by: ca, names: 'DNS:web.example' }));
    const headers = { host: 'web.example:8443' };
    expect((await probe(url, { ca_file: ca.certFile, headers })).status).toBe('ok');
    expect(await probe(url, { ca_file: ca.certFile })).toEqual({
      status: 'critical',
      summary: 'its certificate is for another name',
    });
  });

  test('an authority that was replaced in its file counts at once', async () => {
    const [old, young] = [issue('old', { isAuthority: true }), issue('young', { isAuthority: true })];
    const url = await secure(issue('web', { by: young, names: NAMES }));
    expect((await probe(url, { ca_file: old.certFile })).status).toBe('critical');
    writeFileSync(old.certFile, young.cert);
    expect((await probe(url, { ca_file: old.certFile })).status).toBe('ok');
  });

  test('critical: expired, of an unknown authority, signed by itself', async () => {
    const ca = issue('ca', { isAuthority: true });
    const ask = async (web: Issued) => (await probe(await secure(web), { ca_file: ca.certFile })).summary;
    expect(await ask(issue('web', { by: ca, names: NAMES, days: -1 }))).toBe('its certificate has expired');
    expect(await ask(issue('web', { names: NAMES }))).toBe('it signed its certificate itself');
    const other = issue('other', { isAuthority: true });
    expect(await ask(issue('web', { by: other, names: NAMES }))).toBe('no known authority signed its certificate');
    const found = await probe(await secure(issue('web', { by: ca, names: NAMES })));
    expect(found).toEqual({ status: 'critical', summary: 'no known authority signed its certificate' });
  });

  test('critical: what answers does not speak TLS', async () => {
    const url = (await answering(`${OK}\r\n`)).replace('http:', 'https:');
    expect(await probe(url)).toMatchObject({
      status: 'critical',
      summary: expect.stringContaining('no TLS connection came about'),
    });
  });
});
