import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A real directory of its own, removed when the test ends. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'grace-test-'));
  onTestFinished(() => removeDir(dir));
  return dir;
}

/** The same for code that makes many: runs `use` and removes the directory at once. */
export function withTempDir<T>(use: (dir: string) => T): T {
  const dir = mkdtempSync(join(tmpdir(), 'grace-test-'));
  let result: T;
  try {
    result = use(dir);
  } catch (error) {
    removeDir(dir);
    throw error;
  }
  if (!(result instanceof Promise)) removeDir(dir);
  else return result.finally(() => removeDir(dir)) as T;
  return result;
}

function removeDir(dir: string): void {
  try {
    chmodSync(dir, 0o700);
  } catch {
    // Removed by the test itself.
  }
  rmSync(dir, { recursive: true, force: true });
}

/** Everything a look must not change: names, kinds, owners, modes, sizes, change and modification times, and the bytes. */
export function fingerprintOf(dir: string): unknown {
  const of = (path: string) => {
    const { uid, gid, mode, size, mtimeNs, ctimeNs, ino, nlink } = statSync(path, { bigint: true });
    return { uid, gid, mode, size, mtimeNs, ctimeNs, ino, nlink };
  };
  return {
    self: of(dir),
    files: readdirSync(dir)
      .sort()
      .map((name) => {
        const path = join(dir, name);
        return { name, ...of(path), bytes: statSync(path).isFile() ? readFileSync(path, 'hex') : undefined };
      }),
  };
}
