import type { Server } from 'node:net';
import { SERVICE_HOST } from './served.js';

/** Answers the port. Rejects with the system's error, such as `EADDRINUSE`. */
export function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    // Stays: an accept that fails later makes the service fail its check and nothing else.
    server.on('error', reject);
    server.listen({ port, host: SERVICE_HOST, exclusive: true }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
