const cell = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread for a fraction of a millisecond; shorter than any timer can wait. */
export function napMs(ms: number): void {
  Atomics.wait(cell, 0, 0, ms);
}
