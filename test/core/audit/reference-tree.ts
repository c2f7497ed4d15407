/**
 * RFC 6962 §2.1 word for word: slow, recursive, with nothing of the code under test. The names are those of the RFC.
 */

import { createHash } from 'node:crypto';

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** The largest power of two smaller than `n`. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

export function MTH(D: readonly Uint8Array[]): Buffer {
  if (D.length === 0) return sha256();
  if (D.length === 1) return sha256(Buffer.of(0), D[0] as Uint8Array);
  const k = split(D.length);
  return sha256(Buffer.of(1), MTH(D.slice(0, k)), MTH(D.slice(k)));
}

export function PATH(m: number, D: readonly Uint8Array[]): Buffer[] {
  if (D.length === 1) return [];
  const k = split(D.length);
  return m < k ? [...PATH(m, D.slice(0, k)), MTH(D.slice(k))] : [...PATH(m - k, D.slice(k)), MTH(D.slice(0, k))];
}

export function PROOF(m: number, D: readonly Uint8Array[]): Buffer[] {
  return SUBPROOF(m, D, true);
}

function SUBPROOF(m: number, D: readonly Uint8Array[], b: boolean): Buffer[] {
  if (m === D.length) return b ? [] : [MTH(D)];
  const k = split(D.length);
  return m <= k
    ? [...SUBPROOF(m, D.slice(0, k), b), MTH(D.slice(k))]
    : [...SUBPROOF(m - k, D.slice(k), false), MTH(D.slice(0, k))];
}

/** `n` different lines. */
export function lines(n: number): Buffer[] {
  return Array.from({ length: n }, (_, i) => Buffer.from(`line ${i}`));
}

/** The hashes of the complete subtrees of a tree over these lines. */
export function nodesOf(D: readonly Uint8Array[]): (level: number, index: number) => Buffer {
  const known = new Map<string, Buffer>();
  return (level, index) => {
    const width = 2 ** level;
    if ((index + 1) * width > D.length) throw new Error(`no subtree ${level}/${index} in ${D.length} lines`);
    const name = `${level}/${index}`;
    const node = known.get(name) ?? MTH(D.slice(index * width, (index + 1) * width));
    known.set(name, node);
    return node;
  };
}
