import { answersWell, healthUrl } from './drill-address.js';
import { restartDrill } from './restart-drill.js';
import { startService } from './service-process.js';

const START_MS = 1000;

/** A service takes long to start: whoever judges it too early starts it again and again, and it never comes up. */
export const slowStartDrill = restartDrill({
  id: 'slow-start',
  failure_mode: 'slow_start',
  summary: 'a service of its own is killed, needs a second to start, and is given it: it is started just once',
  remedy: 'Start the slow starter again',
  async scene(home, { port }) {
    const laterWords = { 'start-delay-ms': START_MS };
    const service = await startService(home, { name: 'web', kind: 'web', port, laterWords });
    return {
      service,
      where: `runs at ${healthUrl(service)}`,
      check: { ...answersWell(service, home.nonce), start_period: '9s' },
      // Not nearly enough for it without the start period of the check.
      playbook: { verify: { within: '300ms', every: '20ms' } },
      async causeFault() {
        await service.kill();
        return `process ${service.pid}, the service, was killed; its next start takes ${START_MS} ms`;
      },
    };
  },
});
