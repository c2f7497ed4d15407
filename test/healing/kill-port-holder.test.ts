import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { buildSync } from 'esbuild';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/host/clock.js';
import { napMs } from '../../src/core/host/nap.js';
import { identityOf, isAlive } from '../../src/core/host/process-identity.js';
import { sendSignal } from '../../src/core/host/signal.js';
import type { ProcessIdentity } from '../../src/core/records/claim.js';
import { type KillOptions, killPortHolder } from '../../src/healing/kill-port-holder.js';
import { findPortHolders, type Holder, listeningSockets } from '../../src/healing/port-holder.js';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Running {
  child: ChildProcess;
  identity: ProcessIdentity;
  said: { port: number; pid: number };
}

/** Runs a script in node and waits for the JSON of its first line. */
async function running(script: string): Promise<Running> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  closers.push(() => child.kill('SIGKILL'));
  const said = await new Promise<string>((resolve) => child.stdout?.once('data', (chunk) => resolve(String(chunk))));
  const identity = identityOf(child.pid ?? 0);
  if (identity === undefined) throw new Error('it has ended');
  return { child, identity, said: JSON.parse(said) };
}

const listening = (more = '') => `
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {});
  const s = require('net').createServer().listen(0, '127.0.0.1', () => {
    const { port } = s.address();
    ${more}
    console.log(JSON.stringify({ port }));
  });`;

const sharing = `
  const s = require('net').createServer().listen(0, '127.0.0.1', () => {
    const { pid } = require('child_process').spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', s._handle.fd] });
    console.log(JSON.stringify({ port: s.address().port, pid }));
  });`;

function kill(port: number, more: Partial<KillOptions> = {}) {
  return killPortHolder({ port, mayKill: () => true, clock: systemClock, within_ms: 5_000, ...more });
}

/** Waits without letting anything else run, as no time passes between the question and the signal. */
function until(condition: () => boolean): void {
  const deadline = performance.now() + 5_000;
  while (!condition()) if (performance.now() > deadline) throw new Error('it did not come about');
}

const isFree = (port: number) => listeningSockets(port).length === 0;

describe('killed', () => {
  test('a holder that ignores SIGTERM; the port is free at once', async () => {
    const { identity, said } = await running(listening());
    const asked: Holder[] = [];
    const result = await kill(said.port, { mayKill: (holder) => asked.push(holder) > 0 });
    expect(result).toEqual({ outcome: 'killed', holders: asked, duration_s: expect.any(Number) });
    expect(asked.map((holder) => holder.identity)).toEqual([identity]);
    expect(isAlive(identity)).toBe(false);
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.on('error', reject).listen(said.port, '127.0.0.1', resolve));
    await new Promise((resolve) => server.close(resolve));
    if (process.env.GRACE_SHOW_TIMES) console.log('killed in', result.outcome === 'killed' && result.duration_s, 's');
  });

  test('both holders of a shared socket', async () => {
    const { identity, said } = await running(sharing);
    const other = identityOf(said.pid);
    expect(await kill(said.port)).toMatchObject({ outcome: 'killed', holders: [{ identity }, { identity: other }] });
    expect(isAlive(identity)).toBe(false);
    expect(other && isAlive(other)).toBe(false);
  });

  test('one holder of two sockets, once', async () => {
    const { identity, said } = await running(listening(`require('net').createServer().listen(port, '127.0.0.2');`));
    until(() => listeningSockets(said.port).length === 2);
    expect(await kill(said.port)).toMatchObject({ outcome: 'killed', holders: [{ identity }] });
  });

  test('after SIGTERM, when a grace period is given and it minds', async () => {
    const { child, identity, said } = await running(
      `${listening()} process.removeAllListeners('SIGTERM'); process.on('SIGTERM', () => process.exit(7));`,
    );
    const code = new Promise((resolve) => child.once('exit', resolve));
    expect(await kill(said.port, { term_grace_ms: 3_000 })).toMatchObject({
      outcome: 'killed',
      holders: [{ identity }],
    });
    expect(await code).toBe(7);
  });

  test('after SIGKILL, when the grace period is over and it does not', async () => {
    const { child, identity, said } = await running(listening());
    const signal = new Promise((resolve) => child.once('exit', (_, name) => resolve(name)));
    const result = await kill(said.port, { term_grace_ms: 200 });
    expect(result).toMatchObject({ outcome: 'killed', holders: [{ identity }] });
    expect(result.outcome === 'killed' && result.duration_s).toBeGreaterThan(0.2);
    expect(await signal).toBe('SIGKILL');
  });
});

test('free: nobody held it', async () => {
  const { child, said } = await running(listening());
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  expect(await kill(said.port)).toEqual({ outcome: 'free' });
});

