// Builds dist/: the program and the library as a handful of bundled files (a start-up reads few files instead of
// many small ones, see docs/decisions/0002), and the type declarations of the library.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
rmSync('dist', { recursive: true, force: true });

await build({
  entryPoints: {
    'cli/main': 'src/cli/main.ts',
    'core/index': 'src/core/index.ts',
    'trigger/port-thief': 'src/trigger/port-thief.ts',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  loader: { '.sql': 'text' },
  sourcemap: true,
  logLevel: 'warning',
});

const tsc = spawnSync(
  process.execPath,
  [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.types.json'],
  {
    stdio: 'inherit',
  },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
