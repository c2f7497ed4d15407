// Builds dist/: the program as one file, the library, and the type declarations of the library.
// Why so: docs/decisions/0002-bundled-build.md
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
rmSync('dist', { recursive: true, force: true });

const common = {
  outdir: 'dist',
  bundle: true,
  packages: 'external',
  platform: 'node',
  target: 'node20',
  loader: { '.sql': 'text' },
  sourcemap: true,
  logLevel: 'warning',
};

// CommonJS: read, compiled and run at once, without the waiting that links modules. What a dynamic import brings runs
// only when it is asked for, and only then are the packages required that it needs.
await build({
  ...common,
  entryPoints: { 'cli/main': 'src/cli/main.ts' },
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  // Packages are required when they are asked for: what V8 kept compiled cannot import.
  supported: { 'dynamic-import': false },
});

const { keepCompiled, IN_ONE_FILE } = createRequire(import.meta.url)('../bin/compiled.js');

/** zod has its messages in fifty languages, half of the package; the program says its own, and falls back to English. */
const onlyEnglish = {
  name: 'only-english',
  setup(building) {
    building.onLoad({ filter: /\/zod\/v4\/locales\/index\.c?js$/ }, () => ({
      contents: "exports.en = require('./en.cjs').default;",
      loader: 'js',
    }));
  },
};

// Packages of many files, each as one.
for (const name of IN_ONE_FILE) {
  await build({
    stdin: { contents: `module.exports = require(${JSON.stringify(name)});`, resolveDir: root },
    outfile: `dist/packages/${name}.cjs`,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    legalComments: 'none',
    plugins: [onlyEnglish],
    logLevel: 'warning',
  });
  keepCompiled(join(root, 'dist', 'packages', `${name}.cjs`));
}
keepCompiled(join(root, 'dist', 'cli', 'main.cjs'));

// What other programs import, the programs that a drill starts, and the thread that hashes a log.
await build({
  ...common,
  entryPoints: {
    'core/index': 'src/core/index.ts',
    'trigger/port-thief': 'src/trigger/port-thief.ts',
    'trigger/drill-service': 'src/trigger/drill-service.ts',
    'trigger/drill-keeper': 'src/trigger/drill-keeper.ts',
    'evidence/leaf-worker': 'src/evidence/audit/leaf-worker.ts',
  },
  format: 'esm',
});

const tsc = spawnSync(
  process.execPath,
  [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.types.json'],
  {
    stdio: 'inherit',
  },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
