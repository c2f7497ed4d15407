import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StepSpecs } from '../../../src/core/config/schema/playbook-schema.js';
import { systemClock } from '../../../src/core/host/clock.js';
import { identityOf, isAlive } from '../../../src/core/host/process-identity.js';
import { type Distrust, distrustNow } from '../../../src/healing/distrust.js';
import { restartStep } from '../../../src/healing/steps/restart-step.js';
import { tempDir } from '../../support/temp-dir.js';
import { trustedDir } from '../../support/trusted-dir.js';
import { order } from './order.js';
import { endsWithTest, identity, sleeper, until } from './processes.js';

interface Service {
  readonly dir: string;
  readonly program: string;
  readonly pidfile: string;
  readonly output: string;
  readonly spec: StepSpecs['restart'];
  pid(): number;
}

const DEFAULTS = { user: false, writes_pidfile: false, env: {}, grace: 5 } as const;

/** A script that says it is there and waits. */
function service(body = 'echo up $$; exec sleep 60', interpreter = '/bin/sh'): Service {
  const dir = tempDir();
  const program = join(dir, 'service');
  writeFileSync(program, `#!${interpreter}\n${body}\n`);
  chmodSync(program, 0o755);
  const pidfile = join(dir, 'pid');
  const output = join(dir, 'output');
  const spec = { ...DEFAULTS, start: [program], pidfile, output };
  return { dir, program, pidfile, output, spec, pid: () => Number(readFileSync(pidfile, 'utf8')) };
}

const STAYS = 'while :; do sleep 0.01; done';

async function restart(spec: StepSpecs['restart'], timeout_s?: number, distrust?: Distrust) {
  const step = restartStep(
    { name: 'restart', restart: spec, timeout_s },
    { clock: systemClock, systemctl: '/nowhere', distrust },
  );
  const result = await step.run(order());
  const pid = Number(/started pid (\d+)/.exec(result.exit)?.[1]);
  if (pid > 1) endsWithTest(pid);
  return { ...result, pid };
}

const stat = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];

