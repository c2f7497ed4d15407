import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/core/host/clock.js';
import { endMarked, markedProcesses } from '../../../src/healing/child/marked-processes.js';
import { program } from '../../support/child.js';

const marker = `test-marked-${process.pid}`;

async function started(argv: readonly string[], env: Record<string, string>, detached = true): Promise<ChildProcess> {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { env, detached, stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child, 'spawn');
  return child;
}

test('finds who carries just that marker, wherever it stands in the environment', async ({ expect }) => {
  const first = await started(['/bin/sleep', '60'], { GRACE_ACT: marker, Z: '1' });
  const last = await started(['/bin/sleep', '60'], { A: '1', GRACE_ACT: marker });
  await started(['/bin/sleep', '60'], { GRACE_ACT: `${marker}2` });
  await started(['/bin/sleep', '60'], { XGRACE_ACT: marker, Y: `GRACE_ACT=${marker}` });
  expect(markedProcesses(marker).sort()).toEqual([first.pid, last.pid].sort());
  expect(await endMarked(marker, systemClock)).toEqual([]);
  expect(markedProcesses(marker)).toEqual([]);
  expect(markedProcesses(`${marker}2`)).toHaveLength(1);
});

test('a zombie is not there', async ({ expect }) => {
  const zombie = `${marker}-zombie`;
  // The parent never reaps.
  const argv = ['/bin/sh', '-c', '(exit 0) & echo $!; exec sleep 60'];
  const parent = await started(argv, { GRACE_ACT: zombie, PATH: '/bin:/usr/bin' });
  const [line] = await once(parent.stdout as NonNullable<typeof parent.stdout>, 'data');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(markedProcesses(zombie)).not.toContain(Number(String(line)));
  expect(markedProcesses(zombie)).toContain(parent.pid);
});

test('ends the whole group of who carries the marker', async ({ expect }) => {
  const grouped = `${marker}-group`;
  const argv = ['/bin/sh', '-c', 'env -i /bin/sleep 60 & echo $!; exec sleep 60'];
  const leader = await started(argv, { GRACE_ACT: grouped, PATH: '/bin:/usr/bin' });
  const [line] = await once(leader.stdout as NonNullable<typeof leader.stdout>, 'data');
  const member = Number(String(line));
  expect(isGone(member)).toBe(false);
  await endMarked(grouped, systemClock);
  await expect.poll(() => isGone(member)).toBe(true);
});

test('spares itself, its parent and their group, though they carry the marker', async ({ expect }) => {
  const own = `${marker}-own`;
  // Started by a parent that carries the marker, in one group with it.
  const inner = await program(`
    import { endMarked } from 'grace:healing/child/marked-processes';
    import { systemClock } from 'grace:core/host/clock';
    import { spawn } from 'node:child_process';
    if (process.argv[2] === 'outer') {
      const child = spawn(process.execPath, [process.argv[1]], {
        env: { GRACE_ACT: process.argv[3] }, detached: true, stdio: 'inherit',
      });
      child.on('exit', (code, signal) => console.log('inner ended', code, signal));
    } else if (process.argv[2] === undefined) {
      const child = spawn(process.execPath, [process.argv[1], 'in'], { env: process.env, stdio: 'inherit' });
      child.on('exit', (code, signal) => { console.log('in ended', code, signal); process.exit(9); });
    } else {
      const other = spawn('/bin/sleep', ['60'], { env: process.env });
      other.on('spawn', async () => {
        const left = await endMarked(process.env.GRACE_ACT, systemClock);
        console.log(JSON.stringify(left));
        process.exit(8);
      });
    }
  `);
  const child = inner(['outer', own]);
  expect(await child.nextLine()).toBe('[]');
  expect(await child.nextLine()).toBe('in ended 8 null');
  expect(await child.nextLine()).toBe('inner ended 9 null');
});

const setpriv = process.getuid?.() === 0 && existsSync('/usr/bin/setpriv');

