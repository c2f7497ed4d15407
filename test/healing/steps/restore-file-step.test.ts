import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/core/host/clock.js';
import { type RestoreFileSpec, restoreFileStep } from '../../../src/healing/steps/restore-file-step.js';
import { tempDir } from '../../support/temp-dir.js';
import { trustedDir } from '../../support/trusted-dir.js';

const isRoot = process.getuid?.() === 0;

function order(stop: AbortSignal = new AbortController().signal) {
  return { marker: 'test', facts: {}, stop };
}

function places() {
  const dir = tempDir();
  return { dir, path: join(dir, 'app.yaml'), from: join(tempDir(), 'app.yaml.good') };
}

function stepOf(path: string, from: string, parses_as?: 'yaml' | 'json' | 'toml', more: Partial<RestoreFileSpec> = {}) {
  return restoreFileStep({ name: 'restore', restore_file: { path, from, parses_as }, ...more }, systemClock);
}

test('says what it is', () => {
  expect(stepOf('/etc/app.yaml', '/var/backups/app.yaml')).toMatchObject({
    name: 'restore',
    destroys: 'what /etc/app.yaml holds; it is kept as /etc/app.yaml.grace-before until the next time',
    repeatable: true,
    timeout_s: 60,
  });
});

describe('worked', () => {
  test('the backup stands in the place of the file, which is kept beside it with all that it was', async () => {
    const { dir, path, from } = places();
    writeFileSync(path, 'a: [\n', { mode: 0o640 });
    writeFileSync(from, 'a: 1\n', { mode: 0o600 });
    const former = statSync(path);
    expect(await stepOf(path, from, 'yaml').run(order())).toEqual({
      outcome: 'worked',
      exit: `restored ${path} from ${from} (5 bytes); the former one is kept as ${path}.grace-before`,
    });
    expect(readFileSync(path, 'utf8')).toBe('a: 1\n');
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(readFileSync(`${path}.grace-before`, 'utf8')).toBe('a: [\n');
    expect(statSync(`${path}.grace-before`).ino).toBe(former.ino);
    expect(statSync(path).ino).not.toBe(former.ino);
    expect(readdirSync(dir).sort()).toEqual(['app.yaml', 'app.yaml.grace-before']);
    expect(readFileSync(from, 'utf8')).toBe('a: 1\n');
  });

  test('a second run finds that nothing is to be done, and the former file is still kept', async () => {
    const { path, from } = places();
    writeFileSync(path, 'broken');
    writeFileSync(from, '{}');
    await stepOf(path, from, 'json').run(order());
    const { ino } = statSync(path);
    expect(await stepOf(path, from, 'json').run(order())).toEqual({
      outcome: 'worked',
      exit: `${path} is already the same as ${from}; nothing was replaced`,
    });
    expect(statSync(path).ino).toBe(ino);
    expect(readFileSync(`${path}.grace-before`, 'utf8')).toBe('broken');
  });

  test('a file that is missing, with the mode of the backup', async () => {
    const { dir, path, from } = places();
    writeFileSync(from, 'a = 1\n');
    chmodSync(from, 0o604);
    expect(await stepOf(path, from, 'toml').run(order())).toMatchObject({
      outcome: 'worked',
      exit: expect.stringContaining('there was none before'),
    });
    expect(statSync(path).mode & 0o777).toBe(0o604);
    expect(readdirSync(dir)).toEqual(['app.yaml']);
  });

  test('only the last former file is kept', async () => {
    const { path, from } = places();
    for (const text of ['one', 'two']) {
      writeFileSync(path, text);
      writeFileSync(from, `good ${text}`);
      await stepOf(path, from).run(order());
    }
    expect(readFileSync(`${path}.grace-before`, 'utf8')).toBe('two');
  });

  test('more than is copied at once, of the same length as before', async () => {
    const { path, from } = places();
    const good = Buffer.alloc(3_000_001, 'good');
    writeFileSync(path, Buffer.alloc(3_000_001, 'evil'));
    writeFileSync(from, good);
    expect((await stepOf(path, from).run(order())).outcome).toBe('worked');
    expect(readFileSync(path).equals(good)).toBe(true);
  });

  test('what a run that was cut off left beside is not written into', async () => {
    const { path, from } = places();
    const victim = join(tempDir(), 'victim');
    writeFileSync(victim, 'precious');
    linkSync(victim, `${path}.grace-new`);
    symlinkSync(victim, `${path}.grace-before`);
    writeFileSync(path, 'bad');
    writeFileSync(from, 'good');
    expect((await stepOf(path, from).run(order())).outcome).toBe('worked');
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(lstatSync(`${path}.grace-before`).isFile()).toBe(true);
  });

  test.skipIf(!isRoot)('with the owner of the former file, or else of the backup (needs root)', async () => {
    const { path, from } = places();
    writeFileSync(path, 'bad');
    chownSync(path, 65_534, 12);
    chmodSync(path, 0o4755);
    writeFileSync(from, 'good');
    chownSync(from, 7, 8);
    await stepOf(path, from).run(order());
    expect(statSync(path)).toMatchObject({ uid: 65_534, gid: 12 });
    // Not what makes a program run as another account.
    expect(statSync(path).mode & 0o7777).toBe(0o755);
    const other = places();
    await stepOf(other.path, from).run(order());
    expect(statSync(other.path)).toMatchObject({ uid: 7, gid: 8 });
  });

  test('at no moment is there no file', async () => {
    const { dir, path, from } = places();
    writeFileSync(path, '0');
    writeFileSync(from, '1'.repeat(100_000));
    const script = `let missing = 0, looks = 0; const fs = require('fs');
      process.stdout.write('ready');
      const end = Date.now() + 600;
      while (Date.now() < end) { looks++; try { fs.statSync(${JSON.stringify(path)}); } catch { missing++; } }
      process.stdout.write(JSON.stringify({ missing, looks }));`;
    const { spawn } = await import('node:child_process');
    const watcher = spawn(process.execPath, ['-e', script]);
    onTestFinished(() => {
      watcher.kill('SIGKILL');
    });
    let said = '';
    watcher.stdout.on('data', (text) => {
      said += text;
    });
    const ended = new Promise((resolve) => watcher.once('close', resolve));
    while (said === '') await new Promise((resolve) => setTimeout(resolve, 5));
    for (let i = 0; watcher.exitCode === null; i++) {
      writeFileSync(from, `${i}`);
      await stepOf(path, from).run(order());
    }
    await ended;
    const { missing, looks } = JSON.parse(said.slice('ready'.length));
    expect(looks).toBeGreaterThan(100);
    expect(missing).toBe(0);
    expect(readdirSync(dir).sort()).toEqual(['app.yaml', 'app.yaml.grace-before']);
  });
});