describe('a program', () => {
  test('is started in a session of its own, with nothing of ours', async () => {
    const { spec, output, pid, dir } = service(`echo up; env; pwd; ls -l /proc/self/fd; ${STAYS}`);
    process.env.GRACE_TEST_LEAK = 'leaked';
    const result = await restart({ ...spec, env: { SITE: 'a' }, cwd: dir });
    delete process.env.GRACE_TEST_LEAK;
    expect(result).toMatchObject({ outcome: 'worked', exit: `started pid ${pid()}` });
    const [, parent, group, session] = stat(result.pid);
    expect([parent, group, session]).toEqual([String(process.pid), String(result.pid), String(result.pid)]);
    await until(() => readFileSync(output, 'utf8').includes(' 2 -> '));
    const said = readFileSync(output, 'utf8');
    expect(said).toMatch(/^up\n/);
    expect(said).toContain('SITE=a');
    expect(said).toContain(`\n${dir}\n`);
    expect(said).not.toMatch(/GRACE_ACT|leaked/);
    expect(said).toMatch(/ 0 -> \/dev\/null\n/);
    // Node lets none of its own pass; a number far above them is the runner's.
    expect(said).not.toMatch(/ (?:[3-9]|1\d) -> (?:socket|pipe|anon_inode):/);
    expect(statSync(output).mode & 0o777).toBe(0o640);
  });

  test('is ended with SIGTERM first, and what it prints is appended', async () => {
    const { spec, output, pid } = service(`echo up; ${STAYS}`);
    const first = await restart(spec);
    const before = identity(first.pid);
    await until(() => readFileSync(output, 'utf8') === 'up\n');
    const second = await restart(spec);
    expect(second.exit).toBe(`ended pid ${first.pid} with SIGTERM; started pid ${pid()}`);
    expect(isAlive(before)).toBe(false);
    await until(() => readFileSync(output, 'utf8') === 'up\nup\n');
  });

  test('that grace has started is known again by its note, though it runs another program by now', async () => {
    const { spec, pid } = service('exec sleep 60');
    const first = await restart(spec);
    await until(() => readFileSync(`/proc/${first.pid}/comm`, 'utf8') === 'sleep\n');
    expect((await restart(spec)).exit).toBe(`ended pid ${first.pid} with SIGTERM; started pid ${pid()}`);
  });

  test('is killed when it ignores SIGTERM, and so is its whole group', async () => {
    const { spec, output, dir } = service(`trap '' TERM; sleep 61 & echo $! > child; echo up; ${STAYS}`);
    const first = await restart({ ...spec, cwd: dir });
    await until(() => readFileSync(output, 'utf8') === 'up\n');
    const child = identity(Number(readFileSync(join(dir, 'child'), 'utf8')));
    const second = await restart({ ...spec, cwd: dir, grace: 0.1 });
    expect(second.exit).toMatch(`ended pid ${first.pid} with SIGKILL; started pid `);
    expect(isAlive(child)).toBe(false);
  });

  test('its child that ignores SIGTERM is killed after it has gone', async () => {
    const { spec, output, dir } = service(
      `(trap '' TERM; echo up; while :; do sleep 0.01; done) & echo $! > child; ${STAYS}`,
    );
    await restart({ ...spec, cwd: dir });
    await until(() => readFileSync(output, 'utf8') === 'up\n');
    const child = identity(Number(readFileSync(join(dir, 'child'), 'utf8')));
    const second = await restart({ ...spec, cwd: dir, grace: 0.1 });
    expect(second.exit).toMatch(/with SIGKILL; started/);
    expect(isAlive(child)).toBe(false);
  });

  test('is ended alone when it leads no group', async () => {
    const { spec, program, dir } = service(STAYS);
    const { spawn } = await import('node:child_process');
    const leader = spawn('/bin/sh', ['-c', `${program} & echo $! > pid; sleep 60`], { cwd: dir, detached: true });
    endsWithTest(leader.pid ?? 0);
    await until(() => /^\d+\n$/.test(readFileSync(join(dir, 'pid'), { encoding: 'utf8', flag: 'a+' })));
    const pid = Number(readFileSync(join(dir, 'pid'), 'utf8'));
    await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'service\n');
    const [who, boss] = [identity(pid), identity(leader.pid)];
    expect((await restart(spec)).exit).toMatch(`ended pid ${pid} with SIGTERM; started`);
    expect(isAlive(who)).toBe(false);
    expect(isAlive(boss)).toBe(true);
  });

  test('that ends at once was not started', async () => {
    expect(await restart(service('exit 7').spec)).toMatchObject({
      outcome: 'failed',
      exit: expect.stringMatching(/^started pid \d+, which ended with exit 7 at once$/),
    });
  });

  test('that is not there, or cannot run, ends nobody', async () => {
    const { spec, pidfile, dir } = service(STAYS);
    const { pid } = await restart(spec);
    const who = identity(pid);
    for (const start of [['/nowhere/x'], [pidfile], [dir], ['service']]) {
      expect((await restart({ ...spec, start })).outcome).toBe('failed');
    }
    expect((await restart({ ...spec, cwd: '/nowhere' })).exit).toBe('there is no directory /nowhere');
    expect((await restart({ ...spec, env: { LD_PRELOAD: 'x' } })).exit).toMatch(/LD_PRELOAD/);
    expect((await restart({ ...spec, pidfile: '/nowhere/pid' })).exit).toBe(
      '/nowhere/pid: there is no directory /nowhere',
    );
    expect(isAlive(who)).toBe(true);
  });

  test('is started where nothing runs any more', async () => {
    const { spec, pidfile, pid } = service(STAYS);
    for (const text of ['', '999999999\n']) {
      writeFileSync(pidfile, text);
      const result = await restart(spec);
      expect(result.exit).toBe(`started pid ${pid()}`);
      process.kill(-result.pid, 'SIGKILL');
      await until(() => identityOf(result.pid) === undefined);
    }
  });

  test('is there 5 ms after the call, and the look takes 10 more', async () => {
    const times: number[] = [];
    for (let i = 0; i < 15; i++) {
      const { spec, pid } = service('exec sleep 60');
      const begun = performance.now();
      const result = await restart(spec);
      times.push(performance.now() - begun);
      expect(pid()).toBe(result.pid);
    }
    times.sort((a, b) => a - b);
    if (process.env.GRACE_SHOW_TIMES) console.log('restarted in', times);
    // A loaded machine may hold up most of them, but not all.
    expect(times[0]).toBeLessThan(2 * 15);
    expect(times[0]).toBeGreaterThan(9);
  });
});

