import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import type { CheckSpecs } from '../../../src/core/config/schema/check-schema.js';
import { probeLog } from '../../../src/healing/checks/log-check.js';
import { tempDir } from '../../support/temp-dir.js';

/** A log that is looked at again and again; what is remembered goes through JSON, as it does on disk. */
function watched(more: Partial<CheckSpecs['log']> = {}) {
  const path = more.path ?? join(tempDir(), 'app.log');
  const spec = { path, pattern: 'ERROR', least: 1, ...more };
  const memory: { text?: string } = {};
  const look = () =>
    probeLog(spec, {
      remembered: memory.text === undefined ? undefined : JSON.parse(memory.text),
      remember: (place) => {
        memory.text = JSON.stringify(place);
      },
    });
  const matches = async () => (await look()).perfdata?.[0]?.value;
  return { path, look, matches, memory };
}

test('the first look finds the end, the next ones what was written since', async ({ expect }) => {
  const { path, look, memory } = watched();
  writeFileSync(path, 'ERROR old\n');
  expect(await look()).toEqual({ status: 'ok', summary: `${path} is read from here on` });
  appendFileSync(path, 'fine\nERROR one\nERROR two\r\n');
  expect(await look()).toEqual({
    status: 'critical',
    summary: `2 matching lines in ${path} since the last look: ERROR one`,
    perfdata: [{ label: 'matches', value: 2, unit: '', min: 0 }],
  });
  expect(await look()).toEqual({
    status: 'ok',
    summary: `no matching lines in ${path} since the last look`,
    perfdata: [{ label: 'matches', value: 0, unit: '', min: 0 }],
  });
  expect(memory.text?.length).toBeLessThan(300);
  expect(memory.text).not.toContain('ERROR');
});

test('least and ignore', async ({ expect }) => {
  const { path, look } = watched({ pattern: '^ERROR', ignore: 'harmless$', least: 2 });
  writeFileSync(path, '');
  await look();
  appendFileSync(path, 'ERROR harmless\nan ERROR\nERROR x\n');
  expect(await look()).toMatchObject({ status: 'ok', summary: expect.stringMatching(/^1 matching line in/) });
  appendFileSync(path, 'ERROR x\r\nERROR harmless\r\nERROR y\n');
  expect(await look()).toMatchObject({ status: 'critical' });
});

test('a line without an end waits for it, or for a look at which it has not grown', async ({ expect }) => {
  const { path, matches } = watched();
  writeFileSync(path, '');
  await matches();
  appendFileSync(path, 'x\nERR');
  expect(await matches()).toBe(0);
  appendFileSync(path, 'OR\nERROR, and then it di');
  expect(await matches()).toBe(1);
  expect(await matches()).toBe(1);
  expect(await matches()).toBe(0);
});

test('a single line without an end, in a new file', async ({ expect }) => {
  const { path, matches } = watched();
  expect(await matches()).toBeUndefined();
  writeFileSync(path, 'ERROR');
  expect(await matches()).toBe(0);
  expect(await matches()).toBe(1);
  expect(await matches()).toBe(0);
});

test('after a rotation by rename the old file is read to its end, then the new one', async ({ expect }) => {
  const { path, look } = watched();
  writeFileSync(path, 'ERROR long ago\n');
  await look();
  appendFileSync(path, 'ERROR before\nERROR at last');
  renameSync(path, `${path}.1`);
  writeFileSync(path, 'ERROR after\n');
  expect(await look()).toMatchObject({
    status: 'critical',
    summary: `3 matching lines in ${path} since the last look: ERROR before`,
  });
  appendFileSync(path, 'ERROR more\n');
  expect(await look()).toMatchObject({ perfdata: [{ value: 1 }] });
});

test('a rotated file may have its date before the ending', async ({ expect }) => {
  const { path, matches } = watched();
  writeFileSync(path, '');
  await matches();
  appendFileSync(path, 'ERROR before\n');
  renameSync(path, path.replace('app.log', 'app-20250101.log'));
  writeFileSync(path, '');
  expect(await matches()).toBe(1);
});

test('while the new file is not there yet nothing is forgotten', async ({ expect }) => {
  const { path, look, matches } = watched();
  writeFileSync(path, '');
  await look();
  appendFileSync(path, 'ERROR before\n');
  renameSync(path, `${path}.1`);
  expect(await look()).toEqual({ status: 'unknown', summary: `there is no file ${path}` });
  writeFileSync(path, 'ERROR after\n');
  expect(await matches()).toBe(2);
});

test('when the old file is gone, that is said', async ({ expect }) => {
  const { path, look } = watched();
  writeFileSync(path, 'a\n');
  await look();
  appendFileSync(path, 'ERROR lost\n');
  rmSync(path);
  // Another file meanwhile, so that the new one has another number.
  writeFileSync(`${path}-other`, '');
  writeFileSync(path, 'ERROR after\n');
  expect(await look()).toMatchObject({
    status: 'critical',
    summary: `1 matching line in ${path} since the last look; the file before it is gone, and whatever was written to its end: ERROR after`,
  });
});

