import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { probeProcess } from '../../../src/healing/checks/process-check.js';
import { program } from '../../support/child.js';
import { tempDir } from '../../support/temp-dir.js';

let count = 0;

/** A copy of sleep with a name that nothing else has: at most 15 characters unless asked for more. */
function ownSleep(more = ''): { name: string; path: string } {
  const name = `gr${process.pid}-${++count}${more}`;
  const path = join(tempDir(), name);
  copyFileSync('/bin/sleep', path);
  chmodSync(path, 0o755);
  return { name, path };
}

async function started(path: string, args: readonly string[] = ['60'], uid?: number): Promise<number> {
  const child = spawn(path, args, { stdio: 'ignore', ...(uid !== undefined && { uid }) });
  onTestFinished(() => end(child));
  await once(child, 'spawn');
  return child.pid as number;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function pidfile(text: string): string {
  const path = join(tempDir(), 'pid');
  writeFileSync(path, text);
  return path;
}

const probe = (spec: Partial<Parameters<typeof probeProcess>[0]>, proc?: string, passwd?: string) =>
  probeProcess({ least: 1, ...spec }, proc, passwd);

test('counts processes of a name', async ({ expect }) => {
  const { name, path } = ownSleep();
  expect(probe({ name })).toMatchObject({
    status: 'critical',
    summary: `no processes named ${name}, at least 1 expected`,
  });
  expect(probe({ name, least: 0 }).status).toBe('ok');
  const first = await started(path);
  expect(probe({ name })).toMatchObject({ status: 'ok', summary: `1 process named ${name} (pid ${first})` });
  expect(probe({ name: name.slice(0, -1) }).status).toBe('critical');
  const second = await started(path);
  expect(probe({ name, least: 2, most: 2 }).status).toBe('ok');
  expect(probe({ name, least: 3 }).status).toBe('critical');
  expect(probe({ name, most: 1 })).toMatchObject({
    status: 'critical',
    summary: `2 processes named ${name} (pid ${first}, ${second}), at most 1 expected`,
    perfdata: [
      { label: 'processes', value: 2, unit: '' },
      { label: 'rss', value: expect.any(Number), unit: 'B' },
    ],
  });
});

test('a name that the kernel cuts off is found by the executable', async ({ expect }) => {
  const { name, path } = ownSleep('-with-a-very-long-name');
  await started(path);
  expect(probe({ name }).status).toBe('ok');
  expect(probe({ name: name.slice(0, 15) }).status).toBe('ok');
  expect(probe({ name: `${name}er` }).status).toBe('critical');
});

test('a script with a long name is found, too', async ({ expect }) => {
  const name = `gr${process.pid}-a-script-with-a-long-name.sh`;
  const path = join(tempDir(), name);
  writeFileSync(path, '#!/bin/sh\nread x\n', { mode: 0o755 });
  const child = spawn(path, [], { stdio: ['pipe', 'ignore', 'ignore'] });
  onTestFinished(() => end(child));
  await once(child, 'spawn');
  expect(probe({ name }).status).toBe('ok');
  expect(probe({ name: name.replace('.sh', '.py') }).status).toBe('critical');
});

test('looks into the command line', async ({ expect }) => {
  const { name, path } = ownSleep();
  await started(path, ['0.0', '61']);
  expect(probe({ name, match: '0.0 61' }).status).toBe('ok');
  expect(probe({ match: `${path} 0.0` }).status).toBe('ok');
  expect(probe({ name, match: '0.0 62' }).status).toBe('critical');
});

test('this very process does not count', ({ expect }) => {
  const ownName = readFileSync('/proc/self/comm', 'utf8').trimEnd();
  const { summary } = probe({ name: ownName, least: 0 });
  expect(summary).not.toMatch(new RegExp(`\\b${process.pid}\\b`));
});

test('a zombie does not count, and its pidfile names nobody', async ({ expect }) => {
  const { name, path } = ownSleep();
  // The shell that reaps is replaced by a sleep that does not.
  const parent = spawn('/bin/sh', ['-c', `${path} 0 & echo $!; exec sleep 60`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => end(parent));
  const [text] = await once(parent.stdout, 'data');
  const pid = Number(String(text));
  await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'latin1')).toMatch(/\) Z /);
  expect(probe({ name }).status).toBe('critical');
  expect(probe({ pidfile: pidfile(`${pid}\n`) })).toMatchObject({
    status: 'critical',
    summary: expect.stringMatching(/^pid \d+ of .* is not running$/),
  });
});

