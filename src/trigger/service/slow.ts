import { setTimeout as sleep } from 'node:timers/promises';
import { healthServer } from './health-server.js';
import type { Served, ServiceWords } from './served.js';

const SLOW_MS = 60_000;

/** Answers at once, until it is spoiled; from then on nobody waits so long. */
export async function serveSlow({ port, word }: ServiceWords): Promise<Served> {
  let delay_ms = 0;
  const health = async () => {
    if (delay_ms > 0) await sleep(delay_ms);
    return { status: 200, says: 'well' };
  };
  return {
    port: await healthServer({ port, nonce: word('nonce'), health }),
    spoil() {
      delay_ms = SLOW_MS;
    },
  };
}
