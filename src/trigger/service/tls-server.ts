import { readFileSync } from 'node:fs';
import { listening } from './listening.js';
import type { Served, ServiceWords } from './served.js';

/** Shows the certificate that lies in its file; another one only when it is told to read it again. */
export async function serveTls({ port, word }: ServiceWords): Promise<Served> {
  const { createServer } = await import('node:tls');
  const context = () => ({ cert: readFileSync(word('certificate')), key: readFileSync(word('key')) });
  const server = createServer(context(), (socket) => {
    socket.on('error', () => socket.destroy());
    socket.end();
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return { port: await listening(server, port), reload: () => server.setSecureContext(context()) };
}
