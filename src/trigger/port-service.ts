import { createServer, type Server } from 'node:http';
import { DRILL_HEADER } from './drill-header.js';

export interface PortServiceOptions {
  readonly host: string;
  /** 0: whatever port the kernel gives at the first start; a later start takes the same one. */
  readonly port: number;
  readonly nonce: string;
}

export interface PortService {
  /** Rejects with the system's error (`EADDRINUSE`) when the port is taken. A running service stays as it is. */
  start(): Promise<void>;
  /** Closes the port and every connection. Nothing to stop is no error. */
  stop(): Promise<void>;
  readonly port: number;
}

/** The service a drill breaks and heals: answers `GET /health`, one request a connection. */
export function createPortService({ host, port: wanted, nonce }: PortServiceOptions): PortService {
  let port = wanted;
  let running: Promise<Server> | undefined;

  return {
    get port() {
      return port;
    },
    async start() {
      if (running !== undefined) return void (await running);
      const starting = listening(healthServer(nonce), port, host);
      running = starting;
      try {
        const address = (await starting).address();
        if (address !== null && typeof address === 'object') port = address.port;
      } catch (error) {
        if (running === starting) running = undefined;
        throw error;
      }
    },
    async stop() {
      const stopping = running;
      running = undefined;
      const server = await stopping?.catch(() => undefined);
      if (server?.listening !== true) return;
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

function healthServer(nonce: string): Server {
  return createServer((request, response) => {
    const healthy = request.method === 'GET' && request.url === '/health';
    response.writeHead(healthy ? 200 : 404, { [DRILL_HEADER]: nonce, 'content-length': 0, connection: 'close' }).end();
  });
}

function listening(server: Server, port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    // Stays: an accept that fails later makes the service fail its check and nothing else.
    server.on('error', reject);
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}
