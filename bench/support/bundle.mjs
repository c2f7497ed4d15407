import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from './workspace.mjs';

/** Bundles bench/programs with the sources as they are, as scripts/build.mjs does. Answers their paths by name. */
export async function bundlePrograms(dir) {
  const folder = join(ROOT, 'bench', 'programs');
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => file.slice(0, -'.mjs'.length));
  const outdir = join(dir, 'programs');
  await build({
    entryPoints: Object.fromEntries(names.map((name) => [name, join(folder, `${name}.mjs`)])),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    loader: { '.sql': 'text' },
    logLevel: 'warning',
  });
  return Object.fromEntries(names.map((name) => [name, join(outdir, `${name}.mjs`)]));
}
