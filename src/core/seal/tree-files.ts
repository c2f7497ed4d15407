import { closeSync, constants, mkdirSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { CompactRange } from '../audit/compact-range.js';
import { HASH_BYTES } from '../audit/hash.js';
import { rangeFrom, TILE_WIDTH, type TileReader, tilePath } from '../audit/tile.js';
import { replaceFile, writeWhole } from '../journal/replace-file.js';
import { openRegular, readSmallFile } from '../journal/small-file.js';
import { MAX_SMALL_BYTES, SIDECAR_FILE, sidecarPath } from './sidecar.js';

const TILE_BYTES = TILE_WIDTH * HASH_BYTES;
const NAME = 'grace.frontier/1';

/**
 * The hashes of the tree on disk: full tiles, which never change; the leaves since the last full tile, in a file that
 * grows with each append; and, written whenever a tile is full, what the tiles of the upper levels lack. All of it is
 * derived from the log. Nothing here is believed unless it gives the root of a signed note.
 */
export class TreeFiles implements TileReader {
  readonly #dir: string;
  /** Full tiles of level 0. */
  readonly tiles: number;
  /** Hashes of level i + 1 since its last full tile. */
  readonly #upper: readonly Buffer[];
  readonly #leaves: number;

  private constructor(dir: string, tiles: number, upper: readonly Buffer[], leaves: number) {
    this.#dir = dir;
    this.tiles = tiles;
    this.#upper = upper;
    this.#leaves = leaves;
  }

  /** `undefined` when the files are not there or do not fit together. */
  static open(dir: string, flags: 'r' | 'r+'): TreeFiles | undefined {
    const text = readSmallFile(sidecarPath(dir, SIDECAR_FILE.frontier), MAX_SMALL_BYTES);
    const frontier = text && parseFrontier(text.toString('latin1'));
    if (!frontier) return undefined;
    const mode = flags === 'r' ? constants.O_RDONLY : constants.O_RDWR;
    const leaves = openRegular(leavesPath(dir, frontier.tiles), mode);
    return leaves === undefined ? undefined : new TreeFiles(dir, frontier.tiles, frontier.upper, leaves);
  }

  /** An empty tree, or one of full tiles alone whose upper hashes are given. */
  static create(dir: string, tiles = 0, upper: readonly Buffer[] = []): TreeFiles {
    replaceFile(leavesPath(dir, tiles), withRoom(Buffer.alloc(0)));
    replaceFile(sidecarPath(dir, SIDECAR_FILE.frontier), formatFrontier(tiles, upper));
    const made = TreeFiles.open(dir, 'r+');
    if (!made) throw new Error('the tree that was just written cannot be read');
    return made;
  }

  close(): void {
    closeSync(this.#leaves);
  }

  /** Leaves from `index` on; writing them again over themselves does no harm. */
  writeLeaves(index: number, hashes: Buffer): void {
    const at = (index - this.tiles * TILE_WIDTH) * HASH_BYTES;
    if (at < 0) throw new Error(`leaf ${index} stands in a full tile`);
    writeWhole(this.#leaves, hashes, at);
  }

  /** Leaves `from` to `to`, concatenated; `undefined` when some are not there. */
  leaves(from: number, to: number): Buffer | undefined {
    const parts: Buffer[] = [];
    for (let at = from; at < to; ) {
      const tile = Math.floor(at / TILE_WIDTH);
      const end = tile < this.tiles ? Math.min(to, (tile + 1) * TILE_WIDTH) : to;
      const part = tile < this.tiles ? this.#ofTile(tile, at, end) : this.#ofGrowing(at, end);
      if (!part) return undefined;
      parts.push(part);
      at = end;
    }
    return Buffer.concat(parts);
  }

  hashes(level: number, index: number, width: number): Buffer | undefined {
    const full = level === 0 ? this.tiles : Math.floor(this.tiles / TILE_WIDTH ** level);
    if (index < full) return this.#fullTile(level, index)?.subarray(0, width * HASH_BYTES);
    if (level === 0) return this.leaves(index * TILE_WIDTH, index * TILE_WIDTH + width);
    const partial = index === full ? this.#upper[level - 1] : undefined;
    return partial && partial.length >= width * HASH_BYTES ? partial.subarray(0, width * HASH_BYTES) : undefined;
  }

  /** The tree of the first `size` lines, to be grown; `undefined` when hashes are missing. */
  rangeAt(size: number): CompactRange | undefined {
    return rangeFrom(size, this);
  }

  /**
   * Turns the leaves that a note of `size` covers into full tiles, as far as they fill some. Returns the files to go on
   * with; this one is closed when they are others. A crash on the way leaves the old ones standing, or the new.
   */
  promote(size: number): TreeFiles {
    const tiles = Math.floor(size / TILE_WIDTH);
    if (tiles <= this.tiles) return this;
    const upper = [...this.#upper];
    for (let tile = this.tiles; tile < tiles; tile++) {
      const hashes = this.leaves(tile * TILE_WIDTH, (tile + 1) * TILE_WIDTH);
      if (!hashes) throw new Error(`the leaves of tile ${tile} are not there`);
      this.#putTile(0, tile, hashes, upper);
    }
    return this.#goOnAfter(tiles, upper);
  }

  #goOnAfter(tiles: number, upper: readonly Buffer[]): TreeFiles {
    const next = leavesPath(this.#dir, tiles);
    replaceFile(next, withRoom(this.#rest((tiles - this.tiles) * TILE_BYTES)));
    replaceFile(sidecarPath(this.#dir, SIDECAR_FILE.frontier), formatFrontier(tiles, upper));
    rmSync(leavesPath(this.#dir, this.tiles), { force: true });
    const goesOn = new TreeFiles(this.#dir, tiles, upper, openSync(next, constants.O_RDWR | constants.O_NOFOLLOW));
    this.close();
    return goesOn;
  }

  /** Writes a full tile, and above it whatever that fills. */
  #putTile(level: number, index: number, hashes: Buffer, upper: Buffer[]): void {
    const path = sidecarPath(this.#dir, tilePath(level, index));
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    replaceFile(path, hashes);
    const grown = Buffer.concat([upper[level] ?? Buffer.alloc(0), rootOfTile(hashes)]);
    upper[level] = grown.length === TILE_BYTES ? Buffer.alloc(0) : grown;
    if (grown.length === TILE_BYTES) this.#putTile(level + 1, Math.floor(index / TILE_WIDTH), grown, upper);
  }

  #fullTile(level: number, index: number): Buffer | undefined {
    const hashes = readSmallFile(sidecarPath(this.#dir, tilePath(level, index)), TILE_BYTES);
    return hashes?.length === TILE_BYTES ? hashes : undefined;
  }

  #ofTile(tile: number, from: number, to: number): Buffer | undefined {
    const start = tile * TILE_WIDTH;
    return this.#fullTile(0, tile)?.subarray((from - start) * HASH_BYTES, (to - start) * HASH_BYTES);
  }

  #ofGrowing(from: number, to: number): Buffer | undefined {
    const hashes = Buffer.allocUnsafe((to - from) * HASH_BYTES);
    const at = (from - this.tiles * TILE_WIDTH) * HASH_BYTES;
    return readSync(this.#leaves, hashes, 0, hashes.length, at) === hashes.length ? hashes : undefined;
  }

  /** What stands in the growing file from a byte on. */
  #rest(from: number): Buffer {
    const whole = readFileSync(leavesPath(this.#dir, this.tiles));
    return whole.subarray(from);
  }
}

function rootOfTile(hashes: Buffer): Buffer {
  const range = new CompactRange();
  for (let at = 0; at < hashes.length; at += HASH_BYTES) range.append(hashes.subarray(at, at + HASH_BYTES));
  return range.root();
}

/**
 * The file has its whole length from the start: a leaf that is written into it then changes nothing that the next sync of
 * the log would have to write down, too.
 */
function withRoom(leaves: Buffer): Buffer {
  return Buffer.concat([leaves], Math.max(TILE_BYTES, leaves.length));
}

function leavesPath(dir: string, tiles: number): string {
  return sidecarPath(dir, `leaves.${tiles}`);
}

function formatFrontier(tiles: number, upper: readonly Buffer[]): string {
  return `${[NAME, tiles, ...upper.map((hashes) => hashes.toString('base64'))].join('\n')}\n`;
}

function parseFrontier(text: string): { tiles: number; upper: Buffer[] } | undefined {
  const [name, count = '', ...levels] = text.split('\n');
  const tiles = Number(count);
  if (name !== NAME || levels.pop() !== '' || !/^\d+$/.test(count) || !Number.isSafeInteger(tiles)) return undefined;
  const upper = levels.map((level) => Buffer.from(level, 'base64'));
  // Level L has a hash for each 256^L leaves, less those in its full tiles.
  const fits = upper.every(
    (hashes, i) => hashes.length === (Math.floor(tiles / TILE_WIDTH ** i) % TILE_WIDTH) * HASH_BYTES,
  );
  return fits ? { tiles, upper } : undefined;
}
