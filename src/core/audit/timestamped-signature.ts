/** The `timestamped_signature` of C2SP tlog-cosignature with Ed25519: 8 bytes of time, big-endian, and a signature. */

import { SIGNATURE_BYTES, type SigningKey, sign, type VerifierKey, verify } from './keys.js';
import { isTreeSize } from './tree-size.js';

const TIME_BYTES = 8;

/** Bytes of the whole. */
export const TIMESTAMPED_BYTES = TIME_BYTES + SIGNATURE_BYTES;

/** `at_s` is whole seconds since 1970, from 0 to 2^53 − 1; another number is a bug and throws a `RangeError`. */
export function signAt(key: SigningKey, text: string, at_s: number): Buffer {
  if (!isTreeSize(at_s)) throw new RangeError('a time is whole seconds since 1970');
  const time = Buffer.alloc(TIME_BYTES);
  time.writeBigUInt64BE(BigInt(at_s));
  return Buffer.concat([time, sign(key, message(text, BigInt(at_s)))]);
}

/** Seconds since 1970 that the key signed with the text; `undefined` when it did not, or the time is past 2^53 − 1. */
export function timeSigned(key: VerifierKey, text: string, timestamped: Uint8Array): number | undefined {
  if (timestamped.length !== TIMESTAMPED_BYTES) return undefined;
  const at_s = Buffer.from(timestamped).readBigUInt64BE();
  if (at_s > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return verify(key, message(text, at_s), timestamped.subarray(TIME_BYTES)) ? Number(at_s) : undefined;
}

/** The first line keeps a cosignature from passing as anything else that this key may sign. */
function message(text: string, at_s: bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${at_s}\n${text}`);
}