describe('a stranger', () => {
  test('in the pidfile is left alone', async () => {
    const { spec, pidfile, program } = service(STAYS);
    const who = await sleeper();
    writeFileSync(pidfile, `${who.pid}\n`);
    const result = await restart(spec);
    expect(result).toMatchObject({
      outcome: 'failed',
      exit: `pid ${who.pid} of ${pidfile} runs /usr/bin/sleep, not ${program}: it is left alone`,
    });
    expect(isAlive(who)).toBe(true);
    expect(readFileSync(pidfile, 'utf8')).toBe(`${who.pid}\n`);
  });

  test('that got the pid after the file was written is left alone, and the service is started', async () => {
    const { spec, pidfile, pid } = service(STAYS);
    const who = await sleeper();
    writeFileSync(pidfile, `${who.pid}\n`);
    utimesSync(pidfile, 1e9, 1e9);
    const result = await restart(spec);
    expect(result.exit).toBe(`pid ${who.pid} is another process by now, left alone; started pid ${pid()}`);
    expect(isAlive(who)).toBe(true);
  });

  test('that got the pid of a service that grace had started is left alone, and the service is started', async () => {
    const { spec, pidfile, pid, program } = service(STAYS);
    const first = await restart(spec);
    // Another instance, as it seems, and by the dates the right one.
    const note = JSON.parse(readFileSync(`${pidfile}.grace`, 'utf8'));
    writeFileSync(`${pidfile}.grace`, JSON.stringify({ ...note, start_time: note.start_time - 1 }));
    const who = identity(first.pid);
    await until(() => readFileSync(`/proc/${first.pid}/cmdline`, 'utf8').includes(program));
    const result = await restart(spec);
    expect(result.exit).toBe(`pid ${first.pid} is another process by now, left alone; started pid ${pid()}`);
    expect(isAlive(who)).toBe(true);
  });

  test('with the same program is left alone when the dates do not fit, and nothing is started beside it', async () => {
    const { spec, pidfile, program } = service(STAYS);
    const { pid } = await restart(spec);
    const who = identity(pid);
    await until(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(program));
    rmSync(`${pidfile}.grace`);
    for (const [written, when] of [
      [1e9, 'after'],
      [Date.now() / 1000 + 3600, 'long before'],
    ] as const) {
      utimesSync(pidfile, written, written);
      expect(await restart({ ...spec, start: [program, 'other'] })).toMatchObject({
        outcome: 'failed',
        exit: expect.stringContaining(`was started ${when} ${pidfile} was written, and with other arguments`),
      });
      expect(isAlive(who)).toBe(true);
    }
    // With the same arguments it is the one.
    expect((await restart(spec)).exit).toMatch(`ended pid ${pid} with SIGTERM; started`);
  });

  test.each([
    ['1', /names pid 1, which is the first process/],
    [String(process.pid), /which is this very process/],
    [String(process.ppid), /which is the parent of this process/],
    ['0', /names pid 0/],
    ['-1', /does not hold a pid/],
    ['12x', /does not hold a pid/],
    ['x'.repeat(10_000), /does not hold a pid/],
  ])('pidfile %.20j is refused', async (text, reason) => {
    const { spec, pidfile } = service(STAYS);
    writeFileSync(pidfile, text);
    expect(await restart(spec)).toMatchObject({ outcome: 'failed', exit: expect.stringMatching(reason) });
  });

  test('a link or a directory in the place of the pidfile is refused', async () => {
    const { spec, pidfile, dir } = service(STAYS);
    writeFileSync(join(dir, 'real'), '1');
    symlinkSync(join(dir, 'real'), pidfile);
    expect((await restart(spec)).exit).toBe(`${pidfile} is not a regular file`);
    mkdirSync(join(dir, 'directory'));
    expect((await restart({ ...spec, pidfile: join(dir, 'directory') })).exit).toMatch(/is not a regular file/);
  });

  test.each(['a symbolic link', 'a second name', 'a directory'])(
    '%s in the place of the output is refused',
    async (what) => {
      const { spec, output, dir } = service(STAYS);
      const victim = join(dir, 'victim');
      writeFileSync(victim, 'mine');
      if (what === 'a symbolic link') symlinkSync(victim, output);
      else if (what === 'a second name') linkSync(victim, output);
      else mkdirSync(output);
      expect(await restart(spec)).toMatchObject({ outcome: 'failed' });
      expect(readFileSync(victim, 'utf8')).toBe('mine');
    },
  );
});