test('a truncated file starts over, also when it has grown longer than it was', async ({ expect }) => {
  const { path, look } = watched();
  writeFileSync(path, `${'x'.repeat(100)}\n`);
  await look();
  truncateSync(path);
  appendFileSync(path, 'ERROR one\n');
  const note = 'it was truncated or written anew, and is read from its start';
  expect(await look()).toMatchObject({ summary: `1 matching line in ${path} since the last look; ${note}: ERROR one` });
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
  appendFileSync(path, `${'y'.repeat(200)}\nERROR two\n`);
  expect(await look()).toMatchObject({ summary: `1 matching line in ${path} since the last look; ${note}: ERROR two` });
  truncateSync(path);
  expect(await look()).toMatchObject({ status: 'ok', perfdata: [{ value: 0 }] });
});

test('a copy beside it that begins alike is not taken for the old file', async ({ expect }) => {
  const { path, matches } = watched();
  writeFileSync(path, 'first\n');
  await matches();
  copyFileSync(path, `${path}.1`);
  appendFileSync(`${path}.1`, 'ERROR elsewhere\n');
  appendFileSync(path, 'ERROR here\n');
  expect(await matches()).toBe(1);
});

test('8 MiB are read at a time, and it is said what waits', async ({ expect }) => {
  const { path, look } = watched();
  writeFileSync(path, '');
  await look();
  const line = `${'x'.repeat(1023)}\n`;
  appendFileSync(path, `${line.repeat(9 * 1024)}ERROR\n`);
  expect(await look()).toMatchObject({
    status: 'ok',
    summary: `no matching lines in ${path} since the last look; 8.0 MiB were read, 1.0 MiB wait for the next look`,
  });
  expect(await look()).toMatchObject({ status: 'critical', perfdata: [{ value: 1 }] });
});

test('the bound holds across a rotation', async ({ expect }) => {
  const { path, matches } = watched();
  writeFileSync(path, '');
  await matches();
  appendFileSync(path, `${'x'.repeat(1023)}\n`.repeat(9 * 1024));
  appendFileSync(path, 'ERROR old\n');
  renameSync(path, `${path}.1`);
  writeFileSync(path, 'ERROR new\n');
  expect(await matches()).toBe(0);
  expect(await matches()).toBe(2);
  expect(await matches()).toBe(0);
});

test('lines across the borders of what is read at a time are whole; others wait no longer than they must', async ({
  expect,
}) => {
  const { path, matches } = watched({ pattern: '^begin-[0-9]+-é+-end$' });
  writeFileSync(path, '');
  await matches();
  let turns = 0;
  const ticking = setInterval(() => turns++, 0);
  const lines = Array.from({ length: 9000 }, (_, i) => `begin-${i}-${'é'.repeat(200 + (i % 77))}-end\n`);
  appendFileSync(path, lines.join(''));
  expect(await matches()).toBe(9000);
  clearInterval(ticking);
  expect(turns).toBeGreaterThan(3);
});

test('a line without an end that fills what is read is cut, and ends what follows', async ({ expect }) => {
  const { path, matches } = watched();
  writeFileSync(path, '');
  await matches();
  appendFileSync(path, 'x'.repeat(2_000_000));
  appendFileSync(path, '\nERROR\n');
  expect(await matches()).toBe(1);
});

test('an expression that is slow elsewhere is not slow here', async ({ expect }) => {
  const { path, matches } = watched({ pattern: '^(a+)+$' });
  writeFileSync(path, '');
  await matches();
  appendFileSync(path, `${'a'.repeat(50_000)}!\n`.repeat(10));
  const began = performance.now();
  expect(await matches()).toBe(0);
  expect(performance.now() - began).toBeLessThan(3000);
});

test('what is remembered may be anything', async ({ expect }) => {
  for (const text of [
    'null',
    '1',
    '"x"',
    '[]',
    '{}',
    '{"device":"1","inode":"2","offset":-1,"size":0,"head":"","head_bytes":0}',
  ]) {
    const { path, look, memory } = watched();
    writeFileSync(path, 'ERROR\n');
    memory.text = text;
    expect((await look()).summary).toBe(`${path} is read from here on`);
  }
});

test('what is no file is refused; a link to one is followed', async ({ expect }) => {
  const dir = tempDir();
  const fifo = join(dir, 'fifo');
  execFileSync('mkfifo', [fifo]);
  mkdirSync(join(dir, 'd'));
  for (const path of [fifo, '/dev/zero', join(dir, 'd')]) {
    expect(await watched({ path }).look()).toEqual({
      status: 'unknown',
      summary: `the check cannot run: ${path} is not a regular file`,
    });
  }
  writeFileSync(join(dir, 'real'), '');
  symlinkSync('real', join(dir, 'link'));
  const { path, matches } = watched({ path: join(dir, 'link') });
  await matches();
  appendFileSync(path, 'ERROR\n');
  expect(await matches()).toBe(1);
});

test('an expression that is none is unknown', async ({ expect }) => {
  const { path, look } = watched({ pattern: '(?<=a)b' });
  writeFileSync(path, '');
  expect(await look()).toMatchObject({
    status: 'unknown',
    summary: expect.stringMatching(/^the pattern cannot be used: /),
  });
});

test('no descriptor stays open', async ({ expect }) => {
  const { path, look } = watched();
  writeFileSync(path, '');
  await look();
  appendFileSync(path, 'x\n');
  renameSync(path, `${path}.1`);
  writeFileSync(path, '');
  await look();
  const open = execFileSync('ls', ['-l', `/proc/${process.pid}/fd`], { encoding: 'utf8' });
  expect(open).not.toContain(path);
  expect(readFileSync(path, 'utf8')).toBe('');
});
