import { restartDrill } from './restart-drill.js';
import { startService } from './service-process.js';

/** A process that serves nobody over a port is killed. */
export const processMissingDrill = restartDrill({
  id: 'process-missing',
  failure_mode: 'process_missing',
  summary: 'a worker process of its own is killed; its pidfile stays',
  remedy: 'Start the worker again',
  async scene(home) {
    const service = await startService(home, { name: 'worker', kind: 'worker' });
    return {
      service,
      where: `runs as process ${service.pid}`,
      check: { process: { pidfile: service.pidfile } },
      async causeFault() {
        await service.kill();
        return `process ${service.pid}, the worker, was killed`;
      },
    };
  },
});
