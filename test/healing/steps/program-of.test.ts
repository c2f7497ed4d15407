import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runsExecutable, runsProgram } from '../../../src/healing/steps/program-of.js';
import { tempDir } from '../../support/temp-dir.js';
import { endsWithTest, sleeper, until } from './processes.js';

async function running(argv: readonly string[], comm: string): Promise<number> {
  const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: 'ignore', detached: true });
  endsWithTest(child.pid ?? 0);
  await until(() => readFileSync(`/proc/${child.pid}/comm`, 'utf8') === `${comm}\n`);
  return child.pid ?? 0;
}

describe('an executable', () => {
  test('is known by its file, not by its name', async () => {
    const dir = tempDir();
    const copy = join(dir, 'sleep');
    const link = join(dir, 'link');
    copyFileSync('/usr/bin/sleep', copy);
    symlinkSync('/usr/bin/sleep', link);
    const { pid } = await sleeper();
    expect(runsExecutable(pid, '/usr/bin/sleep')).toBe(true);
    expect(runsExecutable(pid, link)).toBe(true);
    expect(runsExecutable(pid, copy)).toBe(false);
    expect(runsExecutable(pid, '/nowhere/sleep')).toBe(false);
    expect(runsExecutable(2 ** 30, '/usr/bin/sleep')).toBe(false);
  });

  test('is still known once an upgrade has put another in its place, or none', async () => {
    const dir = tempDir();
    const service = join(dir, 'service');
    copyFileSync('/usr/bin/sleep', service);
    const pid = await running([service, '60'], 'service');
    rmSync(service);
    expect(runsExecutable(pid, service)).toBe(true);
    expect(runsExecutable(pid, join(dir, 'other'))).toBe(false);
    copyFileSync('/usr/bin/tail', service);
    expect(runsExecutable(pid, service)).toBe(true);
  });
});

describe('a program', () => {
  const script = (first: string) => {
    const path = join(tempDir(), 'service');
    writeFileSync(path, `${first}\nimport time\ntime.sleep(60)\n`);
    chmodSync(path, 0o755);
    return path;
  };

  test('that is a script is its interpreter with the script in the command line', async () => {
    const path = script('#!/usr/bin/python3 -u');
    const pid = await running([path, 'x'], 'service');
    expect(runsProgram(pid, [path, 'x'])).toBe(true);
    const link = join(tempDir(), 'link');
    symlinkSync(path, link);
    expect(runsProgram(pid, [link])).toBe(true);
    expect(runsProgram(pid, [script('#!/usr/bin/python3')])).toBe(false);
    expect(runsProgram(pid, [script('#!/bin/sh')])).toBe(false);
  });

  test('that is a script found through env', async () => {
    const path = script('#!/usr/bin/env -S python3 -u');
    const child = spawn(path, [], { stdio: 'ignore', env: { PATH: '/usr/bin' } });
    onTestFinished(() => void child.kill('SIGKILL'));
    await until(() => runsProgram(child.pid ?? 0, [path]));
    expect(runsProgram(child.pid ?? 0, [script('#!/usr/bin/env perl')])).toBe(false);
  });

  test('is not whoever merely reads the script', async () => {
    const path = script('#!/usr/bin/python3');
    const pid = await running(['/usr/bin/tail', '-f', path], 'tail');
    expect(runsProgram(pid, [path])).toBe(false);
  });

  test('that is an interpreter is known by what it was told to run', async () => {
    const pid = await running(['/bin/sh', '-c', 'sleep 60; true', 'one'], 'sh');
    expect(runsProgram(pid, ['/bin/sh', '-c', 'sleep 60; true'])).toBe(true);
    expect(runsProgram(pid, ['/bin/sh', '/srv/other'])).toBe(false);
    const link = join(tempDir(), 'runit');
    symlinkSync('/bin/sh', link);
    expect(runsProgram(pid, [link, '/srv/other'])).toBe(false);
  });
});
