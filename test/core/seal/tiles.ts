import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { CompactRange } from '../../../src/core/audit/compact-range.js';
import { leafHash } from '../../../src/core/audit/hash.js';
import { tilePath, tilesFor } from '../../../src/core/audit/tile.js';
import { auditLines, expectSealed, sidecar } from '../../support/sealed.js';

/** Every full tile on the disk holds what the lines of the log give, and each that there must be is there. */
export function expectTiles(dir: string): number {
  const { sealed } = expectSealed(dir);
  const leaves = auditLines(dir).map(leafHash);
  const rootOf = (from: number, to: number) => {
    const range = new CompactRange();
    for (const leaf of leaves.slice(from, to)) range.append(leaf);
    return range.root();
  };
  let full = 0;
  for (const { level, index, width } of tilesFor(sealed)) {
    if (width !== 256) continue;
    const each = 256 ** level;
    const want = Array.from({ length: 256 }, (_, i) => rootOf((index * 256 + i) * each, (index * 256 + i + 1) * each));
    expect(readFileSync(sidecar(dir, tilePath(level, index))).toString('hex')).toBe(
      Buffer.concat(want).toString('hex'),
    );
    full++;
  }
  return full;
}
