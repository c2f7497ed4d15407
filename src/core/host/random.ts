/**
 * `n` random bytes as lower-case hex. From the Web Crypto of the runtime, which is loaded when it is first asked:
 * node:crypto would be loaded at every start.
 */
export function randomHex(n: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(n))).toString('hex');
}