test.skipIf(process.geteuid?.() !== 0)('an output of another account is refused (needs root)', async () => {
  const { spec, output } = service(STAYS);
  writeFileSync(output, 'theirs');
  chownSync(output, 54_321, 0);
  expect(await restart(spec)).toMatchObject({
    outcome: 'failed',
    exit: `${output}: it belongs to #54321, not to root, and nothing is written there`,
  });
  expect(readFileSync(output, 'utf8')).toBe('theirs');
});

describe('a link above the pidfile or the output', () => {
  test('that others could change is not followed, and nobody is ended', async () => {
    const { spec, dir } = service(STAYS);
    const { pid } = await restart(spec);
    const who = identity(pid);
    const elsewhere = tempDir();
    const link = join(dir, 'link');
    symlinkSync(elsewhere, link);
    const said = `others could change the symbolic link ${link}: name where it really leads`;
    for (const key of ['pidfile', 'output'] as const) {
      const path = join(link, 'x');
      expect(await restart({ ...spec, [key]: path })).toMatchObject({ outcome: 'failed', exit: `${path}: ${said}` });
    }
    expect(await restart({ ...spec, pidfile: join(link, 'x'), writes_pidfile: true })).toMatchObject({
      outcome: 'failed',
      exit: `${join(link, 'x')}: ${said}`,
    });
    expect(readdirSync(elsewhere)).toEqual([]);
    expect(isAlive(who)).toBe(true);
  });

  test('that nobody else can change is followed', async () => {
    const { spec } = service();
    const dir = trustedDir();
    mkdirSync(join(dir, 'real'));
    symlinkSync('real', join(dir, 'link'));
    const [pidfile, output] = [join(dir, 'link/pid'), join(dir, 'link/output')];
    const { pid } = await restart({ ...spec, pidfile, output });
    await until(() => readFileSync(join(dir, 'real/output'), 'utf8') === `up ${pid}\n`);
    expect(readFileSync(join(dir, 'real/pid'), 'utf8')).toBe(`${pid}\n`);
    expect(readdirSync(join(dir, 'real')).sort()).toEqual(['output', 'pid', 'pid.grace']);
  });
});

