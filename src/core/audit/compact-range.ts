import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './hash.js';
import { isTreeSize } from './tree-size.js';

/**
 * A growing RFC 6962 tree, of which only the roots of the complete subtrees are kept: one for each bit that is set in
 * the size, 53 at the most. Hashes given to it are kept, not copied. Misuse is a bug and throws a `RangeError`.
 */
export class CompactRange {
  #size = 0;
  /** Largest subtree first. */
  readonly #nodes: Uint8Array[] = [];

  /** `nodes` as `CompactRange.nodes` gave them: the hashes of the complete subtrees of a tree of `size`, largest first. */
  static of(size: number, nodes: readonly Uint8Array[]): CompactRange {
    const subtrees = subtreesOf(size);
    if (nodes.length !== subtrees.length) throw new RangeError(`a tree of ${size} has ${subtrees.length} subtrees`);
    const range = new CompactRange();
    for (const [i, { level }] of subtrees.entries()) range.appendSubtree(level, nodes[i] as Uint8Array);
    return range;
  }

  /** Leaves, at most `Number.MAX_SAFE_INTEGER`. */
  get size(): number {
    return this.#size;
  }

  /** Hashes of the complete subtrees, largest first; empty for an empty tree. */
  get nodes(): Buffer[] {
    return this.#nodes.map((node) => Buffer.from(node));
  }

  /** `leaf` is a leaf's hash. */
  append(leaf: Uint8Array): void {
    this.appendSubtree(0, leaf);
  }

  /** The next 2^`level` leaves at once, by their root. The size before must be a multiple of 2^`level`. */
  appendSubtree(level: number, hash: Uint8Array): void {
    const leaves = 2 ** level;
    if (!isTreeSize(level)) throw new RangeError('a level is a whole number from 0');
    if (this.#size % leaves !== 0) throw new RangeError(`${leaves} leaves are not aligned after ${this.#size}`);
    if (!isTreeSize(this.#size + leaves)) throw new RangeError('the tree is too large');
    if (hash.length !== HASH_BYTES) throw new RangeError(`a hash has ${HASH_BYTES} bytes`);
    let node = hash;
    // Each bit that is set at and above the level is a subtree as large as the one that now stands beside it.
    for (let n = this.#size / leaves; n % 2 === 1; n = (n - 1) / 2) {
      node = nodeHash(this.#nodes.pop() as Uint8Array, node);
    }
    this.#nodes.push(node);
    this.#size += leaves;
  }

  root(): Buffer {
    const smallest = this.#nodes.at(-1);
    if (smallest === undefined) return Buffer.from(EMPTY_ROOT);
    let root: Buffer = Buffer.from(smallest);
    for (let i = this.#nodes.length - 2; i >= 0; i--) root = nodeHash(this.#nodes[i] as Uint8Array, root);
    return root;
  }

  /** Grows on its own from here. */
  clone(): CompactRange {
    const copy = new CompactRange();
    copy.#size = this.#size;
    copy.#nodes.push(...this.#nodes);
    return copy;
  }
}

/** 2^`level` leaves, from `index` · 2^`level`. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** The complete subtrees of a tree, largest first: one for each bit that is set in its size. */
export function subtreesOf(size: number): Subtree[] {
  if (!isTreeSize(size)) throw new RangeError('a size is a whole number from 0');
  const subtrees: Subtree[] = [];
  for (let level = 0, n = size; n > 0; level++, n = Math.floor(n / 2)) {
    if (n % 2 === 1) subtrees.unshift({ level, index: n - 1 });
  }
  return subtrees;
}
