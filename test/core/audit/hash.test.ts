import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_ROOT, HASH_BYTES, leafHash, nodeHash } from '../../../src/core/audit/hash.js';

function sha256(...parts: readonly Uint8Array[]): string {
  return createHash('sha256').update(Buffer.concat(parts)).digest('hex');
}

describe('the hashes of RFC 6962', () => {
  it('has the published values', () => {
    expect(EMPTY_ROOT.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(leafHash(new Uint8Array(0)).toString('hex')).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
    expect(leafHash(Buffer.from('L123456')).toString('hex')).toBe(
      '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56',
    );
  });

  it('prefixes a leaf with 0 and a node with 1', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (line) => {
        expect(leafHash(line).toString('hex')).toBe(sha256(Buffer.of(0), line));
        const left = leafHash(line);
        const right = nodeHash(left, left);
        expect(nodeHash(left, right).toString('hex')).toBe(sha256(Buffer.of(1), left, right));
      }),
    );
  });

  it.each([0, 1, 65_534, 65_535, 65_536, 1_000_000])('hashes a line of %i bytes', (length) => {
    const line = Buffer.alloc(length, 'x');
    expect(leafHash(line).toString('hex')).toBe(sha256(Buffer.of(0), line));
  });

  it('gives hashes that later calls leave alone', () => {
    const first = leafHash(Buffer.from('a'));
    const kept = Buffer.from(first);
    nodeHash(leafHash(Buffer.from('b')), leafHash(Buffer.from('c')));
    expect(first).toEqual(kept);
    expect(first).toHaveLength(HASH_BYTES);
  });

  it('does not make a node of anything but two hashes', () => {
    const hash = leafHash(Buffer.from('a'));
    expect(() => nodeHash(hash.subarray(1), hash)).toThrow(RangeError);
    expect(() => nodeHash(hash, Buffer.concat([hash, hash]))).toThrow(RangeError);
  });
});
