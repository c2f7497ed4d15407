import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

interface Kept {
  readonly mode: number;
  readonly ino: number;
  /** `undefined`: a directory. */
  readonly bytes: Buffer | undefined;
}

/**
 * A directory that is brought into one state again and again. Preparing it once and putting its bytes back later takes a
 * tenth of preparing it anew, and its files stay the same files: a log is known by its inode.
 */
export class Stage<T> {
  readonly root: string;
  readonly #prepare: (root: string) => Promise<T>;
  #kept: ReadonlyMap<string, Kept> | undefined;
  #value: T | undefined;

  constructor(scratch: string, prepare: (root: string) => Promise<T>) {
    this.root = mkdtempSync(join(scratch, 'stage-'));
    this.#prepare = prepare;
  }

  /** Answers what preparing it has answered. */
  async set(): Promise<T> {
    if (this.#kept && this.#value !== undefined && this.#putBack(this.#kept)) return this.#value;
    for (const name of readdirSync(this.root)) rmSync(join(this.root, name), { recursive: true });
    const value = await this.#prepare(this.root);
    this.#kept = this.#look();
    this.#value = value;
    return value;
  }

  /** `false` when some file that was there is not that file any more. */
  #putBack(kept: ReadonlyMap<string, Kept>): boolean {
    const there = this.#look();
    for (const path of there.keys()) {
      if (!kept.has(path)) rmSync(join(this.root, path), { recursive: true, force: true });
    }
    for (const [path, { mode, bytes }] of kept) {
      if (bytes) writeFileSync(join(this.root, path), bytes, { mode });
      else if (!existsSync(join(this.root, path))) mkdirSync(join(this.root, path), { mode });
    }
    return [...kept].every(
      ([path, { ino }]) => !path.endsWith('.jsonl') || statSync(join(this.root, path)).ino === ino,
    );
  }

  /** Directories before what is in them. */
  #look(): Map<string, Kept> {
    const found = new Map<string, Kept>();
    for (const entry of readdirSync(this.root, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const { mode, ino } = statSync(path);
      const bytes = entry.isDirectory() ? undefined : readFileSync(path);
      found.set(path.slice(this.root.length + 1), { mode: mode & 0o777, ino, bytes });
    }
    return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
