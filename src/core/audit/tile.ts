/** Where the hashes of a tree stand in files: C2SP tlog-tiles, with tiles of height 8. */

import { CompactRange, subtreesOf } from './compact-range.js';
import { HASH_BYTES } from './hash.js';
import type { NodeAt } from './proof.js';
import { type Refusal, refused } from './refusal.js';
import { isTreeSize, parseDecimal } from './tree-size.js';

/** Levels of the tree that one tile stands for. */
export const TILE_HEIGHT = 8;

/** Hashes in a full tile. */
export const TILE_WIDTH = 256;

const HIGHEST_LEVEL = 63;

export interface Tile {
  /** 0 has the leaves; each hash on level L is the root of 256^L leaves. At most 63. */
  readonly level: number;
  /** From 0, counted in full tiles of that level. */
  readonly index: number;
  /** Hashes: 256 in a full tile, 1 to 255 in a partial one. */
  readonly width: number;
}

/** Gives tiles from wherever they are kept. */
export interface TileReader {
  /** The first `width` hashes of a tile, or more of it; `undefined` when it is not there. */
  hashes(level: number, index: number, width: number): Buffer | undefined;
}

/** E.g. `tile/0/x001/234.p/56`. A level, index or width that no tile has is a bug and throws a `RangeError`. */
export function tilePath(level: number, index: number, width: number = TILE_WIDTH): string {
  if (!isTreeSize(level) || level > HIGHEST_LEVEL) throw new RangeError(`a level is 0 to ${HIGHEST_LEVEL}`);
  if (!isTreeSize(index)) throw new RangeError('an index is a whole number from 0');
  if (!isTreeSize(width) || width < 1 || width > TILE_WIDTH) throw new RangeError(`a width is 1 to ${TILE_WIDTH}`);
  let path = threeDigits(index);
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${threeDigits(rest)}/${path}`;
  }
  return `tile/${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

function threeDigits(n: number): string {
  return String(n % 1000).padStart(3, '0');
}

/** The tile that `tilePath` spells so, and in no other way. */
export function parseTilePath(path: string): { readonly ok: true; readonly tile: Tile } | Refusal {
  const parts = /^tile\/([0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path);
  if (!parts) return refused('not the path of a tile');
  const level = parseDecimal(parts[1] ?? '');
  const index = Number(parts[2]?.replaceAll(/[x/]/g, ''));
  const width = parts[3] === undefined ? TILE_WIDTH : parseDecimal(parts[3]);
  if (level === undefined || level > HIGHEST_LEVEL) return refused('no such level of tiles');
  if (!isTreeSize(index)) return refused('the index of the tile is too large');
  if (width === undefined || width < 1 || width > TILE_WIDTH) return refused('no such width of a tile');
  if (tilePath(level, index, width) !== path) return refused('the path of the tile is not canonical');
  return { ok: true, tile: { level, index, width } };
}

/** Every tile of a tree of `size` leaves, level by level from the leaves; the partial one, if any, ends its level. */
export function* tilesFor(size: number): Generator<Tile, void> {
  if (!isTreeSize(size)) throw new RangeError('a size is a whole number from 0');
  for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
    const full = Math.floor(hashes / TILE_WIDTH);
    for (let index = 0; index < full; index++) yield { level, index, width: TILE_WIDTH };
    if (hashes % TILE_WIDTH > 0) yield { level, index: full, width: hashes % TILE_WIDTH };
  }
}

/**
 * The hashes of the complete subtrees of a tree of `size` leaves, from its tiles; `undefined` for one that the tree has
 * not, or whose tiles are missing. A tile that is not there, or is too short, is computed from those below it: level 0
 * is enough. The tiles are believed; a proof from a damaged one does not verify.
 */
export function nodeFromTiles(size: number, reader: TileReader): NodeAt {
  return (level, index) => {
    if (!isTreeSize(level) || !isTreeSize(index) || (index + 1) * 2 ** level > size) return undefined;
    const count = 2 ** (level % TILE_HEIGHT);
    return fold(reader, size, Math.floor(level / TILE_HEIGHT), index * count, count);
  };
}

/** The root over `count` hashes of one tile, from position `first` of its level. */
function fold(reader: TileReader, size: number, level: number, first: number, count: number): Buffer | undefined {
  const index = Math.floor(first / TILE_WIDTH);
  const width = Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH);
  const hashes = reader.hashes(level, index, width);
  const isThere = hashes !== undefined && hashes.length >= width * HASH_BYTES;
  if (!isThere && level === 0) return undefined;
  const range = new CompactRange();
  for (let position = first; position < first + count; position++) {
    const at = (position - index * TILE_WIDTH) * HASH_BYTES;
    const hash = isThere
      ? hashes.subarray(at, at + HASH_BYTES)
      : fold(reader, size, level - 1, position * TILE_WIDTH, TILE_WIDTH);
    if (hash === undefined) return undefined;
    range.append(hash);
  }
  return range.root();
}

/** The tree of the first `size` lines, to be grown; `undefined` when hashes are missing. */
export function rangeFrom(size: number, reader: TileReader): CompactRange | undefined {
  const nodeAt = nodeFromTiles(size, reader);
  const nodes: Buffer[] = [];
  for (const { level, index } of subtreesOf(size)) {
    const node = nodeAt(level, index);
    if (!node) return undefined;
    nodes.push(node);
  }
  return CompactRange.of(size, nodes);
}
