import { spawn } from 'node:child_process';
import { realpathSync, symlinkSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/core/host/clock.js';
import { probePortFree } from '../../../src/healing/checks/port-free-check.js';
import { tempDir } from '../../support/temp-dir.js';

/** A process that listens on a port of its own. */
async function listening(): Promise<{ port: number; pid: number }> {
  const script = `const s = require('net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  });
  const line = await new Promise<string>((resolve) => child.stdout.once('data', (text) => resolve(String(text))));
  return { port: Number(line), pid: child.pid ?? 0 };
}

function probe(port: number, except: string[] = []) {
  return probePortFree({ port, except }, systemClock);
}

test('ok: nobody listens', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  expect(await probe(port)).toEqual({ status: 'ok', summary: `nobody listens on port ${port}` });
});

test('critical: somebody listens, of whom nothing was said', async () => {
  const { port, pid } = await listening();
  for (const except of [[], ['/usr/sbin/nginx', '/no/such/program']]) {
    const found = await probe(port, except);
    expect(found.status).toBe('critical');
    expect(found.summary).toMatch(
      new RegExp(`^pid ${pid} \\(.*node.*\\) of uid ${process.getuid?.()} listens on port ${port}$`),
    );
    // Whatever its command line is.
    expect(found.summary.length).toBeLessThan(160);
  }
});

test('ok: who may, by the path of its executable or by a link to it', async () => {
  const { port, pid } = await listening();
  const executable = realpathSync(process.execPath);
  expect((await probe(port, [executable])).status).toBe('ok');
  const link = join(tempDir(), 'service');
  symlinkSync(executable, link);
  const found = await probe(port, ['/usr/sbin/nginx', link]);
  expect(found).toMatchObject({ status: 'ok', summary: expect.stringContaining(`nobody but pid ${pid} `) });
});
