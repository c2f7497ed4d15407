/** A thread that hashes ranges of a log; see leaf-source.ts. */
import { parentPort } from 'node:worker_threads';
import { type ByteRange, hashRange } from '../../core/seal/hash-range.js';

parentPort?.on('message', (range: ByteRange) => {
  try {
    const hashed = hashRange(range);
    // Its memory is handed over, not copied.
    parentPort?.postMessage({ hashed }, [hashed.leaves.buffer as ArrayBuffer]);
  } catch (error) {
    parentPort?.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
});
