import { existsSync, readFileSync } from 'node:fs';
import { HASH_BYTES } from '../audit/hash.js';
import { TILE_WIDTH, type TileReader, tilePath } from '../audit/tile.js';
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

  /** Nothing is held open. */
  close(): void {}

  #tile(level: number, index: number, width: number): Buffer | undefined {
    const path = sidecarPath(this.#dir, tilePath(level, index, width));
    const hashes = existsSync(path) ? readFileSync(path) : undefined;
    return hashes?.length === width * HASH_BYTES ? hashes : undefined;
  }
}
