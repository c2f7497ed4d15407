import { answersWell, healthUrl } from './drill-address.js';
import { restartDrill } from './restart-drill.js';
import { startService } from './service-process.js';

/** A service stands still: it has its port, and answers nobody. SIGTERM does not end it. */
export const serviceHungDrill = restartDrill({
  id: 'service-hung',
  failure_mode: 'service_hung',
  summary: 'a service of its own is stopped with SIGSTOP: it keeps its port and answers nobody',
  remedy: 'End the service that hangs and start it again',
  async scene(home, { port }) {
    const service = await startService(home, { name: 'web', kind: 'web', port });
    return {
      service,
      where: `runs at ${healthUrl(service)}`,
      check: answersWell(service, home.nonce, { timeout: '400ms' }),
      async causeFault() {
        service.send('SIGSTOP');
        return `process ${service.pid}, the service, was stopped`;
      },
    };
  },
});
