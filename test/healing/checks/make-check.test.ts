import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished, test } from 'vitest';
import { checkSchema } from '../../../src/core/config/schema/check-schema.js';
import { systemClock } from '../../../src/core/host/clock.js';
import { bootId } from '../../../src/core/host/process-identity.js';
import type { Check } from '../../../src/healing/check.js';
import type { CheckTools } from '../../../src/healing/checks/check-tools.js';
import { makeCheck } from '../../../src/healing/checks/make-check.js';
import { tempDir } from '../../support/temp-dir.js';

/** Everything that checks may ask of the program, in memory. */
function tools(more: Partial<CheckTools> = {}): CheckTools & { readonly checks: Map<string, Check> } {
  const checks = new Map<string, Check>();
  const memories = new Map<string, unknown>();
  return {
    checks,
    clock: systemClock,
    other: (name) => checks.get(name),
    remembered: (name) => memories.get(name),
    remember: (name, value) => memories.set(name, JSON.parse(JSON.stringify(value))),
    heartbeat: () => undefined,
    ...more,
  };
}

const make = (written: unknown, given: CheckTools = tools(), name = 'it') =>
  makeCheck(name, checkSchema.parse(written), given);
const statusOf = async (written: unknown, given?: CheckTools) => (await make(written, given).probe()).status;

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A port on which nobody listens just now. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, 'close');
  return port;
}

test('http', async ({ expect }) => {
  const port = await listening(createHttpServer((_, res) => res.end('well')));
  expect(await statusOf({ http: { url: `http://127.0.0.1:${port}/`, contains: 'well' } })).toBe('ok');
  expect(await statusOf({ http: { url: `http://127.0.0.1:${port}/`, expect: 500 } })).toBe('critical');
});

test('tcp and port_free', async ({ expect }) => {
  const port = await listening(createServer((socket) => socket.end()));
  const free = await freePort();
  expect(await statusOf({ tcp: { port } })).toBe('ok');
  expect(await statusOf({ tcp: { port: free } })).toBe('critical');
  expect(await statusOf({ port_free: { port: free } })).toBe('ok');
  expect(await statusOf({ port_free: { port } })).toBe('critical');
});

test('process, disk and memory', async ({ expect }) => {
  const pidfile = join(tempDir(), 'pid');
  writeFileSync(pidfile, `${process.pid}\n`);
  expect(await statusOf({ process: { pidfile } })).toBe('ok');
  expect(await statusOf({ process: { name: 'no-such-process' } })).toBe('critical');
  expect(await statusOf({ disk: { path: '/', used_below: '100%' } })).toBe('ok');
  expect(await statusOf({ disk: { path: '/', free_above: '1000TB' } })).toBe('critical');
  expect(await statusOf({ memory: { available_above: '1MiB' } })).toBe('ok');
  expect(await statusOf({ memory: { available_above: '100%' } })).toBe('critical');
});

test('systemd', async ({ expect }) => {
  const { status, summary } = await make({ systemd: { unit: 'no-such-unit.service' } }).probe();
  expect(status).toBe('unknown');
  expect(summary).toMatch(/systemctl|there is no unit/);
});

test('command, which carries the name of the check', async ({ expect }) => {
  const probe = await make({ command: { run: ['/bin/sh', '-c', 'echo "OK: $GRACE_ACT | a=1"; exit 0'] } }).probe();
  expect(probe).toEqual({
    status: 'ok',
    summary: expect.stringMatching(/^OK: check:it:\d+:\d+$/),
    perfdata: [{ label: 'a', value: 1, unit: '' }],
    duration_s: expect.any(Number),
  });
  expect(probe.duration_s).toBeGreaterThan(0);
  expect(await statusOf({ command: { run: ['/bin/false'] } })).toBe('warning');
});

test('file and sqlite', async ({ expect }) => {
  const path = join(tempDir(), 'x.json');
  writeFileSync(path, '{"a": 1}');
  expect(await statusOf({ file: { path, parses_as: 'json' } })).toBe('ok');
  expect(await statusOf({ file: { path, exists: false } })).toBe('critical');
  const file = join(tempDir(), 'x.db');
  new Database(file).exec('CREATE TABLE t (x)').close();
  expect(await statusOf({ sqlite: { path: file } })).toBe('ok');
  writeFileSync(file, Buffer.alloc(8192, 'x'));
  expect(await statusOf({ sqlite: { path: file } })).toBe('critical');
});

