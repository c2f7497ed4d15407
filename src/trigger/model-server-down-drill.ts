import { answersWell, healthUrl } from './drill-address.js';
import { restartDrill } from './restart-drill.js';
import { startService } from './service-process.js';

/** A server of models is gone. */
export const modelServerDownDrill = restartDrill({
  id: 'model-server-down',
  failure_mode: 'model_server_down',
  summary: 'a model server of its own is killed',
  remedy: 'Start the model server again',
  async scene(home, { port }) {
    const service = await startService(home, { name: 'model-server', kind: 'web', port });
    return {
      service,
      where: `runs at ${healthUrl(service)}`,
      check: answersWell(service, home.nonce),
      async causeFault() {
        await service.kill();
        return `process ${service.pid}, the model server, was killed`;
      },
    };
  },
});