describe('refused', () => {
  test.each([
    [false, /^pid \d+ \(.*\) may not be killed$/],
    ['not a drill', /^pid \d+ \(.*node -e \?.*…\) may not be killed: not a drill$/],
    ['', /may not be killed$/],
  ])('when the answer is %j; the holder lives and keeps the port', async (answer, reason) => {
    const { identity, said } = await running(listening());
    expect(await kill(said.port, { mayKill: () => answer })).toEqual({
      outcome: 'refused',
      reason: expect.stringMatching(reason),
      signalled: [],
    });
    expect(isAlive(identity)).toBe(true);
    expect(isFree(said.port)).toBe(false);
  });

  test('when one of two holders may not be killed; both live', async () => {
    const { identity, said } = await running(sharing);
    closers.push(() => process.kill(said.pid, 'SIGKILL'));
    expect(await kill(said.port, { mayKill: (holder) => holder.command !== 'sleep 60' })).toEqual({
      outcome: 'refused',
      reason: `pid ${said.pid} (sleep 60) may not be killed`,
      signalled: [],
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isAlive(identity)).toBe(true);
    expect(identityOf(said.pid)).toBeDefined();
  });

  test('when it is this very process, whatever the answer', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    expect(await kill((server.address() as { port: number }).port)).toMatchObject({
      outcome: 'refused',
      reason: expect.stringMatching(/is this very process and is never killed$/),
    });
  });

  test.each([
    ['our parent', process.getuid?.(), /is the parent of this process and is never killed$/],
    ['whom we may not see', 65_534, /^a socket of uid 0 listens on port \d+, but whose it is cannot be seen/],
  ])('when it is %s', async (_name, uid, reason) => {
    if (uid !== process.getuid?.() && process.getuid?.() !== 0) return;
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    const { port } = server.address() as { port: number };
    const code = buildSync({
      stdin: {
        contents: `import { killPortHolder } from './src/healing/kill-port-holder.ts';
          import { systemClock as clock } from './src/core/host/clock.ts';
          killPortHolder({ port: ${port}, mayKill: () => true, clock, within_ms: 1000 }).then((r) => console.log(JSON.stringify(r)));`,
        resolveDir: process.cwd(),
      },
      write: false,
      bundle: true,
      platform: 'node',
      format: 'cjs',
    }).outputFiles[0]?.text;
    const child = spawn(process.execPath, ['-e', code ?? ''], {
      ...(uid && { uid }),
      cwd: '/',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said = await new Promise<string>((resolve) => child.stdout?.once('data', (chunk) => resolve(String(chunk))));
    expect(JSON.parse(said)).toEqual({ outcome: 'refused', reason: expect.stringMatching(reason), signalled: [] });
  });
});

describe('what changed between the question and the signal is not hit', () => {
  test('a holder that has let go of the port', async () => {
    const { identity, said } = await running(
      listening(`process.on('SIGUSR2', () => s.close()); setInterval(() => {}, 1000);`),
    );
    const result = await kill(said.port, {
      mayKill: ({ identity: { pid } }) => {
        sendSignal(pid, 'SIGUSR2');
        until(() => isFree(said.port));
        return true;
      },
    });
    expect(result).toEqual({ outcome: 'free' });
    expect(isAlive(identity)).toBe(true);
  });

  test('a holder that has let go and taken the port anew is asked about anew', async () => {
    const { identity, said } = await running(
      listening(`process.on('SIGUSR2', () => s.close(() => s.listen(port, '127.0.0.1')));`),
    );
    const inodes: number[] = [];
    const result = await kill(said.port, {
      mayKill: ({ identity: { pid }, inode }) => {
        if (inodes.push(inode) === 2) return 'asked twice';
        sendSignal(pid, 'SIGUSR2');
        until(() => listeningSockets(said.port).some((socket) => socket.inode !== inode));
        return true;
      },
    });
    expect(result).toMatchObject({ outcome: 'refused', reason: expect.stringMatching(/asked twice$/), signalled: [] });
    expect(new Set(inodes).size).toBe(2);
    expect(isAlive(identity)).toBe(true);
  });

  test('a holder that has become another program', async () => {
    const { child, identity, said } = await running(`
      const s = require('net').createServer().listen(0, '127.0.0.1', () => {
        const { pid } = require('child_process').spawn('sh', ['-c', 'read go; exec sleep 61'],
          { stdio: ['inherit', 'ignore', 'ignore', s._handle.fd] });
        const { port } = s.address();
        s.close(() => console.log(JSON.stringify({ port, pid })));
      });
      setInterval(() => {}, 1000);`);
    closers.push(() => process.kill(said.pid, 'SIGKILL'));
    const commands: string[] = [];
    const result = await kill(said.port, {
      mayKill: ({ command }) => {
        if (commands.push(command) === 2) return false;
        child.stdin?.write('go\n');
        until(() => {
          const found = findPortHolders(said.port);
          return found.kind === 'held' && found.holders[0]?.command === 'sleep 61';
        });
        return true;
      },
    });
    expect(commands).toEqual(['sh -c read go; exec sleep 61', 'sleep 61']);
    expect(result).toMatchObject({ outcome: 'refused', reason: `pid ${said.pid} (sleep 61) may not be killed` });
    expect(isAlive(identity)).toBe(true);
    expect(identityOf(said.pid)).toBeDefined();
  });

  // The kernel lets a privileged process say which pid comes next.
  test.skipIf(!mayChoosePids())('another process that has been given the same pid', async () => {
    // Its parent reaps it without us, who are busy being asked.
    const { said } = await running(`
      const c = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(listening())}]);
      c.stdout.once('data', (d) => console.log(JSON.stringify({ ...JSON.parse(d), pid: c.pid })));
      setInterval(() => {}, 1000);`);
    let reused = false;
    const result = await kill(said.port, {
      mayKill: ({ identity: { pid } }) => {
        sendSignal(pid, 'SIGKILL');
        until(() => sendSignal(pid, 0) === 'gone');
        for (let i = 0; i < 50 && !reused; i++) {
          writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
          const born = spawn('sleep', ['62'], { stdio: 'ignore' });
          closers.push(() => born.kill('SIGKILL'));
          reused = born.pid === pid;
        }
        return true;
      },
    });
    expect(reused).toBe(true);
    expect(result).toEqual({ outcome: 'free' });
    expect(
      spawnSync('ps', ['-o', 'args=', '-p', String(said.pid)])
        .stdout.toString()
        .trim(),
    ).toBe('sleep 62');
  });

  test.skipIf(!mayChoosePids())('even one with the same pid, command and socket, started later', async (context) => {
    const { identity, said } = await running(`
      const s = require('net').createServer().listen(0, '127.0.0.1', () => {
        const share = () => require('child_process').spawn('sleep', ['63'], { stdio: ['ignore', 'ignore', 'ignore', s._handle.fd] });
        const { pid } = share();
        process.on('SIGUSR2', () => {
          for (let i = 0; i < 50; i++) {
            require('fs').writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
            const child = share();
            if (child.pid === pid) return;
            child.kill('SIGKILL');
          }
        });
        console.log(JSON.stringify({ port: s.address().port, pid }));
      });`);
    closers.push(() => void sendSignal(said.pid, 'SIGKILL'));
    const first = identityOf(said.pid);
    let second: ProcessIdentity | undefined;
    let taken = false;
    const result = await kill(said.port, {
      mayKill: (holder) => {
        if (holder.identity.pid !== said.pid) return true;
        if (second !== undefined) return 'it is another';
        sendSignal(said.pid, 'SIGKILL');
        until(() => sendSignal(said.pid, 0) === 'gone');
        // Starts are told apart by clock ticks of 10 ms.
        napMs(25);
        sendSignal(identity.pid, 'SIGUSR2');
        try {
          until(() => commandOf(said.pid) === 'sleep\x0063\x00');
        } catch {
          // Some other program of this host was given the pid meanwhile: then there is nothing to see here.
          taken = true;
          return 'the pid is taken';
        }
        second = identityOf(said.pid);
        return true;
      },
    });
    if (taken) return context.skip('another program was given the pid');
    expect(second?.start_time).toBeGreaterThan(first?.start_time ?? 0);
    expect(result).toMatchObject({
      outcome: 'refused',
      reason: `pid ${said.pid} (sleep 63) may not be killed: it is another`,
      signalled: expect.arrayContaining([expect.objectContaining({ identity })]),
    });
    expect(second && isAlive(second)).toBe(true);
  });
});

test('whoever takes the port after the kill is left alone', async () => {
  const { said } = await running(listening());
  // Waits for the port as a service with a restart policy does, without ever letting go of the CPU.
  const next = await running(`
    const net = require('net');
    const take = () => net.createServer().on('error', () => setImmediate(take)).listen(${said.port}, '127.0.0.1');
    console.log(JSON.stringify({ port: 0 }));
    take();`);
  const result = await kill(said.port);
  // Either we saw the port free in between, or we saw who has it now.
  if (result.outcome !== 'killed') {
    expect(result).toMatchObject({
      outcome: 'refused',
      reason: expect.stringMatching(/has taken port \d+ since; it is left alone$/),
      signalled: [{ identity: { pid: expect.any(Number) } }],
    });
  }
  until(() => !isFree(said.port));
  expect(isAlive(next.identity)).toBe(true);
});

test('timed out: a holder that only gets SIGTERM until the time is up', async () => {
  const { identity, said } = await running(listening());
  const started = performance.now();
  const result = await kill(said.port, { within_ms: 100, term_grace_ms: 1_000 });
  expect(performance.now() - started).toBeLessThan(400);
  expect(result).toEqual({
    outcome: 'timed_out',
    reason: expect.stringMatching(
      new RegExp(`^port ${said.port} is still held by pid ${identity.pid} .* after 100 ms$`),
    ),
    signalled: [expect.objectContaining({ identity })],
  });
});

test.each([0, -1, 1.5, Number.NaN])('no signal is ever sent to %d', (pid) => {
  expect(() => sendSignal(pid, 0)).toThrow(RangeError);
});

function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return undefined;
  }
}

function mayChoosePids(): boolean {
  try {
    accessSync('/proc/sys/kernel/ns_last_pid', constants.W_OK);
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}
