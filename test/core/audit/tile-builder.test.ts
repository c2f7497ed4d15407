import { describe, expect, it } from 'vitest';
import { leafHash } from '../../../src/core/audit/hash.js';
import { tilePath, tilesFor } from '../../../src/core/audit/tile.js';
import { TileBuilder } from '../../../src/core/audit/tile-builder.js';
import { lines, MTH } from './reference-tree.js';

function built(leaves: readonly Buffer[]): { tiles: Map<string, Buffer>; root: Buffer } {
  const tiles = new Map<string, Buffer>();
  const builder = new TileBuilder((path, hashes) => {
    if (tiles.has(path)) throw new Error(`${path} twice`);
    tiles.set(path, Buffer.from(hashes));
  });
  for (const leaf of leaves) builder.add(leafHash(leaf));
  expect(builder.size).toBe(leaves.length);
  return { tiles, root: builder.end() };
}

describe('tiles made from leaves', () => {
  it.each([0, 1, 2, 255, 256, 257, 511, 512, 513, 1000])('of a tree of %i: those of C2SP tlog-tiles', (size) => {
    const D = lines(size);
    const { tiles, root } = built(D);
    expect(root.toString('hex')).toBe(MTH(D).toString('hex'));
    const wanted = [...tilesFor(size)];
    expect([...tiles.keys()].sort()).toEqual(wanted.map((tile) => tilePath(tile.level, tile.index, tile.width)).sort());
    for (const { level, index, width } of wanted) {
      const each = 256 ** level;
      const first = index * 256;
      const hashes = Array.from({ length: width }, (_, i) => MTH(D.slice((first + i) * each, (first + i + 1) * each)));
      expect(tiles.get(tilePath(level, index, width))?.toString('hex')).toBe(Buffer.concat(hashes).toString('hex'));
    }
  });

  it('of 70,000 leaves: the example of the specification', () => {
    const { tiles } = built(Array.from({ length: 70_000 }, (_, i) => Buffer.from(String(i))));
    expect([...tiles.keys()].filter((path) => !/\/0\/\d{3}$/.test(path)).sort()).toEqual([
      'tile/0/273.p/112',
      'tile/1/000',
      'tile/1/001.p/17',
      'tile/2/000.p/1',
    ]);
    expect([...tiles.keys()].filter((path) => /\/0\/\d{3}$/.test(path))).toHaveLength(273);
  });
});
