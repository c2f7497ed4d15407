import { answersWell, healthUrl } from './drill-address.js';
import { restartDrill } from './restart-drill.js';
import { startService } from './service-process.js';

/** The only way to a service is cut; the service itself is well. */
export const networkUnreachableDrill = restartDrill({
  id: 'network-unreachable',
  failure_mode: 'network_unreachable',
  summary: 'the forwarder that is the only way to a service of its own is killed; the service is not touched',
  remedy: 'Open the way to the service again',
  async scene(home, { port }) {
    const behind = await startService(home, { name: 'web', kind: 'web' });
    const words = { upstream: behind.port };
    const service = await startService(home, { name: 'forwarder', kind: 'forwarder', words, port });
    return {
      service,
      where: `runs at ${healthUrl(behind)}, and is reached by way of ${healthUrl(service)}`,
      check: answersWell(service, home.nonce),
      async causeFault() {
        await service.kill();
        return `process ${service.pid}, the forwarder, was killed`;
      },
    };
  },
});
