import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { besidesSeal, cliEnv, ROOT, readLogs } from '../support/cli.js';
import { tempDir } from '../support/temp-dir.js';

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

describe('package.json', () => {
  test('every dependency is pinned to one version', () => {
    const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(all.length).toBeGreaterThan(10);
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
  });

  test('the lock file says the same', () => {
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
    expect(lock.packages[''].dependencies).toEqual(manifest.dependencies);
    expect(lock.packages[''].devDependencies).toEqual(manifest.devDependencies);
    expect(lock.version).toBe(manifest.version);
    for (const [name, version] of Object.entries(manifest.dependencies)) {
      expect(lock.packages[`node_modules/${name}`].version).toBe(version);
    }
  });

  test('install scripts are allowed by name, only where they are needed', () => {
    expect(Object.keys(manifest.allowScripts).sort()).toEqual(['better-sqlite3', 'esbuild']);
  });
});

interface Packed {
  readonly filename: string;
  readonly files: { path: string; mode: number }[];
}

function pack(to: string, ...more: string[]): Packed {
  // Scripts would build, and the build that is there is what the other tests run.
  const args = ['pack', '--json', '--ignore-scripts', '--offline', '--pack-destination', to, ...more];
  const run = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8' });
  expect(run.status, run.stderr).toBe(0);
  return JSON.parse(run.stdout)[0];
}

describe('npm pack', () => {
  test('holds what a user needs and nothing else', () => {
    const files = pack(tempDir(), '--dry-run').files.map((file) => file.path);
    for (const path of [
      'bin/grace.js',
      'bin/compiled.js',
      'dist/cli/main.cjs',
      'dist/cli/main.cjs.cache',
      'dist/core/index.js',
      'dist/trigger/port-thief.js',
      'dist/types/core/index.d.ts',
      'package.json',
      'LICENSE',
    ]) {
      expect(files).toContain(path);
    }
    expect(files.filter((path) => !/^(bin|dist|docs)\/|^[A-Za-z.-]+$/.test(path))).toEqual([]);
    expect(
      files.filter((path) => /^(src|test|bench|logs|scripts)\//.test(path) || /\.jsonl$|\.db$/.test(path)),
    ).toEqual([]);
  });

  test('unpacked elsewhere it works: the program, and the library through its exports', () => {
    const dir = tempDir();
    const { filename, files } = pack(dir);
    expect(files.find((file) => file.path === 'bin/grace.js')?.mode).toBe(0o755);
    const modules = join(dir, 'lib/node_modules');
    const home = join(modules, 'grace');
    mkdirSync(home, { recursive: true });
    expect(spawnSync('tar', ['-xzf', join(dir, filename), '-C', home, '--strip-components=1']).status).toBe(0);
    // What npm would install beside it; nothing is downloaded here.
    mkdirSync(join(home, 'node_modules'));
    const needed = readdirSync(join(ROOT, 'node_modules')).filter((name) => !name.startsWith('.'));
    for (const name of needed) symlinkSync(join(ROOT, 'node_modules', name), join(home, 'node_modules', name));
    symlinkSync(join(home, 'bin/grace.js'), join(dir, 'grace'));

    const run = (...args: string[]) =>
      spawnSync(join(dir, 'grace'), args, { cwd: dir, encoding: 'utf8', env: cliEnv() });
    expect(run('--version')).toMatchObject({ status: 0, stdout: `${manifest.version}\n`, stderr: '' });
    const drill = run('trigger', 'incident', '--logs', 'logs');
    expect([drill.status, besidesSeal(drill.stderr)]).toEqual([0, '']);
    expect(readLogs(join(dir, 'logs')).incidents.at(-1)).toMatchObject({ status: 'resolved' });

    const user = join(dir, 'lib/user.mjs');
    writeFileSync(
      user,
      `import { Registry, systemClock } from 'grace/core';
       const registry = new Registry(process.argv[2], { clock: systemClock, jitter: Math.random, unique: 'u' });
       registry.sync();
       console.log(registry.read((db) => db.prepare('SELECT count(*) AS n FROM tasks').get()).n);
       const inner = await import('grace/dist/core/index.js').catch((error) => error.code);
       console.log(inner);`,
    );
    const library = spawnSync(process.execPath, [user, join(dir, 'logs')], { encoding: 'utf8' });
    expect(library).toMatchObject({ status: 0, stderr: '', stdout: '1\nERR_PACKAGE_PATH_NOT_EXPORTED\n' });
  });
});
