import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The program as it is installed; `npm run bench` has just built it. */
export const GRACE = join(ROOT, 'bin', 'grace.js');

/** A directory for one run; gone afterwards, also when interrupted. */
export async function withWorkspace(work) {
  const dir = mkdtempSync(join(tmpdir(), 'grace-bench-'));
  // What is sealed here is sealed with keys that go away with it.
  process.env.XDG_STATE_HOME = join(dir, 'state');
  // Bundles in it find the packages they leave out.
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  const interrupted = () => {
    remove();
    process.exit(130);
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    return await work(dir);
  } finally {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    remove();
  }
}

/** An empty directory inside the workspace. */
export function freshDirectory(dir, name) {
  const path = join(dir, name);
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true, mode: 0o750 });
  return path;
}
