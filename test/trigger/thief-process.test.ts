import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { identityOf, isAlive } from '../../src/core/host/process-identity.js';
import { startThief, type Thief, type ThiefOptions } from '../../src/trigger/thief-process.js';

let dir: string;
let program: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'grace-thief-'));
  program = join(dir, 'port-thief.mjs');
  const common = { bundle: true, platform: 'node', format: 'esm', target: 'node20' } as const;
  buildSync({ ...common, entryPoints: ['src/trigger/port-thief.ts'], outfile: program });
  buildSync({ ...common, entryPoints: ['src/trigger/thief-process.ts'], outfile: join(dir, 'thief-process.mjs') });
});
afterAll(() => rmSync(dir, { recursive: true }));

const ends: (() => unknown)[] = [];
afterEach(() => Promise.all(ends.splice(0).map((end) => end())));

async function thiefOn(port: number, more: Partial<ThiefOptions> = {}): Promise<Thief> {
  const thief = await startThief({ port, host: '127.0.0.1', program, nodePath: process.execPath, ...more });
  ends.push(thief.end);
  return thief;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Marks its process, so that it can be told whether any is left. */
const childrenOf = (pid: number): string => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();

describe('the thief', () => {
  test('holds the port, answers 503 and nothing of the drill', async () => {
    const thief = await thiefOn(0);
    expect(thief.identity).toEqual(identityOf(thief.pid));
    const res = await new Promise<{ status: number | undefined; headers: object }>((resolve, reject) => {
      request({ host: '127.0.0.1', port: thief.port, path: '/health' }, (answer) => {
        answer.resume();
        resolve({ status: answer.statusCode, headers: answer.headers });
      })
        .on('error', reject)
        .end();
    });
    expect(res.status).toBe(503);
    expect(res.headers).not.toHaveProperty('x-grace-drill');
  });

  test('minds neither SIGTERM nor SIGINT nor SIGHUP', async () => {
    const thief = await thiefOn(0);
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(thief.pid, signal);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isAlive(thief.identity)).toBe(true);
  });

  test('has an empty environment', async () => {
    process.env.NODE_V8_COVERAGE = join(dir, 'coverage');
    ends.push(() => delete process.env.NODE_V8_COVERAGE);
    Object.assign(Object.prototype, { LD_PRELOAD: '/evil.so' });
    try {
      const thief = await thiefOn(0);
      expect(readFileSync(`/proc/${thief.pid}/environ`, 'utf8')).toBe('');
    } finally {
      delete (Object.prototype as { LD_PRELOAD?: string }).LD_PRELOAD;
    }
  });

  test('ends when its stdin does', async () => {
    const child = spawn(process.execPath, [program, '--port', '0', '--host', '127.0.0.1'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const said = await new Promise((resolve) => child.stdout.once('data', (chunk) => resolve(String(chunk))));
    expect(said).toMatch(/^\{"listening":\d+\}\n$/);
    const code = new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    expect(await code).toBe(0);
  });

  test.each([
    [['--port', 'x', '--host', '127.0.0.1']],
    [['--port', '70000', '--host', '127.0.0.1']],
    [['--port', '0']],
    [[]],
  ])('says what is wrong with %j', async (args) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(3);
    expect(said).toBe('{"failed":"ERR_USAGE"}\n');
  });
});

describe('kill -9 of its parent', () => {
  async function parentOfThief(): Promise<{ parent: ChildProcess; pid: number }> {
    writeFileSync(
      join(dir, 'parent.mjs'),
      `import { startThief } from './thief-process.mjs';
       const thief = await startThief({ port: 0, host: '127.0.0.1', program: ${JSON.stringify(program)}, nodePath: process.execPath });
       console.log(JSON.stringify({ pid: thief.pid }));`,
    );
    const parent = spawn(process.execPath, [join(dir, 'parent.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
    ends.push(() => parent.kill('SIGKILL'));
    const said = await new Promise<string>((resolve) => parent.stdout.once('data', (chunk) => resolve(String(chunk))));
    return { parent, pid: JSON.parse(said).pid };
  }

  test('leaves no thief', async () => {
    const { parent, pid } = await parentOfThief();
    const thief = identityOf(pid);
    if (thief === undefined) throw new Error('there is no thief');
    expect(childrenOf(parent.pid ?? 0)).toBe(String(pid));
    const started = performance.now();
    parent.kill('SIGKILL');
    await until(() => !isAlive(thief));
    if (process.env.GRACE_SHOW_TIMES) console.log(`orphan gone after ${(performance.now() - started).toFixed(1)} ms`);
  });
});

describe('end()', () => {
  test('ends it, any number of times', async () => {
    const thief = await thiefOn(0);
    await Promise.all([thief.end(), thief.end()]);
    expect(isAlive(thief.identity)).toBe(false);
    await thief.end();
    expect(childrenOf(process.pid).split(' ')).not.toContain(String(thief.pid));
  });

  test('has nothing to do when somebody else has killed it', async () => {
    const thief = await thiefOn(0);
    process.kill(thief.pid, 'SIGKILL');
    await thief.end();
    expect(isAlive(thief.identity)).toBe(false);
  });

  test('the port is free again', async () => {
    const { port, end } = await thiefOn(0);
    await end();
    expect((await thiefOn(port)).port).toBe(port);
  });
});

describe('no thief: rejects and leaves no process behind', () => {
  async function failing(more: Partial<ThiefOptions>, script?: string): Promise<unknown> {
    const other = join(dir, 'other.cjs');
    if (script !== undefined) writeFileSync(other, script);
    const before = childrenOf(process.pid);
    const error = await thiefOn(0, { ...(script !== undefined && { program: other }), ...more }).catch((e) => e);
    expect(childrenOf(process.pid)).toBe(before);
    return error;
  }

  test('the port is taken', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    ends.push(() => holder.close());
    const { port } = holder.address() as AddressInfo;
    expect(await failing({ port })).toMatchObject({
      code: 'GRACE_PORT_TAKEN',
      message: `port ${port} is already taken by somebody else`,
    });
  });

  test('an address of another host', async () => {
    expect(await failing({ host: '192.0.2.1' })).toMatchObject({
      code: 'GRACE_THIEF_NOT_STARTED',
      message: 'the port thief did not start: it cannot listen on port 0: EADDRNOTAVAIL',
    });
  });

  test.each([
    ['it ends early', 'process.exit(9)', 'it ended early with code 9'],
    ['it is killed early', 'process.kill(process.pid, "SIGKILL")', 'it ended early with SIGKILL'],
    ['it says nothing', 'setTimeout(() => {}, 60000)', 'it said nothing within 300 ms'],
    ['it talks nonsense', 'console.log("hello")', 'it does not speak as it should'],
    [
      'it talks without end',
      'setInterval(() => process.stdout.write("x".repeat(9000)))',
      'it does not speak as it should',
    ],
    ['it says null', 'console.log("null")', 'it does not speak as it should'],
  ])('%s', async (_name, script, reason) => {
    expect(await failing({ silence_limit_ms: reason.includes('300') ? 300 : 10_000 }, script)).toMatchObject({
      code: 'GRACE_THIEF_NOT_STARTED',
      message: `the port thief did not start: ${reason}`,
    });
  });

  test('there is no node', async () => {
    expect(await failing({ nodePath: '/no/such/node' })).toMatchObject({
      code: 'GRACE_THIEF_NOT_STARTED',
      message: 'the port thief did not start: spawn /no/such/node ENOENT',
    });
  });

  test('there is no program', async () => {
    expect(await failing({ program: '/no/such/program.js' })).toMatchObject({
      message: 'the port thief did not start: it ended early with code 1',
    });
  });
});

test('starts fast', async () => {
  const took_ms: number[] = [];
  for (let i = 0; i < 10; i++) {
    const started = performance.now();
    const thief = await thiefOn(0);
    took_ms.push(performance.now() - started);
    await thief.end();
  }
  took_ms.sort((a, b) => a - b);
  if (process.env.GRACE_SHOW_TIMES) console.log(`startThief: median ${took_ms[5]?.toFixed(1)} ms`);
  expect(took_ms[5]).toBeLessThan(500);
});
