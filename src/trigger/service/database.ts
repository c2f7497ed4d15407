import { createServer } from 'node:net';
import { listening } from './listening.js';
import type { Served, ServiceWords } from './served.js';

/** Something over TCP that answers PING with PONG. */
export async function serveDatabase({ port }: ServiceWords): Promise<Served> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      if (chunk.includes('PING')) socket.write('PONG\r\n');
    });
  });
  return { port: await listening(server, port) };
}
