import { readFileSync } from 'node:fs';
import { healthServer } from './health-server.js';
import type { Served, ServiceWords } from './served.js';

/** Answers those who bring the token that lies in its file now, and refuses all others. */
export async function serveApi({ port, word }: ServiceWords): Promise<Served> {
  const accepted = word('credentials');
  return {
    port: await healthServer({
      port,
      nonce: word('nonce'),
      health({ headers }) {
        const expected = `Bearer ${readFileSync(accepted, 'utf8').trim()}`;
        if (headers.authorization === expected) return { status: 200, says: 'accepted' };
        return { status: 401, says: 'refused' };
      },
    }),
  };
}
