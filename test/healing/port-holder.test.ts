import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterEach, describe, expect, test } from 'vitest';
import { identityOf, ownIdentity } from '../../src/core/host/process-identity.js';
import {
  findPortHolders,
  holderNow,
  listenersIn,
  listeningSockets,
  parseHexPort,
  parseTcpLine,
} from '../../src/healing/port-holder.js';

const HEADING =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                     ';
const V4 =
  '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 31337 1 0000000009741214 100 0 0 10 0';
const V4_ESTABLISHED =
  '   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 02:00000A6B 00000000  1000        0 31338 2 0000000009741215 20 4 30 10 -1';
const V6 =
  ' 123: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4026531999 1 00000000 100 0 0 10 0';

describe('lines of /proc/net/tcp', () => {
  test.each([
    ['1F90', 8080],
    ['0016', 22],
    ['ffff', 65_535],
    ['0000', 0],
    ['', undefined],
    ['1F9', undefined],
    ['1F900', undefined],
    ['0x1F', undefined],
    ['zzzz', undefined],
  ])('port %j is %j', (hex, port) => {
    expect(parseHexPort(hex)).toBe(port);
  });

  test('of IPv4', () => {
    expect(parseTcpLine(V4)).toEqual({ port: 8080, state: '0A', uid: 1000, inode: 31_337 });
    expect(parseTcpLine(V4_ESTABLISHED)).toEqual({ port: 8080, state: '01', uid: 1000, inode: 31_338 });
  });

  test('of IPv6', () => {
    expect(parseTcpLine(V6)).toEqual({ port: 8080, state: '0A', uid: 0, inode: 4_026_531_999 });
  });

  test.each(['', ' ', HEADING, V4.slice(0, 60), V4.replace(':1F90', ':'), V4.replace('31337', 'x'), '\0\0'])(
    '%j is none',
    (line) => {
      expect(parseTcpLine(line)).toBeUndefined();
    },
  );

  test('only who listens, and on that port', () => {
    const text = [HEADING, V4, V4.replace('1F90', '1F91'), V4_ESTABLISHED, V6, ''].join('\n');
    expect(listenersIn(text, 8080).map((socket) => socket.inode)).toEqual([31_337, 4_026_531_999]);
    expect(listenersIn(text, 8082)).toEqual([]);
  });
});

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listenHere(host = '127.0.0.1'): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  closers.push(() => server.close());
  return { server, port: (server.address() as { port: number }).port };
}

/** Runs a script in node and waits for the JSON of its first line. */
async function running(script: string): Promise<{ child: ChildProcess; said: { port: number; pid: number } }> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  closers.push(() => child.kill('SIGKILL'));
  const said = await new Promise<string>((resolve) => child.stdout?.once('data', (chunk) => resolve(String(chunk))));
  return { child, said: JSON.parse(said) };
}

describe('who listens', () => {
  test('nobody', async () => {
    const { server, port } = await listenHere();
    await new Promise((resolve) => server.close(resolve));
    expect(findPortHolders(port)).toEqual({ kind: 'free' });
    expect(listeningSockets(port)).toEqual([]);
  });

  test.each(['127.0.0.1', '::1', '::'])('this process, on %s', async (host) => {
    const { port } = await listenHere(host);
    const found = findPortHolders(port);
    expect(found).toMatchObject({ kind: 'held', holders: [{ identity: ownIdentity(), uid: process.getuid?.() }] });
    const inode = found.kind === 'held' ? found.holders[0]?.inode : undefined;
    expect(listeningSockets(port).map((socket) => socket.inode)).toEqual([inode]);
    expect(holderNow(process.pid, inode ?? -1)).toMatchObject({ identity: ownIdentity() });
    expect(holderNow(1, inode ?? -1)).toBeUndefined();
    expect(holderNow(process.pid, 1)).toBeUndefined();
  });

  test('another process, by its command line', async () => {
    const { child, said } = await running(
      `const s = require('net').createServer().listen(0, '127.0.0.1', () => console.log(JSON.stringify(s.address())))`,
    );
    expect(findPortHolders(said.port)).toMatchObject({
      kind: 'held',
      holders: [
        { identity: identityOf(child.pid ?? 0), command: expect.stringContaining("-e const s = require('net')") },
      ],
    });
  });

  test('both of two processes that share the socket, the elder first', async () => {
    const { child, said } = await running(`
      const s = require('net').createServer().listen(0, '127.0.0.1', () => {
        const { pid } = require('child_process').spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', s._handle.fd] });
        console.log(JSON.stringify({ port: s.address().port, pid }));
      });`);
    closers.push(() => process.kill(said.pid, 'SIGKILL'));
    const found = findPortHolders(said.port);
    expect(found).toMatchObject({
      kind: 'held',
      holders: [{ identity: { pid: child.pid } }, { identity: { pid: said.pid }, command: 'sleep 60' }],
    });
    expect(new Set(found.kind === 'held' ? found.holders.map((holder) => holder.inode) : []).size).toBe(1);
  });

  test('one process with a socket on each of two addresses', async () => {
    const { port } = await listenHere('127.0.0.1');
    const second = createServer();
    await new Promise<void>((resolve) => second.listen(port, '127.0.0.2', resolve));
    closers.push(() => second.close());
    const found = findPortHolders(port);
    expect(found.kind === 'held' && found.holders.map((holder) => holder.identity.pid)).toEqual([
      process.pid,
      process.pid,
    ]);
  });

  test('a connection to the port is no listener', async () => {
    const { server, port } = await listenHere();
    const { child } = await running(
      `const c = require('net').connect(${port}, '127.0.0.1', () => console.log(JSON.stringify({ port: c.localPort })))`,
    );
    const found = findPortHolders(port);
    expect(found.kind === 'held' && found.holders.map((holder) => holder.identity.pid)).toEqual([process.pid]);
    await new Promise((resolve) => {
      server.close(resolve);
      child.kill('SIGKILL');
    });
  });

  // Needs an account that may not look into ours.
  test.skipIf(process.getuid?.() !== 0)('somebody, but we may not see who', async () => {
    const { port } = await listenHere();
    const dir = mkdtempSync(join(tmpdir(), 'grace-holder-'));
    closers.push(() => rmSync(dir, { recursive: true }));
    const code = buildSync({
      stdin: {
        contents: `import { findPortHolders } from './src/healing/port-holder.ts'; console.log(JSON.stringify(findPortHolders(${port})))`,
        resolveDir: process.cwd(),
      },
      write: false,
      bundle: true,
      platform: 'node',
      format: 'cjs',
    }).outputFiles[0]?.text;
    const child = spawn(process.execPath, ['-e', code ?? ''], {
      uid: 65_534,
      gid: 65_534,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said = await new Promise<string>((resolve) => child.stdout?.once('data', (chunk) => resolve(String(chunk))));
    expect(JSON.parse(said)).toEqual({
      kind: 'hidden',
      reason: expect.stringMatching(
        new RegExp(`^a socket of uid 0 listens on port ${port}, but whose it is cannot be seen: \\d+ processes`),
      ),
    });
  });

  test('takes a few milliseconds', async () => {
    const { port } = await listenHere();
    const took_ms = Array.from({ length: 50 }, () => {
      const started = performance.now();
      findPortHolders(port);
      return performance.now() - started;
    }).sort((a, b) => a - b);
    if (process.env.GRACE_SHOW_TIMES) console.log(`findPortHolders: median ${took_ms[25]?.toFixed(2)} ms`);
    expect(took_ms[25]).toBeLessThan(50);
  });
});
