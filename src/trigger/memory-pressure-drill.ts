import { setTimeout as sleep } from 'node:timers/promises';
import { memoryOf } from './process-memory.js';
import { restartDrill } from './restart-drill.js';
import { startService } from './service-process.js';

const MIB = 2 ** 20;
/** Above what it has when it starts. */
const ALLOWED_MIB = 48;
const TAKEN_MIB = 80;
const POLL_MS = 2;
const MAX_POLLS = 5000;

/** A service takes more memory than it may. */
export const memoryPressureDrill = restartDrill({
  id: 'memory-pressure',
  failure_mode: 'memory_pressure',
  summary: `a service of its own takes ${TAKEN_MIB} MiB of memory and gives none back`,
  remedy: 'Start the service again that has taken too much memory',
  async scene(home) {
    const words = { 'most-mib': TAKEN_MIB };
    const service = await startService(home, { name: 'web', kind: 'leak', words });
    const limit_mib = Math.ceil(memoryOf(service.pid).resident / MIB) + ALLOWED_MIB;
    return {
      service,
      where: `runs as process ${service.pid} and may take ${limit_mib} MiB`,
      check: { process: { pidfile: service.pidfile, rss_below: `${limit_mib}MiB` } },
      async causeFault() {
        await service.spoil();
        for (let polls = 0; memoryOf(service.pid).resident < limit_mib * MIB; polls++) {
          if (polls === MAX_POLLS) throw new Error('the service has not taken the memory that it was told to take');
          await sleep(POLL_MS);
        }
        return `process ${service.pid}, the service, has taken ${TAKEN_MIB} MiB`;
      },
    };
  },
});
