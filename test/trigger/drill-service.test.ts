import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ChildLines } from '../../src/trigger/child-lines.js';
import { startService } from '../../src/trigger/service-process.js';
import { tempDir } from '../support/temp-dir.js';
import { drillPrograms } from './drill-programs.js';

const programs = drillPrograms();

function service(...args: string[]) {
  const child = spawn(process.execPath, [programs.program('drill-service'), ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = new ChildLines(child);
  const ended = new Promise<number | string | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
  return { child, ended, next: async () => JSON.stringify(await lines.next(5000)) };
}

const HOME = () => ['--home', tempDir(), '--nonce', 'n'];

describe('what it is told', () => {
  test.each([
    ['nothing', []],
    ['a kind that is none', ['nonsense', '--home', '/tmp']],
    ['no home', ['web', '--nonce', 'n']],
    ['a port that is none', ['web', '--home', '/tmp', '--port', '70000']],
    ['a word that is none', ['web', '--home', '/tmp', '--nonsense', '1']],
  ])('%s', async (_name, args) => {
    const { next, ended } = service(...args);
    expect(await next()).toContain('ERR_USAGE');
    expect(await ended).toBe(3);
  });

  test('a word that its kind needs is missing', async () => {
    const { next, ended } = service('web', '--home', tempDir());
    expect(await next()).toContain('--nonce is missing');
    expect(await ended).toBe(3);
  });

  test('a port that is taken', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void holder.close());
    const { port } = holder.address() as AddressInfo;
    for (const kind of ['web', 'database']) {
      const { next, ended } = service(kind, ...HOME(), '--port', String(port));
      expect(await next()).toContain('EADDRINUSE');
      expect(await ended).toBe(3);
    }
  });
});

describe('it ends', () => {
  test.each([['web'], ['worker'], ['database'], ['slow']])('%s: on SIGTERM', async (kind) => {
    const { child, next, ended } = service(kind, ...HOME());
    expect(await next()).toContain('ready');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  test('when its home is gone', async () => {
    const home = join(tempDir(), 'home');
    const { next, ended } = service('web', '--home', home, '--nonce', 'n');
    // At once when there never was one.
    expect(await ended).toBe(0);
    expect(existsSync(home)).toBe(false);
    expect(await next()).toContain('ended early');
    const other = tempDir();
    const later = service('web', '--home', other, '--nonce', 'n');
    expect(await later.next()).toContain('ready');
    rmSync(other, { recursive: true });
    expect(await later.ended).toBe(0);
  });
});

test('a service that cannot start rejects with the code of the system, and is gone', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void holder.close());
  const { port } = holder.address() as AddressInfo;
  const home = { directory: tempDir(), nonce: 'n', nodePath: process.execPath, program: programs.program };
  await expect(startService(home, { name: 'web', kind: 'web', port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    message: `web cannot listen on port ${port}: EADDRINUSE`,
  });
  expect(existsSync(join(home.directory, 'web.pid'))).toBe(false);
});