describe('a program that others could change', () => {
  const place = () => {
    const dir = trustedDir();
    const program = join(dir, 'service');
    writeFileSync(program, `#!/bin/sh\n${STAYS}\n`, { mode: 0o755 });
    return { dir, program, spec: { ...DEFAULTS, start: [program], pidfile: join(dir, 'pid') } };
  };
  const said = (path: string) => `refused: ${path} can be written by everybody: its mode is 777; nothing was started`;

  test('ends nobody, whether it is to start or to stop', async () => {
    const { dir, program, spec } = place();
    const { pid } = await restart(spec, undefined, distrustNow);
    const who = identity(pid);
    const stop = join(dir, 'stop');
    writeFileSync(stop, `#!/bin/sh\nkill ${pid}\n`);
    chmodSync(stop, 0o777);
    expect((await restart({ ...spec, stop: [stop] }, undefined, distrustNow)).exit).toBe(said(stop));
    chmodSync(program, 0o777);
    expect((await restart(spec, undefined, distrustNow)).exit).toBe(said(program));
    expect(isAlive(who)).toBe(true);
  });

  test('is not started, also if that came about while the former one ended', async () => {
    const { program, spec } = place();
    const { pid } = await restart(spec, undefined, distrustNow);
    const who = identity(pid);
    const result = await restart({ ...spec, stop: ['/bin/chmod', '777', program] }, undefined, distrustNow);
    expect(result).toMatchObject({
      outcome: 'failed',
      exit: `stop: exit 0; ended pid ${pid} with SIGTERM; ${said(program)}`,
    });
    expect(isAlive(who)).toBe(false);
    expect(readFileSync(spec.pidfile, 'utf8')).toBe(`${pid}\n`);
  });
});

describe('stop', () => {
  test('is run first, and what it ends is not signalled', async () => {
    const { spec, program, pid } = service(`trap 'echo terminated; exit' TERM; trap 'exit 0' USR1; ${STAYS}`);
    const first = await restart(spec);
    await until(() => readFileSync(`/proc/${first.pid}/cmdline`, 'utf8').includes(program));
    const second = await restart({ ...spec, stop: ['/bin/sh', '-c', `kill -USR1 ${first.pid}`] });
    expect(second.exit).toBe(`stop: exit 0; started pid ${pid()}`);
  });

  test('that does not end it leaves that to SIGTERM', async () => {
    const { spec } = service(STAYS);
    const first = await restart(spec);
    const second = await restart({ ...spec, grace: 0.05, stop: ['/bin/false'] });
    expect(second.exit).toMatch(`stop: exit 1; ended pid ${first.pid} with SIGTERM; started pid`);
  });

  test('that hangs times out, and the service runs on', async () => {
    const { spec } = service(STAYS);
    const first = await restart(spec);
    const second = await restart({ ...spec, stop: ['/usr/bin/sleep', '60'] }, 0.1);
    expect(second).toMatchObject({ outcome: 'timed_out', exit: 'ended after 0.1 s' });
    expect(identityOf(first.pid)).toBeDefined();
  });
});

describe('a program that does not stay', () => {
  test('at once: with what, and what it printed this time', async () => {
    const { spec, output } = service('echo cannot bind >&2; exit 3');
    writeFileSync(output, 'of another day\n');
    const result = await restart(spec);
    expect(result).toMatchObject({
      outcome: 'failed',
      exit: `started pid ${result.pid}, which ended with exit 3 at once`,
    });
    expect(result.output?.toString()).toBe('cannot bind\n');
  });

  test.each([
    ['exit 4', /^which ended with exit 4 after 0\.\d\d s$/],
    ['kill -9 $$', /^which was ended by SIGKILL after 0\.\d\d s$/],
  ])('later, by %s: it has worked so far, and what became of it can be asked', async (ending, said) => {
    const { spec } = service(`echo up; sleep 0.05; echo down; ${ending}`);
    const result = await restart(spec);
    expect(result).toMatchObject({ outcome: 'worked', exit: `started pid ${result.pid}` });
    await until(() => identityOf(result.pid) === undefined);
    const since = await result.since?.();
    expect(since?.exit).toMatch(said);
    expect(since?.output?.toString()).toBe('up\ndown\n');
  });

  test('of one that stays there is nothing to tell', async () => {
    const { spec } = service(`echo up; ${STAYS}`);
    expect(await (await restart(spec)).since?.()).toBeUndefined();
  });

  test('of much that it printed the end is kept, from the beginning of a line', async () => {
    const { spec } = service('seq 1 100000; sleep 0.03; exit 1');
    const result = await restart(spec);
    await until(() => identityOf(result.pid) === undefined);
    const output = (await result.since?.())?.output?.toString() ?? '';
    expect(output).toMatch(/^\[\d+ bytes before this\]\n\d+\n/);
    expect(output).toMatch(/\n99999\n100000\n$/);
    const before = Number(/\d+/.exec(output)?.[0]);
    const whole = Array.from({ length: 100_000 }, (_, i) => `${i + 1}\n`).join('');
    expect(output.slice(output.indexOf('\n') + 1)).toBe(whole.slice(before));
    expect(output.length).toBeLessThan(257 * 1024);
  });

  test('nobody says what it printed where that is not kept', async () => {
    const { output: _, ...spec } = service('echo up; sleep 0.03; exit 1').spec;
    const result = await restart(spec);
    await until(() => identityOf(result.pid) === undefined);
    expect(await result.since?.()).toMatchObject({ exit: expect.stringContaining('exit 1'), output: Buffer.alloc(0) });
  });
});