test('a link above it that nobody else can change is followed', async () => {
  const dir = trustedDir();
  mkdirSync(join(dir, 'real'));
  symlinkSync('real', join(dir, 'link'));
  const { from } = places();
  writeFileSync(join(dir, 'real/app.yaml'), 'a: [');
  writeFileSync(from, 'a: 1');
  const path = join(dir, 'link/app.yaml');
  expect((await stepOf(path, from, 'yaml').run(order())).exit).toMatch(`restored ${path} from ${from}`);
  expect(readFileSync(join(dir, 'real/app.yaml'), 'utf8')).toBe('a: 1');
  expect(readdirSync(join(dir, 'real')).sort()).toEqual(['app.yaml', 'app.yaml.grace-before']);
});

test('a directory that is exchanged for a link meanwhile leads nowhere else', async () => {
  const { from } = places();
  const dir = tempDir();
  const elsewhere = tempDir();
  mkdirSync(join(dir, 'app'));
  const path = join(dir, 'app/app.yaml');
  writeFileSync(path, 'bad');
  writeFileSync(join(elsewhere, 'app.yaml'), 'precious');
  writeFileSync(from, 'good');
  let looks = 0;
  const clock = {
    now: systemClock.now,
    elapsed() {
      // The first look is before anything is opened, the second in the middle of copying.
      if (++looks === 2) {
        renameSync(join(dir, 'app'), join(dir, 'moved'));
        symlinkSync(elsewhere, join(dir, 'app'));
      }
      return systemClock.elapsed();
    },
  };
  const result = await restoreFileStep({ name: 'restore', restore_file: { path, from } }, clock).run(order());
  expect(result.outcome).toBe('worked');
  expect(looks).toBeGreaterThan(2);
  expect(readdirSync(elsewhere)).toEqual(['app.yaml']);
  expect(readFileSync(join(elsewhere, 'app.yaml'), 'utf8')).toBe('precious');
  expect(readFileSync(join(dir, 'moved/app.yaml'), 'utf8')).toBe('good');
});

