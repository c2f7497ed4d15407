import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The scenarios as programs that can be killed. */
export interface Programs {
  readonly append: string;
  readonly project: string;
  readonly claim: string;
}

/** One change to one source file. `find` must stand there exactly `times` (once) or nothing is built. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly put: string;
  readonly times?: number;
}

const SOURCES = {
  append: new URL('./programs/append.ts', import.meta.url),
  project: new URL('./programs/project.ts', import.meta.url),
  claim: new URL('./programs/claim.ts', import.meta.url),
};

/** Bundles the programs from the sources as they are, or with bugs planted in them. */
export async function bundlePrograms(edits: readonly Edit[] = []): Promise<Programs & { remove(): void }> {
  // Below node_modules, so that the packages the bundles leave out are found from there.
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const outdir = mkdtempSync(join(cache, 'grace-faults-'));
  const edited = new Set<string>();
  await build({
    entryPoints: Object.fromEntries(Object.entries(SOURCES).map(([name, url]) => [name, fileURLToPath(url)])),
    outdir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    // As the program itself is built: it starts faster.
    format: 'cjs',
    target: 'node20',
    loader: { '.sql': 'text' },
    logLevel: 'silent',
    plugins: [planting(edits, edited)],
  });
  const missed = edits.filter(({ file }) => !edited.has(file));
  if (missed.length > 0) throw new Error(`no program reads ${missed.map(({ file }) => file).join(', ')}`);
  const path = (name: string) => join(outdir, `${name}.cjs`);
  const remove = () => rmSync(outdir, { recursive: true, force: true });
  return { append: path('append'), project: path('project'), claim: path('claim'), remove };
}

function planting(edits: readonly Edit[], edited: Set<string>): Plugin {
  return {
    name: 'planted-bugs',
    setup(bundle) {
      bundle.onLoad({ filter: /\/src\/core\/.*\.ts$/ }, ({ path }) => {
        const file = relative(root, path);
        const here = edits.filter((edit) => edit.file === file);
        if (here.length === 0) return undefined;
        edited.add(file);
        return { contents: here.reduce(plant, readFileSync(path, 'utf8')), loader: 'ts' };
      });
    },
  };
}

/** A control that no longer plants anything would pass for the wrong reason: the place must be found. */
function plant(source: string, { file, find, put, times = 1 }: Edit): string {
  const parts = source.split(find);
  if (parts.length !== times + 1) {
    throw new Error(`${file}: ${JSON.stringify(find)} stands there ${parts.length - 1} times, not ${times}`);
  }
  return parts.join(put);
}
