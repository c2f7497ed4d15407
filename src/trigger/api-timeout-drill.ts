import { answersWell, healthUrl } from './drill-address.js';
import { restartDrill } from './restart-drill.js';
import { startService } from './service-process.js';

/** A service answers too late to be of use. */
export const apiTimeoutDrill = restartDrill({
  id: 'api-timeout',
  failure_mode: 'api_timeout',
  summary: 'a service of its own takes a minute to answer',
  remedy: 'Start the slow service again',
  async scene(home, { port }) {
    const service = await startService(home, { name: 'api', kind: 'slow', port });
    return {
      service,
      where: `runs at ${healthUrl(service)}`,
      check: answersWell(service, home.nonce, { timeout: '400ms' }),
      async causeFault() {
        await service.spoil();
        return `process ${service.pid}, the service, answers after a minute from now on`;
      },
    };
  },
});