describe('refused, and nothing is changed', () => {
  const refused = async (path: string, from: string, parses_as?: 'yaml' | 'json' | 'toml') => {
    const { outcome, exit } = await stepOf(path, from, parses_as).run(order());
    expect(outcome).toBe('failed');
    return exit.replaceAll(path, 'PATH').replaceAll(from, 'FROM');
  };

  test('the backup is missing', async () => {
    const { dir, path, from } = places();
    writeFileSync(path, 'bad');
    expect(await refused(path, from)).toBe('refused: the backup FROM is missing');
    expect(readdirSync(dir)).toEqual(['app.yaml']);
  });

  test('a link in either place', async () => {
    const { dir, path, from } = places();
    const victim = join(tempDir(), 'victim');
    writeFileSync(victim, 'precious');
    writeFileSync(from, 'good');
    symlinkSync(victim, path);
    expect(await refused(path, from)).toBe('refused: PATH is a symbolic link and is left alone');
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(readlinkSync(path)).toBe(victim);
    const other = places();
    writeFileSync(other.path, 'bad');
    symlinkSync(victim, other.from);
    expect(await refused(other.path, other.from)).toBe('refused: FROM is a symbolic link and is left alone');
    expect(readdirSync(dir)).toEqual(['app.yaml']);
  });

  test('a link that others could change above either place', async () => {
    const { dir, path, from } = places();
    const elsewhere = tempDir();
    writeFileSync(join(elsewhere, 'app.yaml'), 'precious');
    writeFileSync(from, 'good');
    symlinkSync(elsewhere, join(dir, 'link'));
    const said = `others could change the symbolic link ${dir}/link: name where it really leads`;
    const behind = join(dir, 'link/app.yaml');
    expect(await refused(behind, from)).toBe(`refused: PATH: ${said}`);
    expect(await refused(path, behind)).toBe(`refused: FROM: ${said}`);
    expect(readdirSync(elsewhere)).toEqual(['app.yaml']);
    expect(readFileSync(join(elsewhere, 'app.yaml'), 'utf8')).toBe('precious');
    expect(existsSync(path)).toBe(false);
  });

  test('a directory or a pipe in either place, and nothing hangs', async () => {
    const { path, from } = places();
    spawnSync('mkfifo', [from]);
    mkdirSync(path);
    expect(await refused(path, from)).toBe('refused: PATH is no regular file and is left alone');
    const other = places();
    writeFileSync(other.path, 'bad');
    expect(await refused(other.path, from)).toBe('refused: FROM is no regular file and is left alone');
  });

  test('both are one and the same file', async () => {
    const { path, from } = places();
    writeFileSync(path, 'bad');
    linkSync(path, from);
    expect(await refused(path, from)).toBe('refused: FROM and PATH are one and the same file');
  });

  test('the backup is itself broken, or too long to tell', async () => {
    const { dir, path, from } = places();
    writeFileSync(path, 'bad');
    writeFileSync(from, '{"a":');
    expect(await refused(path, from, 'json')).toMatch(/^refused: the backup FROM is not known to be JSON: /);
    truncateSync(from, 9_000_000);
    expect(await refused(path, from, 'json')).toContain('longer than');
    expect(readFileSync(path, 'utf8')).toBe('bad');
    expect(readdirSync(dir)).toEqual(['app.yaml']);
  });

  test('there is no directory to put it in', async () => {
    const { dir, from } = places();
    writeFileSync(from, 'good');
    expect(await refused(join(dir, 'none', 'app.yaml'), from)).toContain(`there is no directory ${join(dir, 'none')}`);
    expect(readdirSync(dir)).toEqual([]);
  });

  test.skipIf(!isRoot || !existsSync('/bin/mount'))('no space is left (needs root)', async () => {
    const { from } = places();
    const dir = tempDir();
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', dir]).status).toBe(0);
    onTestFinished(() => {
      spawnSync('umount', [dir]);
    });
    const path = join(dir, 'app.yaml');
    writeFileSync(path, 'bad');
    writeFileSync(from, 'x'.repeat(200_000));
    expect(await refused(path, from)).toContain('no space is left on the device');
    expect(readFileSync(path, 'utf8')).toBe('bad');
    expect(readdirSync(dir)).toEqual(['app.yaml']);
  });
});

test('out of time and interrupted: nothing is replaced', async () => {
  const { dir, path, from } = places();
  writeFileSync(path, 'bad');
  writeFileSync(from, 'good');
  expect(await stepOf(path, from, undefined, { timeout_s: 0 }).run(order())).toMatchObject({ outcome: 'timed_out' });
  const interrupted = await stepOf(path, from).run(order(AbortSignal.abort()));
  expect(interrupted).toEqual({ outcome: 'failed', exit: 'interrupted; nothing was replaced' });
  expect(readFileSync(path, 'utf8')).toBe('bad');
  expect(readdirSync(dir)).toEqual(['app.yaml']);
});
