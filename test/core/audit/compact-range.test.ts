import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompactRange, subtreesOf } from '../../../src/core/audit/compact-range.js';
import { EMPTY_ROOT, leafHash } from '../../../src/core/audit/hash.js';
import { lines, MTH } from './reference-tree.js';

const LINES = lines(300);
const LEAVES = LINES.map(leafHash);
const ROOTS = Array.from({ length: LINES.length + 1 }, (_, size) => MTH(LINES.slice(0, size)).toString('hex'));

function rangeOf(size: number): CompactRange {
  const range = new CompactRange();
  for (const leaf of LEAVES.slice(0, size)) range.append(leaf);
  return range;
}

describe('CompactRange', () => {
  it('has the root of RFC 6962 at every size', () => {
    const range = new CompactRange();
    expect(range.root()).toEqual(EMPTY_ROOT);
    for (const [i, leaf] of LEAVES.entries()) {
      range.append(leaf);
      expect(range.size).toBe(i + 1);
      expect(range.root().toString('hex')).toBe(ROOTS[i + 1]);
    }
  });

  it('has the roots that are published with Certificate Transparency', () => {
    const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
    const roots = [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ];
    const range = new CompactRange();
    for (const [i, input] of inputs.entries()) {
      range.append(leafHash(Buffer.from(input, 'hex')));
      expect(range.root().toString('hex')).toBe(roots[i]);
    }
  });

  it('goes on from its nodes as if it had never stopped', () => {
    for (let size = 0; size < LEAVES.length; size++) {
      const { nodes } = rangeOf(size);
      expect(nodes).toHaveLength(subtreesOf(size).length);
      const resumed = CompactRange.of(size, nodes);
      expect(resumed.root().toString('hex')).toBe(ROOTS[size]);
      resumed.append(LEAVES[size] as Buffer);
      expect(resumed.root().toString('hex')).toBe(ROOTS[size + 1]);
    }
  });

  it('takes any aligned subtrees for the leaves under them', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(8)), fc.integer({ min: 1, max: LEAVES.length }), (levels, size) => {
        const range = new CompactRange();
        while (range.size < size) {
          let level = (levels.next().value as number) ?? 0;
          while (range.size % 2 ** level !== 0 || range.size + 2 ** level > size) level--;
          range.appendSubtree(level, MTH(LINES.slice(range.size, range.size + 2 ** level)));
        }
        expect(range.root().toString('hex')).toBe(ROOTS[size]);
      }),
    );
  });

  it('refuses what is not aligned, not a hash, or too large', () => {
    const hash = LEAVES[0] as Buffer;
    const range = rangeOf(6);
    for (const level of [2, 3, 60, -1, 0.5, Number.NaN]) {
      expect(() => range.appendSubtree(level, hash)).toThrow(RangeError);
    }
    expect(() => range.append(hash.subarray(1))).toThrow(RangeError);
    expect(range.root().toString('hex')).toBe(ROOTS[6]);
    expect(() => CompactRange.of(6, range.nodes.slice(1))).toThrow(RangeError);
    expect(() => CompactRange.of(-1, [])).toThrow(RangeError);
    expect(() => CompactRange.of(2 ** 53, [hash])).toThrow(RangeError);
    const largest = CompactRange.of(2 ** 53 - 1, new Array(53).fill(hash));
    expect(() => largest.append(hash)).toThrow(RangeError);
  });

  it('counts on past 32 bits', () => {
    const hash = LEAVES[0] as Buffer;
    const range = CompactRange.of(2 ** 40 + 1, [hash, hash]);
    range.append(hash);
    expect(range.size).toBe(2 ** 40 + 2);
    expect(range.nodes).toHaveLength(2);
    expect(subtreesOf(2 ** 40 + 6)).toEqual([
      { level: 40, index: 0 },
      { level: 2, index: 2 ** 38 },
      { level: 1, index: 2 ** 39 + 2 },
    ]);
  });

  it('shares nothing with its clone or with what it gave away', () => {
    const range = rangeOf(5);
    const clone = range.clone();
    for (const node of range.nodes) node.fill(0);
    range.root().fill(0);
    clone.append(LEAVES[5] as Buffer);
    expect(range.size).toBe(5);
    expect(range.root().toString('hex')).toBe(ROOTS[5]);
    expect(clone.root().toString('hex')).toBe(ROOTS[6]);
    const empty = new CompactRange();
    empty.root().fill(0);
    expect(empty.root().toString('hex')).toBe(ROOTS[0]);
  });
});
