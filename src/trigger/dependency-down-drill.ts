import { answersWell, DRILL_HOST, healthUrl } from './drill-address.js';
import { restartDrill } from './restart-drill.js';
import { startService } from './service-process.js';

/** A service fails since the database that it needs is down: what is started again is the database, and nothing else. */
export const dependencyDownDrill = restartDrill({
  id: 'dependency-down',
  failure_mode: 'dependency_down',
  summary:
    'the database that a service of its own needs is killed; the service is not touched and is well again with it',
  remedy: 'Start the database again, which the service needs',
  async scene(home, { port }) {
    const service = await startService(home, { name: 'database', kind: 'database' });
    const words = { upstream: service.port };
    const front = await startService(home, { name: 'web', kind: 'front', words, port });
    return {
      service,
      port: front.port,
      where: `runs at ${healthUrl(front)} and needs the database at ${DRILL_HOST}:${service.port}`,
      check: { all: ['database', 'web'] },
      others: {
        database: { tcp: { host: DRILL_HOST, port: service.port, send: 'PING\r\n', expect: 'PONG' } },
        web: { ...answersWell(front, home.nonce), depends_on: ['database'] },
      },
      async causeFault() {
        await service.kill();
        return `process ${service.pid}, the database, was killed; process ${front.pid}, the service, runs on without it`;
      },
    };
  },
});
