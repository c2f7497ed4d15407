import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/core/host/clock.js';
import type { ChildOrder } from '../../../src/healing/child/child.js';
import { endMarked, markedProcesses } from '../../../src/healing/child/marked-processes.js';
import { runChild } from '../../../src/healing/child/run-child.js';
import { tempDir } from '../../support/temp-dir.js';

let markers = 0;

/** A marker of its own; whatever carries it is ended with the test. */
function freshMarker(): string {
  const marker = `test-${process.pid}-${++markers}`;
  onTestFinished(async () => {
    await endMarked(marker, systemClock);
  });
  return marker;
}

function script(text: string, mode = 0o755): string {
  const path = join(tempDir(), 'script');
  writeFileSync(path, text.startsWith('#!') ? text : `#!/bin/sh\n${text}\n`);
  chmodSync(path, mode);
  return path;
}

function run(text: string, order: Partial<ChildOrder> = {}) {
  return runChild({ argv: [script(text)], timeout_ms: 10_000, marker: freshMarker(), clock: systemClock, ...order });
}

async function until(what: () => boolean): Promise<void> {
  const deadline = performance.now() + 4000;
  while (!what()) {
    if (performance.now() > deadline) throw new Error('it did not come to be');
    await sleep(5);
  }
}

/** Ended, whether or not somebody has reaped it. */
function isGone(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

test('tells the exit code and what was printed', async ({ expect }) => {
  const result = await run('echo out; echo err >&2; exit 3');
  expect(result).toMatchObject({ end: { kind: 'exited', code: 3 }, truncated: false, survivors: [] });
  expect(result.stdout.toString()).toBe('out\n');
  expect(result.stderr.toString()).toBe('err\n');
  expect(result.duration_s).toBeGreaterThan(0);
});

test.for([0, 1, 2, 127, 255])('tells exit code %i', async (code, { expect }) => {
  expect((await run(`exit ${code}`)).end).toEqual({ kind: 'exited', code });
});

test('tells the signal it died of', async ({ expect }) => {
  expect((await run('kill -SEGV $$')).end).toEqual({ kind: 'signalled', signal: 'SIGSEGV' });
});

test('arguments reach the program as they are, without a shell', async ({ expect }) => {
  const path = script('printf "%s|" "$@"');
  const argv = [path, '$(id)', '; reboot', '', '--', '-x', 'ä b\n'];
  const { stdout } = await runChild({ argv, timeout_ms: 5000, marker: freshMarker(), clock: systemClock });
  expect(stdout.toString()).toBe('$(id)|; reboot||--|-x|ä b\n|');
});

test('the environment is built from nothing', async ({ expect }) => {
  process.env.GRACE_TEST_LEAK = 'leaked';
  (Object.prototype as Record<string, unknown>).LD_PRELOAD = '/nowhere.so';
  (Object.prototype as Record<string, unknown>).argv0 = 'polluted';
  (Object.prototype as Record<string, unknown>).shell = true;
  onTestFinished(() => {
    delete process.env.GRACE_TEST_LEAK;
    for (const name of ['LD_PRELOAD', 'argv0', 'shell']) delete (Object.prototype as Record<string, unknown>)[name];
  });
  const marker = freshMarker();
  const own = Object.assign(Object.create(null), { MINE: 'a=b', LANG: 'de_DE.UTF-8' });
  const argv = ['/bin/cat', '/proc/self/environ', '/proc/self/cmdline'];
  const { stdout, stderr } = await runChild({ argv, env: own, timeout_ms: 5000, marker, clock: systemClock });
  expect(stderr.toString()).toBe('');
  expect(
    stdout
      .toString()
      .split('\0')
      .filter((part) => part !== '')
      .sort(),
  ).toEqual(
    [
      `GRACE_ACT=${marker}`,
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'LANG=de_DE.UTF-8',
      `HOME=${userInfo().homedir}`,
      'MINE=a=b',
      ...argv,
    ].sort(),
  );
});

test('a prototype that came with the environment adds nothing; an own __proto__ is refused', async ({ expect }) => {
  const inherited = Object.create({ LD_PRELOAD: '/nowhere.so', EXTRA: '1' }) as Record<string, string>;
  const { stdout } = await run('/usr/bin/env', { env: inherited });
  expect(stdout.toString()).not.toMatch(/LD_PRELOAD|EXTRA/);
  const { end } = await run('exit 0', { env: JSON.parse('{"__proto__": "x"}') });
  expect(end).toMatchObject({ kind: 'not_started', reason: expect.stringContaining('"__proto__"') });
});

test('nothing is started with a variable that is refused, or a NUL', async ({ expect }) => {
  const there = join(tempDir(), 'there');
  const refused = await run(`touch ${there}`, { env: { LD_PRELOAD: '/x.so' } });
  expect(refused.end).toEqual({
    kind: 'not_started',
    reason: 'LD_PRELOAD can change which code a program runs and is never passed on',
  });
  expect((await run(`touch ${there}`, { env: { A: 'b\0c' } })).end.kind).toBe('not_started');
  expect(existsSync(there)).toBe(false);
});

test('what is not a program is told', async ({ expect }) => {
  const reasonOf = async (path: string, order: Partial<ChildOrder> = {}) => {
    const { end } = await run('', { argv: [path], ...order });
    return end.kind === 'not_started' ? end.reason : end.kind;
  };
  const dir = tempDir();
  mkdirSync(join(dir, 'd'));
  const plain = script('exit 0', 0o644);
  const orphan = script('#!/nowhere/interpreter\n');
  expect(await reasonOf('/nowhere/program')).toBe('there is no program /nowhere/program');
  expect(await reasonOf(`${plain}/x`)).toBe(`there is no program ${plain}/x`);
  expect(await reasonOf(join(dir, 'd'))).toBe(`${join(dir, 'd')} is a directory, not a program`);
  expect(await reasonOf(plain)).toBe(`${plain} is not executable for this account`);
  expect(await reasonOf(orphan)).toBe(`the interpreter that ${orphan} names is missing`);
  expect(await reasonOf('true')).toBe('"true" is not the absolute path of a program');
  expect(await reasonOf('')).toBe('"" is not the absolute path of a program');
  expect(await reasonOf('/bin/true', { cwd: '/nowhere' })).toBe('there is no directory /nowhere');
  const long = await reasonOf('/bin/true', { argv: ['/bin/true', 'x'.repeat(200_000)] });
  expect(long).toBe('/bin/true cannot be started: E2BIG');
});

test('standard input is what was given, or empty', async ({ expect }) => {
  expect((await run('cat', { stdin: 'one\ntwo' })).stdout.toString()).toBe('one\ntwo');
  expect((await run('cat')).stdout.toString()).toBe('');
  const unread = await run('exec <&-; exit 4', { stdin: 'x'.repeat(5_000_000) });
  expect(unread.end).toEqual({ kind: 'exited', code: 4 });
});

test('runs in / unless told otherwise', async ({ expect }) => {
  const dir = tempDir();
  expect((await run('pwd')).stdout.toString()).toBe('/\n');
  expect((await run('pwd', { cwd: dir })).stdout.toString()).toBe(`${dir}\n`);
});

test('a flood is read to its end and not kept', async ({ expect }) => {
  const { end, stdout, stderr, truncated } = await run('head -c 50000000 /dev/zero; echo done >&2; exit 5', {
    max_output_bytes: 1000,
  });
  expect(end).toEqual({ kind: 'exited', code: 5 });
  expect(stdout).toEqual(Buffer.alloc(1000));
  expect(stderr.toString()).toBe('done\n');
  expect(truncated).toBe(true);
});

test('64 KiB are kept of each stream by default, and just so much is not too much', async ({ expect }) => {
  const whole = await run('head -c 65536 /dev/zero');
  expect([whole.stdout.length, whole.truncated]).toEqual([65_536, false]);
  const more = await run('head -c 65537 /dev/zero >&2');
  expect([more.stderr.length, more.truncated]).toEqual([65_536, true]);
});

test('a program that hangs is ended at the timeout', async ({ expect }) => {
  const { end, stdout, duration_s, survivors } = await run('echo begun; exec sleep 60', { timeout_ms: 150 });
  expect(end).toEqual({ kind: 'timed_out' });
  expect(stdout.toString()).toBe('begun\n');
  expect(survivors).toEqual([]);
  expect(duration_s).toBeGreaterThan(0.14);
  expect(duration_s).toBeLessThan(3);
});

test('SIGTERM comes first', async ({ expect }) => {
  const there = join(tempDir(), 'there');
  const text = `trap 'echo tidy > ${there}; exit 0' TERM; while :; do sleep 0.01; done`;
  expect((await run(text, { timeout_ms: 200 })).end).toEqual({ kind: 'timed_out' });
  expect(readFileSync(there, 'utf8')).toBe('tidy\n');
});

test('who traps SIGTERM, forks and leaves the session is ended all the same', async ({ expect }) => {
  const dir = tempDir();
  const marker = freshMarker();
  const text = [
    "trap '' TERM",
    `(trap '' TERM; echo $$ > ${dir}/x; while :; do sleep 1; done) &`,
    `setsid /bin/sh -c 'trap "" TERM; echo $$ > ${dir}/far; while :; do sleep 1; done' &`,
    // Without the marker, but in the group.
    `env -i /bin/sh -c 'trap "" TERM; echo $$ > ${dir}/bare; while :; do /bin/sleep 1; done' &`,
    'while :; do sleep 1; done',
  ].join('\n');
  const running = run(text, { timeout_ms: 700, marker });
  const pidOf = (name: string) => Number(readFileSync(join(dir, name), 'utf8'));
  await until(() => ['x', 'far', 'bare'].every((name) => existsSync(join(dir, name)) && pidOf(name) > 0));
  expect(markedProcesses(marker).length).toBeGreaterThanOrEqual(3);
  const { end, survivors } = await running;
  expect(end).toEqual({ kind: 'timed_out' });
  expect(survivors).toEqual([]);
  expect(markedProcesses(marker)).toEqual([]);
  await until(() => ['x', 'far', 'bare'].every((name) => isGone(pidOf(name))));
});

test('who puts the marker away and leaves the session is ended with the parent that it was seen to have', async ({
  expect,
}) => {
  const dir = tempDir();
  const far = `echo $$ > ${dir}/NAME; trap "" TERM; while :; do sleep 1; done`;
  const text = [
    `env -i setsid /bin/sh -c '${far.replace('NAME', 'child')}' &`,
    // Its own child does the same once more.
    `env -i setsid /bin/sh -c 'env -i setsid /bin/sh -c "echo \\$\\$ > ${dir}/grandchild; exec sleep 60" & exec sleep 60' &`,
    // Nobody's child by now, and in the session still.
    `(env -i /bin/sh -c 'echo $$ > ${dir}/orphan; exec sleep 60' &)`,
    'while :; do sleep 1; done',
  ].join('\n');
  const marker = freshMarker();
  const stranger = await run(`env -i setsid sleep 300 > /dev/null 2>&1 & echo $!`, { marker: `${marker}-other` });
  const running = run(text, { timeout_ms: 700, marker });
  const pidOf = (name: string) => Number(readFileSync(join(dir, name), 'utf8'));
  const names = ['child', 'grandchild', 'orphan'];
  await until(() => names.every((name) => existsSync(join(dir, name)) && pidOf(name) > 0));
  expect(names.map(pidOf).filter((pid) => markedProcesses(marker).includes(pid))).toEqual([]);
  expect(await running).toMatchObject({ end: { kind: 'timed_out' }, survivors: [] });
  expect(names.filter((name) => !isGone(pidOf(name)))).toEqual([]);
  // Who was nobody's child before is none of ours.
  const other = Number(stranger.stdout.toString());
  expect(isGone(other)).toBe(false);
  process.kill(other, 'SIGKILL');
});

test('a program that puts its own marker away is ended with what it started', async ({ expect }) => {
  const dir = tempDir();
  const inner = script(`setsid sleep 300 &\necho $! > ${dir}/far\nwait`);
  const running = runChild({
    argv: ['/usr/bin/env', '-i', 'PATH=/usr/bin:/bin', inner],
    ...{ timeout_ms: 400, marker: freshMarker(), clock: systemClock },
  });
  expect(await running).toMatchObject({ end: { kind: 'timed_out' }, survivors: [] });
  expect(isGone(Number(readFileSync(join(dir, 'far'), 'utf8')))).toBe(true);
});

test('what a program left running when it ended by itself is left alone, and its pipe is not waited for', async ({
  expect,
}) => {
  const marker = freshMarker();
  const { end, stdout, duration_s } = await run('echo begun; sleep 30 & exit 0', { marker });
  expect(end).toEqual({ kind: 'exited', code: 0 });
  expect(stdout.toString()).toBe('begun\n');
  expect(duration_s).toBeLessThan(2);
  expect(markedProcesses(marker)).toHaveLength(1);
});

test('a grandchild that fills the pipe does not hold it up', async ({ expect }) => {
  const { end, truncated, duration_s } = await run('setsid cat /dev/zero & exit 0');
  expect(end).toEqual({ kind: 'exited', code: 0 });
  expect(truncated).toBe(true);
  expect(duration_s).toBeLessThan(3);
});

test('is stopped on demand, with all that it started', async ({ expect }) => {
  const marker = freshMarker();
  const stop = new AbortController();
  const running = run('setsid sleep 60 & sleep 60', { marker, stop: stop.signal });
  await until(() => markedProcesses(marker).length >= 3);
  stop.abort();
  expect(await running).toMatchObject({ end: { kind: 'stopped' }, survivors: [] });
  expect(markedProcesses(marker)).toEqual([]);
  const there = join(tempDir(), 'there');
  expect((await run(`touch ${there}`, { stop: stop.signal })).end).toEqual({ kind: 'stopped' });
  expect(existsSync(there)).toBe(false);
});

test('a program that ended in time is not late because we were held up', async ({ expect }) => {
  const running = run('exit 7', { timeout_ms: 250 });
  await sleep(1);
  const held = performance.now();
  while (performance.now() - held < 500);
  expect((await running).end).toEqual({ kind: 'exited', code: 7 });
});

test('a timeout of a month is not one of a millisecond', async ({ expect }) => {
  expect((await run('sleep 0.05; exit 0', { timeout_ms: 31 * 86_400_000 })).end).toEqual({ kind: 'exited', code: 0 });
});

test('starting is quick', async ({ expect }) => {
  const took: number[] = [];
  for (let i = 0; i < 40; i++) {
    const order = { argv: ['/bin/true'], timeout_ms: 5000, marker: 'test-quick', clock: systemClock };
    took.push((await runChild(order)).duration_s * 1000);
  }
  took.sort((a, b) => a - b);
  // The bound that holds on a machine that does nothing else is 4 ms.
  expect(took[20]).toBeLessThan(25);
});