describe('a program that writes its pidfile', () => {
  test('may become a daemon', async () => {
    const { spec, pidfile, pid } = service(`setsid sleep 60 & echo $! > "$1"`);
    const start = [...(spec.start ?? []), pidfile];
    const result = await restart({ ...spec, start, writes_pidfile: true });
    expect(result).toMatchObject({ outcome: 'worked' });
    await until(() => identityOf(pid()) !== undefined);
    endsWithTest(pid());
  });

  test('and becomes a daemon only later, has not died', async () => {
    const { spec, pidfile, pid } = service(`sleep 0.05; setsid sleep 60 & echo $! > "$1"; sleep 0.05; exit 0`);
    const result = await restart({ ...spec, start: [...(spec.start ?? []), pidfile], writes_pidfile: true });
    await until(() => identityOf(result.pid) === undefined);
    expect(await result.since?.()).toBeUndefined();
    endsWithTest(pid());
  });

  test('and fails, has failed', async () => {
    const { spec } = service('exit 1');
    expect(await restart({ ...spec, writes_pidfile: true })).toMatchObject({ outcome: 'failed' });
  });
});

describe('a unit', () => {
  const systemctl = (body: string) => {
    const path = join(tempDir(), 'systemctl');
    writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return path;
  };
  const run = (path: string, spec: Partial<StepSpecs['restart']>) =>
    restartStep({ name: 'x', restart: { ...DEFAULTS, ...spec } }, { clock: systemClock, systemctl: path }).run(order());

  test('is restarted by systemctl, and its name is never an option', async () => {
    const path = systemctl('echo "$@"; echo "$XDG_RUNTIME_DIR"');
    const result = await run(path, { unit: '-x.service' });
    expect(result).toMatchObject({ outcome: 'worked', exit: 'exit 0' });
    expect(result.output?.toString()).toBe('restart -- -x.service\n\n');
    const user = await run(path, { unit: 'web', user: true });
    expect(user.output?.toString()).toBe(`--user restart -- web\n/run/user/${process.geteuid?.()}\n`);
  });

  test('that will not start has failed', async () => {
    const result = await run(systemctl('echo broken >&2; exit 5'), { unit: 'web' });
    expect(result).toEqual({ outcome: 'failed', exit: 'exit 5', output: Buffer.from('broken\n') });
  });
});

test('what it says of itself', () => {
  const step = restartStep(
    { name: 'x', restart: { ...DEFAULTS, start: ['/bin/x'], pidfile: '/run/x' } },
    { clock: systemClock, systemctl: '/x' },
  );
  expect(step).toMatchObject({
    repeatable: true,
    timeout_s: 30,
    destroys: expect.stringMatching('the running /bin/x'),
  });
});
