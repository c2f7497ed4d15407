import { CompactRange } from './compact-range.js';
import { HASH_BYTES } from './hash.js';
import { TILE_HEIGHT, TILE_WIDTH, tilePath } from './tile.js';

/** Takes a tile as a file: `path` as in C2SP tlog-tiles, from `tile/` on. */
export type OnTile = (path: string, hashes: Buffer) => void;

/**
 * Makes the tiles of a tree, leaf by leaf, the partial ones at the end. Holds one tile of each level. Call `end` once and
 * nothing after it.
 */
export class TileBuilder {
  readonly #onTile: OnTile;
  readonly #tree = new CompactRange();
  /** Hashes of each level since its last full tile. */
  readonly #levels: Buffer[][] = [];
  readonly #full: number[] = [];
  #leaves = 0;

  constructor(onTile: OnTile) {
    this.#onTile = onTile;
  }

  get size(): number {
    return this.#leaves;
  }

  add(leaf: Buffer): void {
    this.#leaves++;
    this.#put(0, leaf);
  }

  /** Gives the partial tiles, and answers the root. */
  end(): Buffer {
    for (const [level, hashes] of this.#levels.entries()) {
      if (hashes.length > 0)
        this.#onTile(tilePath(level, this.#full[level] ?? 0, hashes.length), Buffer.concat(hashes));
    }
    for (const leaf of this.#levels[0] ?? []) this.#tree.append(leaf);
    return this.#tree.root();
  }

  #put(level: number, hash: Buffer): void {
    this.#levels[level] ??= [];
    const hashes = this.#levels[level];
    if (hashes.push(hash) < TILE_WIDTH) return;
    const index = this.#full[level] ?? 0;
    const tile = Buffer.concat(hashes, TILE_WIDTH * HASH_BYTES);
    this.#onTile(tilePath(level, index), tile);
    this.#full[level] = index + 1;
    this.#levels[level] = [];
    const root = rootOf(hashes);
    if (level === 0) this.#tree.appendSubtree(TILE_HEIGHT, root);
    this.#put(level + 1, root);
  }
}

function rootOf(hashes: readonly Buffer[]): Buffer {
  const range = new CompactRange();
  for (const hash of hashes) range.append(hash);
  return range.root();
}
