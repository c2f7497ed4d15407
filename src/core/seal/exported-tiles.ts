import type { CompactRange } from '../audit/compact-range.js';
import { HASH_BYTES } from '../audit/hash.js';
import { rangeFrom, TILE_WIDTH, type TileReader, tilePath } from '../audit/tile.js';
import { readSmallFile } from '../journal/small-file.js';
import { sidecarPath } from './sidecar.js';

/** The hashes of a tree as an export has them: full tiles and, for the size that was exported, partial ones. */
export class ExportedTiles implements TileReader {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  hashes(level: number, index: number, width: number): Buffer | undefined {
    return this.#tile(level, index, TILE_WIDTH) ?? this.#tile(level, index, width);
  }

  /** Leaves `from` to `to`, concatenated; `undefined` when some are not there. */
  leaves(from: number, to: number): Buffer | undefined {
    const parts: Buffer[] = [];
    for (let at = from; at < to; ) {
      const tile = Math.floor(at / TILE_WIDTH);
      const end = Math.min(to, (tile + 1) * TILE_WIDTH);
      const part = this.#firstOf(tile, end - tile * TILE_WIDTH);
      if (!part) return undefined;
      parts.push(part.subarray((at - tile * TILE_WIDTH) * HASH_BYTES));
      at = end;
    }
    return Buffer.concat(parts);
  }

  /** The tree of the first `size` lines, to be grown; `undefined` when hashes are missing. */
  rangeAt(size: number): CompactRange | undefined {
    return rangeFrom(size, this);
  }

  /** Nothing is held open. */
  close(): void {}

  /** The first leaves of a tile: it was exported for one size, and may have fewer or more. */
  #firstOf(tile: number, width: number): Buffer | undefined {
    for (let has = width; has <= TILE_WIDTH; has++) {
      const hashes = this.#tile(0, tile, has);
      if (hashes) return hashes.subarray(0, width * HASH_BYTES);
    }
    return undefined;
  }

  #tile(level: number, index: number, width: number): Buffer | undefined {
    const hashes = readSmallFile(sidecarPath(this.#dir, tilePath(level, index, width)), width * HASH_BYTES);
    return hashes?.length === width * HASH_BYTES ? hashes : undefined;
  }
}
