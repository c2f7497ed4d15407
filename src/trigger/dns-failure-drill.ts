import { DRILL_HOST } from './drill-address.js';
import { restartDrill } from './restart-drill.js';
import { startService } from './service-process.js';

const NAME = 'service.drill.test';

/** A name server is down. */
export const dnsFailureDrill = restartDrill({
  id: 'dns-failure',
  failure_mode: 'dns_failure',
  summary: 'a name server of its own is killed; the names of the host are not touched',
  remedy: 'Start the name server again',
  async scene(home, { port }) {
    const service = await startService(home, { name: 'name-server', kind: 'names', words: { name: NAME }, port });
    const server = `${DRILL_HOST}:${service.port}`;
    return {
      service,
      where: `answers for ${NAME} at ${server}`,
      check: { dns: { name: NAME, server, expect: DRILL_HOST, timeout: '1s' } },
      async causeFault() {
        await service.kill();
        return `process ${service.pid}, the name server, was killed`;
      },
    };
  },
});
