import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leafHash, nodeHash } from '../../../src/core/audit/hash.js';
import {
  consistencyProof,
  inclusionProof,
  rootOf,
  type Verdict,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/core/audit/proof.js';
import { lines, MTH, nodesOf, PATH, PROOF } from './reference-tree.js';

const MOST = 70;
const LINES = lines(MOST);
const ROOTS = Array.from({ length: MOST + 1 }, (_, size) => MTH(LINES.slice(0, size)));
const node = nodesOf(LINES);

const OK: Verdict = { ok: true };

function root(size: number): Buffer {
  return ROOTS[size] as Buffer;
}

function leaf(index: number): Buffer {
  return leafHash(LINES[index] as Buffer);
}

function flipped(bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}

/** A proof with one hash dropped, doubled, or exchanged with the next, wherever that changes it; and one hash more. */
function damaged(proof: readonly Buffer[]): Buffer[][] {
  const strange = leafHash(Buffer.from('strange'));
  const dropped = proof.map((_, i) => proof.toSpliced(i, 1));
  const doubled = proof.map((hash, i) => proof.toSpliced(i, 0, hash));
  const swapped = proof.slice(1).map((hash, i) => proof.toSpliced(i, 2, hash, proof[i] as Buffer));
  const inserted = [...proof, strange].map((_, i) => proof.toSpliced(i, 0, strange));
  return [...dropped, ...doubled, ...swapped, ...inserted];
}

/** A tree below `MOST`, a leaf of it, and a bit of a hash. */
const place = fc
  .integer({ min: 1, max: MOST })
  .chain((size) => fc.record({ size: fc.constant(size), index: fc.nat(size - 1), bit: fc.nat(255) }));

describe('inclusion', () => {
  it('is proven as RFC 6962 has it, for every leaf of every tree', () => {
    for (let size = 1; size <= MOST; size++) {
      for (let index = 0; index < size; index++) {
        const made = inclusionProof(size, index, node);
        const proof = PATH(index, LINES.slice(0, size));
        expect(made).toEqual({ ok: true, proof });
        expect(verifyInclusion({ size, index, leaf: leaf(index), proof, root: root(size) })).toEqual(OK);
      }
    }
  });

  it('is refused at any other index, and for any other root', () => {
    for (let size = 1; size <= 20; size++) {
      for (let index = 0; index < size; index++) {
        const proof = PATH(index, LINES.slice(0, size));
        for (let other = 0; other <= 20; other++) {
          const moved = verifyInclusion({ size, index: other, leaf: leaf(index), proof, root: root(size) });
          expect(moved.ok, `${size} ${index} ${other}`).toBe(other === index);
          if (other === size) continue;
          const elsewhere = verifyInclusion({ size, index, leaf: leaf(index), proof, root: root(other) });
          expect(elsewhere.ok, `${size} ${index} root ${other}`).toBe(false);
        }
      }
    }
  });

  it('is refused after any change of a bit', () => {
    fc.assert(
      fc.property(place, fc.nat(), ({ size, index, bit }, pick) => {
        const claim = { size, index, leaf: leaf(index), proof: PATH(index, LINES.slice(0, size)), root: root(size) };
        expect(verifyInclusion(claim)).toEqual(OK);
        const wrong = { ok: false, reason: 'the proof leads to another root' };
        expect(verifyInclusion({ ...claim, leaf: flipped(claim.leaf, bit) })).toEqual(wrong);
        expect(verifyInclusion({ ...claim, root: flipped(claim.root, bit) })).toEqual(wrong);
        if (claim.proof.length === 0) return;
        const at = pick % claim.proof.length;
        const proof = claim.proof.toSpliced(at, 1, flipped(claim.proof[at] as Buffer, bit));
        expect(verifyInclusion({ ...claim, proof })).toEqual(wrong);
      }),
    );
  });

  it('is refused with a hash more, less, or elsewhere', () => {
    fc.assert(
      fc.property(place, ({ size, index }) => {
        const claim = { size, index, leaf: leaf(index), root: root(size) };
        for (const proof of damaged(PATH(index, LINES.slice(0, size)))) {
          expect(verifyInclusion({ ...claim, proof }).ok).toBe(false);
        }
      }),
    );
  });

  it('does not take a node for a leaf, nor the root for its only leaf', () => {
    const proof = PATH(0, LINES.slice(0, 8)).slice(1);
    expect(verifyInclusion({ size: 8, index: 0, leaf: node(1, 0), proof, root: root(8) }).ok).toBe(false);
    expect(verifyInclusion({ size: 8, index: 0, leaf: root(8), proof: [], root: root(8) }).ok).toBe(false);
  });

  it.each([
    [{ size: 0, index: 0 }, 'the index is not in the tree'],
    [{ size: 5, index: 5 }, 'the index is not in the tree'],
    [{ index: -1 }, 'a size or index is not a whole number in range'],
    [{ index: 0.5 }, 'a size or index is not a whole number in range'],
    [{ size: 2 ** 53 }, 'a size or index is not a whole number in range'],
    [{ size: Number.NaN }, 'a size or index is not a whole number in range'],
    [{ leaf: Buffer.alloc(31) }, 'a hash has not 32 bytes'],
    [{ root: Buffer.alloc(0) }, 'a hash has not 32 bytes'],
    [{ proof: [Buffer.alloc(33), Buffer.alloc(32), Buffer.alloc(32)] }, 'a hash has not 32 bytes'],
    [{ proof: [] }, 'the proof has too few hashes'],
    [{ proof: new Array(4).fill(Buffer.alloc(32)) }, 'the proof has too many hashes'],
    [{ proof: new Array(10_000).fill(Buffer.alloc(32)) }, 'the proof has too many hashes'],
  ])('says why: %o', (change, reason) => {
    const claim = { size: 5, index: 1, leaf: leaf(1), proof: PATH(1, LINES.slice(0, 5)), root: root(5) };
    expect(verifyInclusion(claim)).toEqual(OK);
    expect(verifyInclusion({ ...claim, ...change })).toEqual({ ok: false, reason });
  });

  it('cannot be proven for a leaf that is not there', () => {
    expect(inclusionProof(5, 5, node)).toEqual({ ok: false, reason: 'the index is not in the tree' });
    expect(inclusionProof(0, 0, node)).toEqual({ ok: false, reason: 'the index is not in the tree' });
    expect(inclusionProof(1.5, 0, node).ok).toBe(false);
    const missing = 'the hash of the 2^2 lines from 0 is missing';
    expect(inclusionProof(5, 4, () => undefined)).toEqual({ ok: false, reason: missing });
  });
});

describe('consistency', () => {
  it('is proven as RFC 6962 has it, between all trees', () => {
    for (let size2 = 1; size2 <= MOST; size2++) {
      for (let size1 = 1; size1 <= size2; size1++) {
        const made = consistencyProof(size1, size2, node);
        const proof = PROOF(size1, LINES.slice(0, size2));
        expect(made).toEqual({ ok: true, proof });
        const claim = { size1, size2, root1: root(size1), root2: root(size2), proof };
        expect(verifyConsistency(claim), `${size1} ${size2}`).toEqual(OK);
      }
    }
  });

  it('is refused for other sizes or roots', () => {
    for (let size2 = 1; size2 <= 16; size2++) {
      for (let size1 = 1; size1 <= size2; size1++) {
        const claim = {
          size1,
          size2,
          root1: root(size1),
          root2: root(size2),
          proof: PROOF(size1, LINES.slice(0, size2)),
        };
        for (let other = 0; other <= 17; other++) {
          if (other !== size1) {
            expect(verifyConsistency({ ...claim, root1: root(other) }).ok).toBe(false);
            expect(verifyConsistency({ ...claim, size1: other }).ok, `${size1}→${other} ${size2}`).toBe(false);
          }
          if (other !== size2) expect(verifyConsistency({ ...claim, root2: root(other) }).ok).toBe(false);
        }
      }
    }
  });

  const pair = fc
    .integer({ min: 2, max: MOST })
    .chain((size2) => fc.record({ size2: fc.constant(size2), size1: fc.integer({ min: 1, max: size2 - 1 }) }));

  it('is refused after any change of a bit', () => {
    fc.assert(
      fc.property(pair, fc.nat(255), fc.nat(), ({ size1, size2 }, bit, pick) => {
        const proof = PROOF(size1, LINES.slice(0, size2));
        const claim = { size1, size2, root1: root(size1), root2: root(size2), proof };
        expect(verifyConsistency({ ...claim, root1: flipped(claim.root1, bit) }).ok).toBe(false);
        expect(verifyConsistency({ ...claim, root2: flipped(claim.root2, bit) }).ok).toBe(false);
        const at = pick % proof.length;
        const altered = proof.toSpliced(at, 1, flipped(proof[at] as Buffer, bit));
        expect(verifyConsistency({ ...claim, proof: altered }).ok).toBe(false);
      }),
    );
  });

  it('is refused with a hash more, less, or elsewhere', () => {
    fc.assert(
      fc.property(pair, ({ size1, size2 }) => {
        const claim = { size1, size2, root1: root(size1), root2: root(size2) };
        for (const proof of damaged(PROOF(size1, LINES.slice(0, size2)))) {
          expect(verifyConsistency({ ...claim, proof }).ok).toBe(false);
        }
      }),
    );
  });

  it('is not found for a tree in which an early line was altered', () => {
    const forged = nodesOf(LINES.with(3, Buffer.from('forged')));
    const made = consistencyProof(10, 40, forged);
    const forgedRoot = rootOf(40, forged);
    if (!made.ok || !forgedRoot.ok) throw new Error('the forged tree has a proof');
    const claim = { size1: 10, size2: 40, root1: root(10), root2: forgedRoot.root, proof: made.proof };
    expect(verifyConsistency(claim)).toEqual({ ok: false, reason: 'the proof leads to another first root' });
  });

  it.each([
    [{ size1: 0 }, 'consistency with an empty tree proves nothing'],
    [{ size1: 0, size2: 0, proof: [] }, 'consistency with an empty tree proves nothing'],
    [{ size1: 6, size2: 5 }, 'the second tree is smaller than the first'],
    [{ size1: -1 }, 'a size is not a whole number in range'],
    [{ size2: 2 ** 53 }, 'a size is not a whole number in range'],
    [{ root1: Buffer.alloc(31) }, 'a hash has not 32 bytes'],
    [{ root2: Buffer.alloc(33) }, 'a hash has not 32 bytes'],
    [{ proof: [Buffer.alloc(0)] }, 'a hash has not 32 bytes'],
    [{ proof: [] }, 'the proof has too few hashes'],
    [{ size1: 4, proof: [] }, 'the proof has too few hashes'],
    [{ proof: new Array(5).fill(Buffer.alloc(32)) }, 'the proof has too many hashes'],
    [{ size1: 5 }, 'the proof has too many hashes'],
    [{ size1: 5, proof: [] }, 'two trees of one size have different roots'],
    [{ root2: Buffer.alloc(32) }, 'the proof leads to another second root'],
  ])('says why: %o', (change, reason) => {
    const proof = PROOF(3, LINES.slice(0, 5));
    const claim = { size1: 3, size2: 5, root1: root(3), root2: root(5), proof };
    expect(verifyConsistency(claim)).toEqual(OK);
    expect(verifyConsistency({ ...claim, ...change })).toEqual({ ok: false, reason });
  });

  it('cannot be proven where there is none to prove', () => {
    expect(consistencyProof(0, 5, node)).toEqual({
      ok: false,
      reason: 'consistency with an empty tree proves nothing',
    });
    expect(consistencyProof(6, 5, node)).toEqual({ ok: false, reason: 'the second tree is smaller than the first' });
    expect(consistencyProof(1, 2 ** 53, node).ok).toBe(false);
    expect(consistencyProof(5, 5, () => undefined)).toEqual({ ok: true, proof: [] });
    expect(consistencyProof(4, 5, () => undefined)).toEqual({
      ok: false,
      reason: 'the hash of the 2^0 lines from 4 is missing',
    });
  });
});

describe('rootOf', () => {
  it('is the root of RFC 6962', () => {
    for (let size = 0; size <= MOST; size++) expect(rootOf(size, node)).toEqual({ ok: true, root: root(size) });
    expect(rootOf(-1, node).ok).toBe(false);
    expect(rootOf(1, () => undefined).ok).toBe(false);
  });
});

describe('trees of more than 2^32 leaves', () => {
  /** Every leaf is the same, so a node is the same on its whole level. */
  const levels = [leafHash(Buffer.from('same'))];
  const uniform = (level: number) => levels[level];
  for (let level = 1; level <= 52; level++) {
    const below = levels[level - 1] as Buffer;
    levels.push(nodeHash(below, below));
  }

  it.each([2 ** 32 + 1, 2 ** 45 - 1, 2 ** 52 + 12_345, 2 ** 53 - 1])('proves and verifies at %i', (size) => {
    const whole = rootOf(size, uniform);
    if (!whole.ok) throw new Error(whole.reason);
    for (const index of [0, 1, 2 ** 31, 2 ** 32 - 1, size - 2, size - 1]) {
      const made = inclusionProof(size, index, uniform);
      if (!made.ok) throw new Error(made.reason);
      const claim = { size, index, leaf: levels[0] as Buffer, proof: made.proof, root: whole.root };
      expect(verifyInclusion(claim)).toEqual(OK);
      expect(verifyInclusion({ ...claim, proof: made.proof.slice(1) }).ok).toBe(false);
      const smaller = rootOf(index + 1, uniform);
      const grown = consistencyProof(index + 1, size, uniform);
      if (!smaller.ok || !grown.ok) throw new Error('no proof');
      const growth = { size1: index + 1, size2: size, root1: smaller.root, root2: whole.root, proof: grown.proof };
      expect(verifyConsistency(growth)).toEqual(OK);
      expect(verifyConsistency({ ...growth, root1: levels[0] as Buffer }).ok).toBe(index === 0);
    }
  });
});
