import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompactRange } from '../../../src/core/audit/compact-range.js';
import { leafHash } from '../../../src/core/audit/hash.js';
import { rootOf } from '../../../src/core/audit/proof.js';
import {
  nodeFromTiles,
  parseTilePath,
  type Tile,
  type TileReader,
  tilePath,
  tilesFor,
} from '../../../src/core/audit/tile.js';

describe('tilePath', () => {
  it.each([
    [0, 0, 256, 'tile/0/000'],
    [0, 1_234_067, 256, 'tile/0/x001/x234/067'],
    [0, 1234, 56, 'tile/0/x001/234.p/56'],
    [63, 999, 255, 'tile/63/999.p/255'],
    [1, 1000, 1, 'tile/1/x001/000.p/1'],
    [2, Number.MAX_SAFE_INTEGER, 256, 'tile/2/x009/x007/x199/x254/x740/991'],
  ])('level %i, index %i, width %i', (level, index, width, path) => {
    expect(tilePath(level, index, width)).toBe(path);
    expect(parseTilePath(path)).toEqual({ ok: true, tile: { level, index, width } });
  });

  it('is read back as the same tile', () => {
    const tiles = fc.tuple(fc.nat(63), fc.maxSafeNat(), fc.integer({ min: 1, max: 256 }));
    fc.assert(
      fc.property(tiles, ([level, index, width]) => {
        expect(parseTilePath(tilePath(level, index, width))).toEqual({ ok: true, tile: { level, index, width } });
      }),
    );
  });

  it.each([
    [64, 0, 256],
    [-1, 0, 256],
    [0, -1, 256],
    [0, 2 ** 53, 256],
    [0, 0.5, 256],
    [0, 0, 0],
    [0, 0, 257],
  ])('throws for level %d, index %d, width %d', (level, index, width) => {
    expect(() => tilePath(level, index, width)).toThrow(RangeError);
  });

  it.each([
    ['', 'not the path of a tile'],
    ['tile/0', 'not the path of a tile'],
    ['tile/entries/000', 'not the path of a tile'],
    ['/tile/0/000', 'not the path of a tile'],
    ['tile/0/000\n', 'not the path of a tile'],
    ['tile/0/0', 'not the path of a tile'],
    ['tile/0/0000', 'not the path of a tile'],
    ['tile/0/001/234', 'not the path of a tile'],
    ['tile/0/x001', 'not the path of a tile'],
    ['tile/0/000.p/', 'not the path of a tile'],
    ['tile/0/../000', 'not the path of a tile'],
    ['tile/00/000', 'no such level of tiles'],
    ['tile/64/000', 'no such level of tiles'],
    ['tile/0/x009/x007/x199/x254/x740/992', 'the index of the tile is too large'],
    ['tile/0/000.p/0', 'no such width of a tile'],
    ['tile/0/000.p/01', 'no such width of a tile'],
    ['tile/0/000.p/257', 'no such width of a tile'],
    ['tile/0/000.p/256', 'the path of the tile is not canonical'],
    ['tile/0/x000/123', 'the path of the tile is not canonical'],
  ])('%j is refused', (path, reason) => {
    expect(parseTilePath(path)).toEqual({ ok: false, reason });
  });
});

