import type { IncomingMessage } from 'node:http';
import { DRILL_HEADER } from '../drill-header.js';
import { listening } from './listening.js';

export interface Health {
  readonly status: number;
  readonly says: string;
}

export interface HealthServerOptions {
  readonly port: number;
  readonly nonce: string;
  readonly health: (request: IncomingMessage) => Promise<Health> | Health;
}

/** Answers every request with how the service is, one request a connection. */
export async function healthServer({ port, nonce, health }: HealthServerOptions): Promise<number> {
  // Loaded where it is used: each kind of service starts as fast as it can.
  const { createServer } = await import('node:http');
  const server = createServer(async (request, response) => {
    const { status, says } = await health(request);
    const body = `${says}\n`;
    const headers = { [DRILL_HEADER]: nonce, 'content-length': Buffer.byteLength(body), connection: 'close' };
    response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
  });
  return listening(server, port);
}
