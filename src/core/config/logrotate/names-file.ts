import { readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { matchesName } from './matches-name.js';
import { orUndefined } from './or-undefined.js';

/** Directory entries looked at for one pattern. */
const MAX_ENTRIES = 10_000;

/**
 * How a pattern names a file: by its path, whether or not it is there yet, or by another name of its directory (a symbolic
 * link), which is another log to logrotate. `path` is absolute, and real. As with glob(3), `*`, `?` and `[…]` stop at a
 * `/`, and `{…}` is nothing special.
 */
export function namesFile(pattern: string, path: string): 'path' | 'alias' | undefined {
  const parts = partsOf(pattern);
  const last = parts.pop();
  const dir = dirname(path);
  if (last === undefined || !matchesName(last, basename(path))) return undefined;
  const spelled = partsOf(dir);
  if (parts.length === spelled.length && parts.every((part, i) => matchesName(part, spelled[i] ?? ''))) return 'path';
  return leadsTo(dir, '/', parts, { entries: MAX_ENTRIES }) ? 'alias' : undefined;
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** Whether the pattern's directories, looked up on the disk from `at` on, lead to `dir`. */
function leadsTo(dir: string, at: string, parts: readonly string[], left: { entries: number }): boolean {
  const [part, ...rest] = parts;
  if (part === undefined) return orUndefined(() => realpathSync(at)) === dir;
  if (!/[*?[\\]/.test(part)) return leadsTo(dir, join(at, part), rest, left);
  const names = orUndefined(() => readdirSync(at)) ?? [];
  return names.some(
    (name) => left.entries-- > 0 && matchesName(part, name) && leadsTo(dir, join(at, name), rest, left),
  );
}
