import { healthServer } from './health-server.js';
import type { Served, ServiceWords } from './served.js';

/** Answers that it is well. */
export async function serveWeb({ port, word }: ServiceWords): Promise<Served> {
  return { port: await healthServer({ port, nonce: word('nonce'), health: () => ({ status: 200, says: 'well' }) }) };
}
