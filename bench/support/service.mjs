import { get } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A port of this host that is free now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The pid of the server that answers there, or `undefined`. */
export function answeringPid(port) {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, agent: false, timeout: 1000 }, (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(response.statusCode === 200 ? Number(text) : undefined));
      response.on('error', () => resolve(undefined));
    });
    request.on('error', () => resolve(undefined));
    request.on('timeout', () => request.destroy());
  });
}

/** Seconds until a server other than `not` answers; looked at every millisecond. */
export async function untilAnswered(port, not, limit_s = 20) {
  const begun = process.hrtime.bigint();
  const spent = () => Number(process.hrtime.bigint() - begun) / 1e9;
  while (spent() < limit_s) {
    const pid = await answeringPid(port);
    if (pid !== undefined && pid !== not) return { seconds: spent(), pid };
    await delay(1);
  }
  throw new Error(`nothing answered on port ${port} within ${limit_s} s`);
}