test('a pidfile names one process, which must be the one that is meant', async ({ expect }) => {
  const { name, path } = ownSleep();
  const pid = await started(path);
  const file = pidfile(`${pid}\n`);
  expect(probe({ pidfile: file })).toMatchObject({ status: 'ok', summary: `1 process of ${file} (pid ${pid})` });
  expect(probe({ pidfile: file, name, match: ' 60' }).status).toBe('ok');
  expect(probe({ pidfile: file, name: 'nginx' })).toMatchObject({
    status: 'critical',
    summary: `pid ${pid} of ${file} is another program: ${name}`,
  });
  expect(probe({ pidfile: file, match: '--daemon' }).status).toBe('critical');
  expect(probe({ pidfile: file, user: '54321' }).status).toBe('critical');
});

test('without a usable pidfile there is no process; what is no file cannot be looked at', ({ expect }) => {
  const dir = tempDir();
  const missing = join(dir, 'none');
  expect(probe({ pidfile: missing })).toMatchObject({ status: 'critical', summary: `there is no pidfile ${missing}` });
  expect(probe({ pidfile: missing, least: 0 }).status).toBe('ok');
  for (const text of ['', 'x', '-1', '0', '12x', '99999999999999']) {
    expect(probe({ pidfile: pidfile(text) })).toMatchObject({
      status: 'critical',
      summary: expect.stringMatching(/holds no pid$/),
    });
  }
  expect(probe({ pidfile: pidfile('4194399') }).summary).toMatch(/is not running$/);
  expect(probe({ pidfile: dir }).status).toBe('unknown');
  const fifo = join(dir, 'fifo');
  execFileSync('mkfifo', [fifo]);
  expect(probe({ pidfile: fifo })).toEqual({
    status: 'unknown',
    summary: `the check cannot run: ${fifo} is not a file`,
  });
});

test.skipIf(process.getuid?.() !== 0)('tells users apart (needs root)', async ({ expect }) => {
  // Outside of a directory that only we may enter.
  const passwd = join(tempDir(), 'passwd');
  writeFileSync(passwd, 'root:x:0:0::/root:/bin/sh\nshop:x:61234:61234::/:/bin/false\n');
  const pid = await started('/bin/sleep', ['61.5'], 61234);
  for (const user of ['61234', 'shop']) {
    expect(probe({ user }, '/proc', passwd)).toMatchObject({
      status: 'ok',
      summary: `1 process of user ${user} (pid ${pid})`,
    });
  }
  expect(probe({ match: 'sleep 61.5', user: 'root' }, '/proc', passwd).status).toBe('critical');
  expect(probe({ user: 'nobody-here' }, '/proc', passwd)).toEqual({
    status: 'unknown',
    summary: `there is no user nobody-here in ${passwd}`,
  });
});

test('resident memory is that of all of them', async ({ expect }) => {
  const { name, path } = ownSleep();
  await started(path);
  const rss = () => probe({ name }).perfdata?.find(({ label }) => label === 'rss')?.value ?? 0;
  await expect.poll(rss).toBeGreaterThan(4096);
  const one = rss();
  await started(path);
  await expect.poll(rss).toBeGreaterThan(one);
  expect(probe({ name, rss_below: 2 ** 40 }).status).toBe('ok');
  expect(probe({ name, rss_below: 1 })).toMatchObject({
    status: 'critical',
    summary: expect.stringMatching(/^2 processes named .* with .* resident, less than 1 B expected$/),
  });
});

test('a /proc that cannot be read leaves it unknown', ({ expect }) => {
  expect(probe({ name: 'x' }, '/nowhere').status).toBe('unknown');
  // No process is listed, not even the first.
  expect(probe({ name: 'x' }, tempDir())).toMatchObject({
    status: 'unknown',
    summary: 'no processes named x that this account can see; others may be hidden from it',
  });
});

const root = process.getuid?.() === 0;

test.skipIf(!root).for(['2', '1'])(
  'hidden processes are not missing: hidepid=%s (needs root)',
  async (hidepid, { expect }) => {
    const dir = tempDir();
    chmodSync(dir, 0o755);
    const proc = join(dir, 'proc');
    mkdirSync(proc);
    execFileSync('mount', ['-t', 'proc', '-o', `hidepid=${hidepid}`, 'proc', proc]);
    onTestFinished(() => {
      execFileSync('umount', [proc]);
      rmdirSync(proc);
    });
    const { name, path } = ownSleep();
    await started(path);
    const asNobody = await program(`
    import { probeProcess } from 'grace:healing/checks/process-check';
    process.setgroups([]); process.setgid(65534); process.setuid(65534);
    const [name, proc] = process.argv.slice(2);
    const of = (spec, from) => probeProcess({ name, least: 1, ...spec }, from).status;
    console.log(JSON.stringify([of({}, proc), of({ least: 0 }, proc), of({ most: 1, least: 0 }, proc), of({}, '/proc')]));
  `);
    expect(probe({ name }, proc).status).toBe('ok');
    expect(JSON.parse(await asNobody([name, proc]).nextLine())).toEqual(['unknown', 'ok', 'unknown', 'ok']);
  },
);
