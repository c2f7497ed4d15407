import { connect, createServer } from 'node:net';
import { listening } from './listening.js';
import { SERVICE_HOST, type Served, type ServiceWords } from './served.js';

/** The only way to what lies behind it: each connection is passed on. */
export async function serveForwarder({ port, number }: ServiceWords): Promise<Served> {
  const upstream = number('upstream');
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host: SERVICE_HOST, port: upstream, allowHalfOpen: true });
    const both = [near, far];
    for (const one of both) one.on('error', () => both.forEach((socket) => void socket.destroy()));
    near.pipe(far).pipe(near);
  });
  return { port: await listening(server, port) };
}
