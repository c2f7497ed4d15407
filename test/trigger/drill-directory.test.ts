import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { identityOf, isAlive } from '../../src/core/host/process-identity.js';
import { type DrillDirectory, openDrillDirectory } from '../../src/trigger/drill-directory.js';
import { drillEnvironment, endRemains } from '../../src/trigger/drill-remains.js';
import { cannotMount, mountSmall } from '../../src/trigger/small-filesystem.js';
import { program } from '../support/child.js';
import { tempDir } from '../support/temp-dir.js';
import { drillPrograms } from './drill-programs.js';
import { lastingTraces, mountsNaming, processesNaming, tracesBelow } from './drill-traces.js';

const programs = drillPrograms();
const NO_MOUNT = cannotMount();

async function opened(parent: string): Promise<DrillDirectory> {
  const directory = await openDrillDirectory({
    ...{ parent, program: programs.program('drill-keeper') },
    nodePath: process.execPath,
  });
  onTestFinished(() => directory.end());
  return directory;
}

/** Minds no signal but SIGKILL, and says when it does so. */
const STUBBORN = `for (const s of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(s, () => {});
  console.log('ready'); setInterval(() => {}, 1000);`;

async function started(env: NodeJS.ProcessEnv, args: readonly string[] = []): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ['-e', STUBBORN, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child as ChildProcess & { pid: number };
}

const aliveness = (child: { pid: number }) => {
  const identity = identityOf(child.pid);
  return () => identity !== undefined && isAlive(identity);
};

const keeperOf = (directory: string) => {
  const [pid = 0] = processesNaming(join(directory, '..'))
    .filter((trace) => trace.includes('drill-keeper'))
    .map((trace) => Number(trace.split(':')[0]));
  return pid;
};

describe('the directory of a drill', () => {
  test('is there, empty, and for nobody else; end() leaves nothing, any number of times', async () => {
    const parent = tempDir();
    const directory = await opened(parent);
    expect(readdirSync(directory.path)).toEqual([]);
    expect(directory.path.startsWith(`${parent}/grace-drill-`)).toBe(true);
    writeFileSync(join(directory.path, 'file'), 'x');
    const child = await started(drillEnvironment(directory.path));
    const isThere = aliveness(child);
    await Promise.all([directory.end(), directory.end()]);
    await directory.end();
    expect(isThere()).toBe(false);
    expect(tracesBelow(parent)).toEqual([]);
  });

  test('no part of its path is a symbolic link', async () => {
    const parent = tempDir();
    mkdirSync(join(parent, 'real'));
    symlinkSync(join(parent, 'real'), join(parent, 'link'));
    const directory = await opened(join(parent, 'link'));
    expect(directory.path.startsWith(join(parent, 'real', 'grace-drill-'))).toBe(true);
  });

  test('who merely names it, and another drill, are left alone', async () => {
    const parent = tempDir();
    const [directory, other] = [await opened(parent), await opened(parent)];
    const children = [
      await started({ ...process.env, SEEN: directory.path }, [directory.path]),
      await started(drillEnvironment(other.path)),
      await started(drillEnvironment(`${directory.path}0`)),
    ].map(aliveness);
    await directory.end();
    expect(children.map((isThere) => isThere())).toEqual([true, true, true]);
    expect(existsSync(other.path)).toBe(true);
  });

  test.skipIf(NO_MOUNT)(
    `what was mounted in it is unmounted, also what is in use${NO_MOUNT ? `: ${NO_MOUNT}` : ''}`,
    async () => {
      const parent = tempDir();
      const directory = await opened(parent);
      const path = await mountSmall(directory.path, 'size=64k');
      const busy = spawn('sleep', ['60'], { cwd: path, stdio: 'ignore' });
      onTestFinished(() => void busy.kill('SIGKILL'));
      expect(mountsNaming(path)).toHaveLength(1);
      await directory.end();
      expect(mountsNaming(parent)).toEqual([]);
      expect(readdirSync(parent)).toEqual([]);
    },
  );

  test('end() does it alone when the keeper was killed', async () => {
    const parent = tempDir();
    const directory = await opened(parent);
    const isThere = aliveness(await started(drillEnvironment(directory.path)));
    process.kill(keeperOf(directory.path), 'SIGKILL');
    await directory.end();
    expect(isThere()).toBe(false);
    expect(tracesBelow(parent)).toEqual([]);
  });

  test('the keeper minds no signal that asks it to end', async () => {
    const directory = await opened(tempDir());
    const pid = keeperOf(directory.path);
    const isThere = aliveness({ pid });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(pid, signal);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isThere()).toBe(true);
    expect(existsSync(directory.path)).toBe(true);
  });

  test.each([
    ['a parent that is not there', '/no/such/directory', /did not start: it says \{"failed":"ENOENT"\}$/],
    ['a parent that is no whole path', 'tmp', /did not start: it says \{"failed":"ERR_USAGE"\}$/],
  ])('%s', async (_name, parent, message) => {
    await expect(opened(parent)).rejects.toMatchObject({
      code: 'GRACE_DRILL_NOT_STAGED',
      message: expect.stringMatching(message),
    });
  });

  test('no node', async () => {
    const order = { parent: tempDir(), program: programs.program('drill-keeper'), nodePath: '/no/such/node' };
    await expect(openDrillDirectory(order)).rejects.toMatchObject({ code: 'GRACE_DRILL_NOT_STAGED' });
  });
});

