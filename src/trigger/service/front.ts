import { connect } from 'node:net';
import { healthServer } from './health-server.js';
import { SERVICE_HOST, type Served, type ServiceWords } from './served.js';

const PATIENCE_MS = 1000;

/** Is well while the database that it needs answers. */
export async function serveFront({ port, word, number }: ServiceWords): Promise<Served> {
  const upstream = number('upstream');
  const health = async () =>
    (await answers(upstream))
      ? { status: 200, says: 'well' }
      : { status: 503, says: 'the database that it needs does not answer' };
  return { port: await healthServer({ port, nonce: word('nonce'), health }) };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: SERVICE_HOST, port });
    const finish = (answered: boolean) => {
      resolve(answered);
      socket.destroy();
    };
    socket.setTimeout(PATIENCE_MS, () => finish(false));
    socket.on('connect', () => socket.write('PING\r\n'));
    socket.on('data', () => finish(true));
    socket.on('error', () => finish(false)).on('close', () => finish(false));
  });
}
