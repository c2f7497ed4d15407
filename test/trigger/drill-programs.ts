import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { afterAll, beforeAll } from 'vitest';

const require = createRequire(import.meta.url);

/** Found from wherever a program is put. */
export const packagesInPlace: Plugin = {
  name: 'packages-in-place',
  setup({ onResolve }) {
    onResolve({ filter: /^better-sqlite3$/ }, ({ path }) => ({
      path: pathToFileURL(require.resolve(path)).href,
      external: true,
    }));
  },
};

/** A folder in which the programs that drills start lie as in the installed package; made before the tests of a file. */
export function drillPrograms(): { readonly home: string; readonly program: (name: string) => string } {
  let home = '';
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'grace-home-'));
    await build({
      entryPoints: ['drill-keeper', 'drill-service', 'port-thief'].map((name) => `src/trigger/${name}.ts`),
      outdir: join(home, 'dist', 'trigger'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
      plugins: [packagesInPlace],
    });
    // Node takes .js for what the nearest package.json says.
    writeFileSync(join(home, 'package.json'), '{ "type": "module" }\n');
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  return {
    get home() {
      return home;
    },
    program: (name) => join(home, 'dist', 'trigger', `${name}.js`),
  };
}