// It takes CAP_SYS_PTRACE to read the environment of another's process and CAP_KILL to end it.
test.skipIf(!setpriv)('who may not be signalled is told, and at once (needs root and setpriv)', async ({ expect }) => {
  const foreign = `${marker}-foreign`;
  // Its child of another account is known by descent alone.
  const argv = ['/bin/sh', '-c', '/bin/sleep 60 & echo $!; exec setpriv --reuid=65534 /bin/sleep 60'];
  const parent = await started(argv, { GRACE_ACT: foreign, PATH: '/bin:/usr/bin' });
  const [line] = await once(parent.stdout as NonNullable<typeof parent.stdout>, 'data');
  const victim = { pid: Number(String(line)) };
  onTestFinished(() => void process.kill(victim.pid, 'SIGKILL'));
  await expect.poll(() => readFileSync(`/proc/${parent.pid}/status`, 'utf8')).toMatch(/^Uid:\t65534/m);
  const asker = await program(`
    import { spawnSync } from 'node:child_process';
    import { endMarked } from 'grace:healing/child/marked-processes';
    import { systemClock } from 'grace:core/host/clock';
    const [, self, marker, caps] = process.argv;
    if (caps !== undefined) {
      const argv = ['--reuid=65534', '--inh-caps=-all' + caps, '--ambient-caps=-all' + caps, '--bounding-set=-all' + caps];
      spawnSync('/usr/bin/setpriv', [...argv, process.execPath, self, marker], { stdio: 'inherit' });
    } else {
      const began = performance.now();
      const left = await endMarked(marker, systemClock);
      console.log(JSON.stringify([left, performance.now() - began < 900]));
    }
  `);
  const all = asker([foreign, ',+sys_ptrace,+dac_read_search']);
  expect(JSON.parse(await all.nextLine())).toEqual([[victim.pid], true]);
  expect(isGone(victim.pid as number)).toBe(false);
});

test('who claims the marker in a group of somebody else is ended alone', async ({ expect }) => {
  const claimed = `${marker}-claimed`;
  // The leader and the last one are strangers.
  const argv = [
    '/bin/sh',
    '-c',
    `GRACE_ACT=${claimed} /bin/sleep 60 & echo $!; /bin/sleep 60 & echo $!; exec sleep 61`,
  ];
  const leader = await started(argv, { PATH: '/bin:/usr/bin' });
  const stdout = leader.stdout as NonNullable<typeof leader.stdout>;
  let said = '';
  while (said.split('\n').length < 3) said += String((await once(stdout, 'data'))[0]);
  const [claimant = 0, stranger = 0] = said.split('\n').map(Number);
  onTestFinished(() => void process.kill(stranger, 'SIGKILL'));
  await expect.poll(() => markedProcesses(claimed)).toEqual([claimant]);
  expect(await endMarked(claimed, systemClock)).toEqual([]);
  expect([claimant, stranger, leader.pid as number].map(isGone)).toEqual([true, false, false]);
});

test.skipIf(!setpriv)(
  'a claim of another account counts only with the tie by descent (needs root)',
  async ({ expect }) => {
    const claimed = `${marker}-account`;
    const stranger = spawn('/bin/sleep', ['60'], { env: { GRACE_ACT: claimed }, uid: 65_534, detached: true });
    onTestFinished(() => void stranger.kill('SIGKILL'));
    const argv = ['/bin/sh', '-c', 'setsid setpriv --reuid=65534 /bin/sleep 60 & echo $!; exec sleep 60'];
    const ours = await started(argv, { GRACE_ACT: claimed, PATH: '/bin:/usr/bin' });
    const [line] = await once(ours.stdout as NonNullable<typeof ours.stdout>, 'data');
    const child = Number(String(line));
    const uidOf = (pid: number) => /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    await expect.poll(() => uidOf(child)).toBe('65534');
    await expect.poll(() => markedProcesses(claimed)).toHaveLength(3);
    expect(await endMarked(claimed, systemClock)).toEqual([]);
    await expect.poll(() => [child, ours.pid as number].map(isGone)).toEqual([true, true]);
    expect(isGone(stranger.pid as number)).toBe(false);
  },
);

/** Ended, whether or not somebody has reaped it. */
function isGone(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}
