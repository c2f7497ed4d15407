import { randomBytes } from 'node:crypto';

/** `n` random bytes as lower-case hex. */
export function randomHex(n: number): string {
  return randomBytes(n).toString('hex');
}
