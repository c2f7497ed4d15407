import { DRILL_HOST } from './drill-address.js';
import { restartDrill } from './restart-drill.js';
import { startService } from './service-process.js';

/** A database that is spoken to over TCP is down. */
export const databaseUnavailableDrill = restartDrill({
  id: 'database-unavailable',
  failure_mode: 'database_unavailable',
  summary: 'a database server of its own is killed',
  remedy: 'Start the database again',
  async scene(home, { port }) {
    const service = await startService(home, { name: 'database', kind: 'database', port });
    return {
      service,
      where: `answers PING at ${DRILL_HOST}:${service.port}`,
      check: { tcp: { host: DRILL_HOST, port: service.port, send: 'PING\r\n', expect: 'PONG' } },
      async causeFault() {
        await service.kill();
        return `process ${service.pid}, the database, was killed`;
      },
    };
  },
});