test('dns', async ({ expect }) => {
  const server = createSocket('udp4');
  onTestFinished(() => {
    server.close();
  });
  server.on('message', (query, from) => {
    // The question again, and one answer: 192.0.2.7.
    const end = query.indexOf(0, 12) + 5;
    const head = Buffer.concat([query.subarray(0, 2), Buffer.from('81800001000100000000', 'hex')]);
    const answer = Buffer.from('c00c00010001000000010004c0000207', 'hex');
    server.send(Buffer.concat([head, query.subarray(12, end), answer]), from.port, from.address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const dns = { name: 'h.example', server: `127.0.0.1:${server.address().port}` };
  expect(await statusOf({ dns: { ...dns, expect: '192.0.2.7' } })).toBe('ok');
  expect(await statusOf({ dns: { ...dns, expect: '192.0.2.8' } })).toBe('critical');
});

test.skipIf(!existsSync('/usr/bin/openssl'))('tls (needs openssl)', async ({ expect }) => {
  const dir = tempDir();
  const file = join(dir, 'cert.pem');
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];
  const more = ['-subj', '/CN=h.example', '-keyout', join(dir, 'key.pem'), '-out', file];
  execFileSync('/usr/bin/openssl', [...args, ...more], { stdio: 'ignore' });
  expect(await statusOf({ tls: { file, verify: false } })).toBe('ok');
  expect(await statusOf({ tls: { file, verify: false, days_left: 60 } })).not.toBe('ok');
});

test('log, which remembers under its own name', async ({ expect }) => {
  const path = join(tempDir(), 'app.log');
  writeFileSync(path, '');
  const given = tools();
  const check = make({ log: { path, pattern: 'ERROR' } }, given);
  expect((await check.probe()).status).toBe('ok');
  expect(given.remembered('it')).toMatchObject({ offset: 0 });
  appendFileSync(path, 'ERROR\n');
  expect((await check.probe()).status).toBe('critical');
  expect((await check.probe()).status).toBe('ok');
});

test('heartbeat', async ({ expect }) => {
  const last = { boot_id: bootId(), elapsed_s: systemClock.elapsed(), at: systemClock.now() };
  const given = tools({ heartbeat: (name) => (name === 'backup' ? last : undefined) });
  expect(await statusOf({ heartbeat: { name: 'backup', within: '1h' } }, given)).toBe('ok');
  expect(await statusOf({ heartbeat: { name: 'other', within: '1h' } }, given)).toBe('critical');
});

test('all and any', async ({ expect }) => {
  const given = tools();

  given.checks.set('fine', make({ command: { run: ['/bin/true'] } }, given, 'fine'));
  given.checks.set('poor', make({ process: { name: 'no-such-process' } }, given, 'poor'));
  expect(await statusOf({ all: ['fine'] }, given)).toBe('ok');
  expect(await statusOf({ all: ['fine', 'poor'] }, given)).toBe('critical');
  expect(await statusOf({ any: ['fine', 'poor'] }, given)).toBe('ok');
  expect(await statusOf({ any: ['poor', 'gone'] }, given)).toBe('unknown');
  given.checks.set('it', make({ all: ['it'] }, given));
  expect(await statusOf({ all: ['it'] }, given)).toBe('unknown');
});

test('what the configuration says goes before what is usual', ({ expect }) => {
  const written = { process: { name: 'x' }, failure_mode: 'out_of_memory', severity: 'low', target: 'the x' };
  expect(make(written)).toMatchObject({ name: 'it', target: 'the x', failure_mode: 'out_of_memory', severity: 'low' });
  expect(make({ process: { name: 'x' } })).toMatchObject({
    target: 'process:x',
    failure_mode: 'process_missing',
    severity: 'high',
  });
});

test('what goes wrong is a finding, too', async ({ expect }) => {
  const given = tools({
    heartbeat: () => {
      throw new Error('the store is shut');
    },
  });
  expect(await make({ heartbeat: { name: 'x', within: '1h' } }, given).probe()).toEqual({
    status: 'unknown',
    summary: 'the check cannot run: the store is shut',
    duration_s: expect.any(Number),
  });
});
