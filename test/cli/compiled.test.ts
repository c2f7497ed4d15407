import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../support/cli.js';
import { tempDir } from '../support/temp-dir.js';

/** A copy of the program that a test may damage. */
function installed(): {
  home: string;
  cache: string;
  list(): { status: number | null; stdout: string; stderr: string };
} {
  const home = tempDir();
  for (const name of ['bin', 'dist', 'package.json']) cpSync(join(ROOT, name), join(home, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(home, 'node_modules'));
  const list = () => {
    const run = spawnSync(process.execPath, [join(home, 'bin/grace.js'), 'trigger', 'drill'], { encoding: 'utf8' });
    return { status: run.status, stdout: run.stdout, stderr: run.stderr };
  };
  return { home, cache: join(home, 'dist/cli/main.cjs.cache'), list };
}

describe('what was compiled when the program was built', () => {
  test('is what runs, wherever it is started from, with all packages that a command asks for', () => {
    const { run } = createRequire(import.meta.url)('../../bin/compiled.js') as {
      run: (path: string) => { script: { cachedDataRejected?: boolean } };
    };
    expect(run(join(ROOT, 'dist/cli/main.cjs')).script.cachedDataRejected).toBe(false);
    const env = { PATH: process.env.PATH ?? '', FORCE_COLOR: '1' };
    const args = [join(ROOT, 'bin/grace.js'), 'doctor', '--logs', tempDir()];
    const doctor = spawnSync(process.execPath, args, { cwd: '/', encoding: 'utf8', env });
    expect(doctor.stdout).toContain('the native module works');
    expect(doctor.stdout).toContain('\u001b[');
    expect(doctor.stderr).toBe('');
  });

  test('is left aside where it is gone, damaged, or of another program', () => {
    const { home, cache, list } = installed();
    const good = list();
    expect(good).toMatchObject({ status: 0, stderr: '' });
    const kept = readFileSync(cache);
    for (let i = 0; i < 12; i++) {
      const damaged = Buffer.from(kept);
      const at = Math.floor((i * kept.length) / 12);
      damaged[at] = (damaged[at] as number) ^ 1;
      writeFileSync(cache, damaged);
      expect(list(), `byte ${at}`).toEqual(good);
    }
    for (const bytes of [Buffer.alloc(0), kept.subarray(0, 3), kept.subarray(0, 5000)]) {
      writeFileSync(cache, bytes);
      expect(list()).toEqual(good);
    }
    writeFileSync(cache, kept);
    const program = join(home, 'dist/cli/main.cjs');
    const text = readFileSync(program, 'latin1');
    // As long as before: V8 alone would not notice.
    writeFileSync(
      program,
      text.replace('What a drill does', 'What a drill DOES').replaceAll('port_in_use', 'PORT_IN_USE'),
      'latin1',
    );
    expect(list().stdout).not.toBe(good.stdout);
    rmSync(cache);
    expect(list().status).toBe(0);
  });
});

describe('a native module that does not fit this Node', () => {
  test('is named, with what mends it, and is no bug', () => {
    const { home, list } = installed();
    const modules = join(home, 'node_modules');
    rmSync(modules);
    mkdirSync(modules);
    for (const name of readdirSync(join(ROOT, 'node_modules'))) {
      if (name !== 'better-sqlite3') symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
    }
    const native = 'better-sqlite3/build/Release/better_sqlite3.node';
    mkdirSync(join(modules, 'better-sqlite3/build/Release'), { recursive: true });
    for (const name of ['package.json', 'lib'])
      cpSync(join(ROOT, 'node_modules/better-sqlite3', name), join(modules, 'better-sqlite3', name), {
        recursive: true,
      });
    expect(list().status, 'what needs no database').toBe(0);
    for (const broken of [Buffer.from('no library'), undefined]) {
      if (broken) writeFileSync(join(modules, native), broken);
      else rmSync(join(modules, native));
      const run = (...args: string[]) =>
        spawnSync(process.execPath, [join(home, 'bin/grace.js'), ...args, '--logs', join(home, 'logs')], {
          encoding: 'utf8',
        });
      const report = run('trigger', 'incident', '--failure-mode', 'disk_full');
      expect(report.status).toBe(1);
      expect(report.stderr).toContain(`[GRACE_NATIVE_MODULE]\ngrace: hint: cd ${home} && npm rebuild better-sqlite3`);
      const doctor = run('doctor');
      expect(doctor.stdout).toMatch(/^bad +sqlite/m);
      expect(doctor.stderr).toBe('');
      expect(doctor.status).toBe(3);
    }
  });
});
