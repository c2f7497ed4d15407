import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { judgeDisk, probeDisk } from '../../../src/healing/checks/disk-check.js';
import { tempDir } from '../../support/temp-dir.js';

const root = process.getuid?.() === 0;

/** A file system of its own in memory. */
function tmpfs(options: string): string {
  const dir = join(tempDir(), 'disk');
  mkdirSync(dir);
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir]);
  onTestFinished(() => {
    execFileSync('umount', [dir]);
  });
  return dir;
}

const figure = async (finding: ReturnType<typeof probeDisk>, label: string) =>
  (await finding).perfdata?.find((value) => value.label === label)?.value ?? Number.NaN;

test('agrees with df', async ({ expect }) => {
  const [, line = ''] = execFileSync('df', ['-B1', '--output=used,avail,iused,itotal', '/'], {
    encoding: 'utf8',
  }).split('\n');
  const [used = 0, avail = 0, iused = 0, itotal = 0] = line.trim().split(/\s+/).map(Number);
  expect(await figure(probeDisk({ path: '/' }), 'used')).toBeCloseTo((used / (used + avail)) * 100, 0);
  const free = await figure(probeDisk({ path: '/' }), 'free');
  expect(Math.abs(free - avail)).toBeLessThan(avail / 100);
  expect(await figure(probeDisk({ path: '/' }), 'inodes_used')).toBeCloseTo((iused / itotal) * 100, 0);
});

test.skipIf(!root)('a file system that fills up (needs root for a mount)', async ({ expect }) => {
  const path = tmpfs('size=1m');
  const spec = { path, used_below: 0.5, free_above: 256 * 1024 };
  expect(await probeDisk(spec)).toMatchObject({
    status: 'ok',
    summary: expect.stringMatching(/: 0\.0% used, 1\.0 MiB free, \d\.\d% of its inodes used$/),
  });
  writeFileSync(join(path, 'a'), Buffer.alloc(512 * 1024));
  expect(await probeDisk(spec)).toMatchObject({
    status: 'critical',
    summary: `${path}: 50.0% used, less than 50.0% expected`,
  });
  writeFileSync(join(path, 'b'), Buffer.alloc(256 * 1024));
  expect(await probeDisk(spec)).toMatchObject({
    status: 'critical',
    summary: `${path}: 75.0% used, less than 50.0% expected; 256.0 KiB free, more than 256.0 KiB expected`,
  });
  expect(await probeDisk({ path, used_below: 0.76 })).toMatchObject({ status: 'ok' });
});

test.skipIf(!root)('a file system that runs out of inodes (needs root for a mount)', async ({ expect }) => {
  const path = tmpfs('size=1m,nr_inodes=10');
  const spec = { path, inodes_used_below: 0.9 };
  expect((await probeDisk(spec)).status).toBe('ok');
  for (let i = 0; i < 8; i++) writeFileSync(join(path, String(i)), '');
  expect(await probeDisk(spec)).toMatchObject({
    status: 'critical',
    summary: `${path}: 90.0% of its inodes used, less than 90.0% expected`,
    perfdata: expect.arrayContaining([{ label: 'inodes_used', value: 90, unit: '%', crit: '90', min: 0, max: 100 }]),
  });
});

test('blocks kept for root count as neither used nor free; uncounted inodes cannot run out', ({ expect }) => {
  const figures = { bsize: 4096n, blocks: 1000n, bfree: 100n, bavail: 50n, files: 0n, ffree: 0n };
  const found = judgeDisk({ path: '/x', used_below: 0.95, inodes_used_below: 0.1 }, figures);
  expect(found).toMatchObject({ status: 'ok', summary: '/x: 94.7% used, 200.0 KiB free' });
  expect(judgeDisk({ path: '/x', used_below: 900 / 950 }, figures).status).toBe('critical');
});

test('what has no size or is not there is unknown', async ({ expect }) => {
  expect(await probeDisk({ path: '/proc', used_below: 0.9 })).toEqual({
    status: 'unknown',
    summary: 'the file system of /proc has no size',
  });
  expect(await probeDisk({ path: '/nowhere/at/all' })).toMatchObject({
    status: 'unknown',
    summary: expect.stringMatching(/^the check cannot run: ENOENT/),
  });
});

test('two checks may look at one path at the same time', async ({ expect }) => {
  const found = await Promise.all([probeDisk({ path: '/' }), probeDisk({ path: '/', free_above: 2 ** 60 })]);
  expect(found.map(({ status }) => status)).toEqual(['ok', 'critical']);
});

test('a bound is the share that was written, to the digit', ({ expect }) => {
  const figures = { bsize: 4096n, blocks: 1000n, bfree: 900n, bavail: 900n, files: 0n, ffree: 0n };
  expect(judgeDisk({ path: '/x', used_below: 0.57 }, figures).perfdata).toMatchObject([
    { label: 'used', crit: '57' },
    {},
  ]);
});