test('endRemains() ends who is stopped, and leaves the directory', async () => {
  const directory = await opened(tempDir());
  const child = await started(drillEnvironment(directory.path));
  child.kill('SIGSTOP');
  expect(await endRemains(directory.path)).toEqual([]);
  expect(aliveness(child)()).toBe(false);
  expect(existsSync(directory.path)).toBe(true);
});

describe('when its process is killed with SIGKILL', () => {
  test('nothing is left: processes that mind no signal or are stopped, files, mounts', async () => {
    const parent = tempDir();
    const run = await program(`
      import { spawn } from 'node:child_process';
      import { writeFileSync } from 'node:fs';
      import { openDrillDirectory } from 'grace:trigger/drill-directory';
      import { drillEnvironment } from 'grace:trigger/drill-remains';
      import { cannotMount, mountSmall } from 'grace:trigger/small-filesystem';
      const [parent, program] = process.argv.slice(2);
      const { path } = await openDrillDirectory({ parent, program, nodePath: process.execPath });
      writeFileSync(path + '/file', 'x');
      if (cannotMount() === undefined) await mountSmall(path, 'size=64k');
      const start = () => spawn(process.execPath, ['-e', ${JSON.stringify(STUBBORN)}], { env: drillEnvironment(path), stdio: ['ignore', 'pipe', 'ignore'], detached: true });
      const [one, two] = [start(), start()];
      await Promise.all([one, two].map((child) => new Promise((resolve) => child.stdout.once('data', resolve))));
      two.kill('SIGSTOP');
      console.log(one.pid + ' ' + two.pid);`);
    const child = run([parent, programs.program('drill-keeper')]);
    const pids = (await child.nextLine()).split(' ').map(Number);
    onTestFinished(() => {
      for (const pid of pids) if (identityOf(pid) !== undefined) process.kill(pid, 'SIGKILL');
    });
    const there = pids.map((pid) => aliveness({ pid }));
    expect(there.map((isThere) => isThere())).toEqual([true, true]);
    expect(processesNaming(parent).length).toBeGreaterThanOrEqual(4);
    if (NO_MOUNT === undefined) expect(mountsNaming(parent)).toHaveLength(1);
    child.kill();
    expect(await lastingTraces(parent)).toEqual([]);
    expect(there.map((isThere) => isThere())).toEqual([false, false]);
  });
});
