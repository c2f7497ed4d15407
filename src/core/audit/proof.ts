/**
 * Inclusion and consistency proofs of RFC 6962 §2.1.1 and §2.1.2, verified as RFC 9162 §2.1.3.2 and §2.1.4.2 describe.
 * Arithmetic instead of shifts: a size may have 53 bits.
 */

import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './hash.js';
import { type Refusal, refused } from './refusal.js';
import { isTreeSize } from './tree-size.js';

/** The root of the 2^`level` leaves from `index` · 2^`level`, all of which the tree has; `undefined` when it is not known. */
export type NodeAt = (level: number, index: number) => Buffer | undefined;

export type Verdict = { readonly ok: true } | Refusal;

export interface InclusionClaim {
  readonly size: number;
  /** From 0. */
  readonly index: number;
  /** The leaf's hash, not its bytes. */
  readonly leaf: Uint8Array;
  /** From the leaf's sibling upwards. */
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** That the leaf stands at the index in the tree of that size and root. */
export function verifyInclusion({ size, index, leaf, proof, root }: InclusionClaim): Verdict {
  if (!isTreeSize(size) || !isTreeSize(index)) return refused('a size or index is not a whole number in range');
  if (index >= size) return refused('the index is not in the tree');
  if (![leaf, root, ...proof].every(isHash)) return refused(NOT_A_HASH);
  let at = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return refused(TOO_LONG);
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      // A last node without a sibling is its own parent.
      while (at % 2 === 0 && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    at = half(at);
    last = half(last);
  }
  if (last !== 0) return refused(TOO_SHORT);
  return isEqual(hash, root) ? { ok: true } : refused('the proof leads to another root');
}

export interface ConsistencyClaim {
  /** At least 1: the empty tree is a beginning of every tree and proves nothing. */
  readonly size1: number;
  readonly size2: number;
  readonly root1: Uint8Array;
  readonly root2: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** That the first `size1` leaves of the second tree are the first tree. */
export function verifyConsistency({ size1, size2, root1, root2, proof }: ConsistencyClaim): Verdict {
  if (!isTreeSize(size1) || !isTreeSize(size2)) return refused('a size is not a whole number in range');
  if (size1 === 0) return refused('consistency with an empty tree proves nothing');
  if (size1 > size2) return refused('the second tree is smaller than the first');
  if (size1 === size2) {
    if (proof.length > 0) return refused(TOO_LONG);
    return isEqual(root1, root2) ? { ok: true } : refused('two trees of one size have different roots');
  }
  if (![root1, root2, ...proof].every(isHash)) return refused(NOT_A_HASH);

  // A first tree that is one complete subtree is its own first hash, and the proof leaves it out.
  const [start, ...path] = isPowerOfTwo(size1) ? [root1, ...proof] : proof;
  if (start === undefined) return refused(TOO_SHORT);
  let at = size1 - 1;
  let last = size2 - 1;
  while (at % 2 === 1) {
    at = half(at);
    last = half(last);
  }
  let first = start;
  let second = start;
  for (const sibling of path) {
    if (last === 0) return refused(TOO_LONG);
    if (at % 2 === 1 || at === last) {
      first = nodeHash(sibling, first);
      second = nodeHash(sibling, second);
      while (at % 2 === 0 && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      second = nodeHash(second, sibling);
    }
    at = half(at);
    last = half(last);
  }
  if (last !== 0) return refused(TOO_SHORT);
  if (!isEqual(first, root1)) return refused('the proof leads to another first root');
  return isEqual(second, root2) ? { ok: true } : refused('the proof leads to another second root');
}

export type ProofMade = { readonly ok: true; readonly proof: Buffer[] } | Refusal;

export type RootMade = { readonly ok: true; readonly root: Buffer } | Refusal;

/** RFC 6962 §2.1.1: the siblings on the way from leaf `index` up to the root. */
export function inclusionProof(size: number, index: number, node: NodeAt): ProofMade {
  if (!isTreeSize(size) || !isTreeSize(index)) return refused('a size or index is not a whole number in range');
  if (index >= size) return refused('the index is not in the tree');
  const siblings: Span[] = [];
  let span: Span = { start: 0, size };
  while (span.size > 1) {
    const { left, right } = halves(span);
    const isLeft = index < right.start;
    siblings.push(isLeft ? right : left);
    span = isLeft ? left : right;
  }
  return rootsOf(siblings.reverse(), node);
}

/** RFC 6962 §2.1.2: the hashes that lead from `size1` leaves to both roots; none when the sizes are equal. */
export function consistencyProof(size1: number, size2: number, node: NodeAt): ProofMade {
  if (!isTreeSize(size1) || !isTreeSize(size2)) return refused('a size is not a whole number in range');
  if (size1 === 0) return refused('consistency with an empty tree proves nothing');
  if (size1 > size2) return refused('the second tree is smaller than the first');
  const hashes: Span[] = [];
  let span: Span = { start: 0, size: size2 };
  while (span.start + span.size > size1) {
    const { left, right } = halves(span);
    const isLeft = size1 <= right.start;
    hashes.push(isLeft ? right : left);
    span = isLeft ? left : right;
  }
  // What remains ends where the first tree ends. When it is all of it, the verifier has its root.
  if (span.start > 0) hashes.push(span);
  return rootsOf(hashes.reverse(), node);
}

/** The root of the first `size` leaves. */
export function rootOf(size: number, node: NodeAt): RootMade {
  if (!isTreeSize(size)) return refused('a size is not a whole number in range');
  if (size === 0) return { ok: true, root: Buffer.from(EMPTY_ROOT) };
  return spanRoot({ start: 0, size }, node);
}

/** Consecutive leaves that are a subtree of a tree: `start` is a multiple of the least power of two not below `size`. */
interface Span {
  readonly start: number;
  readonly size: number;
}

/** The split of RFC 6962 §2.1: as many leaves as the largest power of two below the size stand left. */
function halves(span: Span): { readonly left: Span; readonly right: Span } {
  const size = 2 ** largestLevelBelow(span.size);
  return {
    left: { start: span.start, size },
    right: { start: span.start + size, size: span.size - size },
  };
}

/** The largest `level` with 2^`level` < `size`, for a size from 2. */
function largestLevelBelow(size: number): number {
  let level = 0;
  while (2 ** (level + 1) < size) level++;
  return level;
}

function rootsOf(spans: readonly Span[], node: NodeAt): ProofMade {
  const hashes: Buffer[] = [];
  for (const span of spans) {
    const made = spanRoot(span, node);
    if (!made.ok) return made;
    hashes.push(made.root);
  }
  return { ok: true, proof: hashes };
}

function spanRoot({ start, size }: Span, node: NodeAt): RootMade {
  const subtrees: Buffer[] = [];
  for (let at = start, rest = size; rest > 0; ) {
    const level = isPowerOfTwo(rest) ? Math.round(Math.log2(rest)) : largestLevelBelow(rest);
    const hash = node(level, at / 2 ** level);
    if (hash === undefined) return refused(`the hash of the 2^${level} lines from ${at} is missing`);
    subtrees.push(hash);
    at += 2 ** level;
    rest -= 2 ** level;
  }
  return { ok: true, root: subtrees.reduceRight((right, left) => nodeHash(left, right)) };
}

/** The logarithm alone rounds 2^53 − 1 to a power of two. */
function isPowerOfTwo(n: number): boolean {
  return 2 ** Math.round(Math.log2(n)) === n;
}

function half(n: number): number {
  return Math.floor(n / 2);
}

function isHash(bytes: Uint8Array): boolean {
  return bytes.length === HASH_BYTES;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

const NOT_A_HASH = `a hash has not ${HASH_BYTES} bytes`;
const TOO_LONG = 'the proof has too many hashes';
const TOO_SHORT = 'the proof has too few hashes';
