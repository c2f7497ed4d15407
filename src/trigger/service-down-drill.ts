import { answersWell, healthUrl } from './drill-address.js';
import { restartDrill } from './restart-drill.js';
import { startService } from './service-process.js';

/** A service is killed. */
export const serviceDownDrill = restartDrill({
  id: 'service-down',
  failure_mode: 'service_down',
  summary: 'a service of its own is killed with SIGKILL',
  remedy: 'Start the service again',
  async scene(home, { port }) {
    const service = await startService(home, { name: 'web', kind: 'web', port });
    return {
      service,
      where: `runs at ${healthUrl(service)}`,
      check: answersWell(service, home.nonce),
      async causeFault() {
        await service.kill();
        return `process ${service.pid}, the service, was killed`;
      },
    };
  },
});