describe('tilesFor', () => {
  function count(size: number): string[] {
    const counts = new Map<string, number>();
    for (const { level, width } of tilesFor(size)) {
      const kind = width === 256 ? `${level} full` : `${level} partial ${width}`;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    return [...counts].map(([kind, n]) => `${n} of ${kind}`);
  }

  it('has the tiles that the specification names for 70,000 and 256 leaves', () => {
    expect(count(70_000)).toEqual([
      '273 of 0 full',
      '1 of 0 partial 112',
      '1 of 1 full',
      '1 of 1 partial 17',
      '1 of 2 partial 1',
    ]);
    expect(count(256)).toEqual(['1 of 0 full', '1 of 1 partial 1']);
    expect(count(0)).toEqual([]);
    expect(count(1)).toEqual(['1 of 0 partial 1']);
  });

  it('counts the indexes from 0 on each level', () => {
    expect([...tilesFor(600)]).toEqual([
      { level: 0, index: 0, width: 256 },
      { level: 0, index: 1, width: 256 },
      { level: 0, index: 2, width: 88 },
      { level: 1, index: 0, width: 2 },
    ]);
    expect(() => [...tilesFor(-1)]).toThrow(RangeError);
  });
});

/** The tree that is read through tiles, over three levels of them, and its roots by other means. */
const SIZE = 66_200;
const LEAVES = Array.from({ length: SIZE }, (_, i) => leafHash(Buffer.from(`line ${i}`)));

function rootOfLeaves(from: number, to: number): Buffer {
  const range = new CompactRange();
  for (const leaf of LEAVES.slice(from, to)) range.append(leaf);
  return range.root();
}

const TILES = new Map<string, Buffer>();
for (const { level, index, width } of tilesFor(SIZE)) {
  const hashes = Array.from({ length: width }, (_, i) => {
    if (level === 0) return LEAVES[index * 256 + i] as Buffer;
    const below = TILES.get(tilePath(level - 1, index * 256 + i)) as Buffer;
    const range = new CompactRange();
    for (let at = 0; at < below.length; at += 32) range.append(below.subarray(at, at + 32));
    return range.root();
  });
  TILES.set(tilePath(level, index, width), Buffer.concat(hashes));
}

function readerOf(isThere: (tile: Tile) => boolean): TileReader {
  return {
    hashes(level, index, width) {
      return isThere({ level, index, width }) ? TILES.get(tilePath(level, index, width)) : undefined;
    },
  };
}

describe('nodeFromTiles', () => {
  const everything = nodeFromTiles(
    SIZE,
    readerOf(() => true),
  );
  const levelZero = nodeFromTiles(
    SIZE,
    readerOf(({ level }) => level === 0),
  );

  it('has the hash of every complete subtree', () => {
    for (let level = 0; 2 ** level <= SIZE; level++) {
      const last = Math.floor(SIZE / 2 ** level) - 1;
      for (const index of new Set([0, Math.floor(last / 2), last])) {
        const expected = rootOfLeaves(index * 2 ** level, (index + 1) * 2 ** level);
        expect(everything(level, index), `${level}/${index}`).toEqual(expected);
        expect(levelZero(level, index), `${level}/${index} from level 0`).toEqual(expected);
      }
      expect(everything(level, last + 1)).toBeUndefined();
    }
  });

  it('gives the root', () => {
    expect(rootOf(SIZE, everything)).toEqual({ ok: true, root: rootOfLeaves(0, SIZE) });
  });

  it('takes a full tile where a partial one was asked for', () => {
    const reader: TileReader = { hashes: () => TILES.get(tilePath(0, 0)) };
    expect(nodeFromTiles(100, reader)(5, 2)).toEqual(rootOfLeaves(64, 96));
  });

  it('has nothing where tiles are missing or short', () => {
    const without = nodeFromTiles(
      SIZE,
      readerOf(({ level, index }) => level === 0 && index !== 200),
    );
    expect(without(3, 0)).toEqual(rootOfLeaves(0, 8));
    expect(without(0, 200 * 256)).toBeUndefined();
    expect(without(16, 0)).toBeUndefined();
    expect(rootOf(SIZE, without)).toEqual({ ok: false, reason: 'the hash of the 2^16 lines from 0 is missing' });
    const short: TileReader = { hashes: () => Buffer.alloc(31) };
    expect(nodeFromTiles(1, short)(0, 0)).toBeUndefined();
  });

  it.each([
    [-1, 0],
    [0, -1],
    [0.5, 0],
    [0, SIZE],
    [1100, 0],
  ])('has no subtree at level %d, index %d', (level, index) => {
    expect(everything(level, index)).toBeUndefined();
  });
});
