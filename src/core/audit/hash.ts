/** The hashes of an RFC 6962 §2.1 Merkle tree over SHA-256. The first byte keeps a leaf from passing as a node. */

import { hash } from 'node:crypto';

/** Bytes of a SHA-256 hash. */
export const HASH_BYTES = 32;

const LEAF = 0x00;
const NODE = 0x01;

/** The longest line that grace writes; longer ones are hashed too, in a buffer of their own. */
const LINE_BYTES = 65_535;

/** The prefix and what is hashed must be contiguous for the one-shot hash; nothing here is asynchronous. */
const leafScratch = new Uint8Array(1 + LINE_BYTES);
const nodeScratch = new Uint8Array(1 + 2 * HASH_BYTES);

/** SHA-256 of the bytes, no prefix. */
export function sha256(bytes: Uint8Array): Buffer {
  // As text and back: asking for a buffer costs an ArrayBuffer per hash, and a leaf then takes a third longer.
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}

/** The root of a tree with no leaves. */
export const EMPTY_ROOT: Buffer = sha256(new Uint8Array(0));

/** SHA-256 of 0x00 and the line's bytes, which are without their LF and of any length. */
export function leafHash(line: Uint8Array): Buffer {
  const length = 1 + line.length;
  const input = length <= leafScratch.length ? leafScratch.subarray(0, length) : new Uint8Array(length);
  input[0] = LEAF;
  input.set(line, 1);
  return sha256(input);
}

/** SHA-256 of 0x01 and two hashes. Hashes of another length than 32 bytes are a bug and throw a `RangeError`. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES) throw new RangeError('a node is made of two hashes');
  nodeScratch[0] = NODE;
  nodeScratch.set(left, 1);
  nodeScratch.set(right, 1 + HASH_BYTES);
  return sha256(nodeScratch);
}
