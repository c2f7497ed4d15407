import { lstatSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';

/** Whether a path without `..` lies below one of the directories or is one, by its name and, links followed, really. */
export function isPathBelow(path: string, directories: readonly string[]): boolean {
  return directories.some((directory) => {
    if (!isNamedBelow(posix.normalize(path), posix.normalize(directory))) return false;
    const [real, realDirectory] = [realPlace(path), realPlace(directory)];
    return real !== undefined && realDirectory !== undefined && isNamedBelow(real, realDirectory);
  });
}

function isNamedBelow(path: string, directory: string): boolean {
  const trimmed = directory.replace(/\/+$/, '');
  return path === trimmed || path.startsWith(`${trimmed}/`);
}

/** Where it is, or would be made; `undefined` where that cannot be seen, or a link leads to nothing. */
function realPlace(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(code) || isThere(path)) return undefined;
    const parent = realPlace(posix.dirname(path));
    return parent === undefined ? undefined : posix.join(parent, posix.basename(path));
  }
}

function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
