import type { ProcessIdentity } from '../core/records/claim.js';
import type { Drill, Stage, StageOptions } from './drill.js';
import { createPortService, DRILL_HEADER } from './port-service.js';
import { startThief, type Thief } from './thief-process.js';

const HOST = '127.0.0.1';

/** A child process takes the port that a service in this process needs. */
export const portInUseDrill: Drill = {
  id: 'port-in-use',
  failure_mode: 'port_in_use',
  summary: 'a child process of this command takes the port of a service of its own',
  stage,
};

async function stage(options: StageOptions): Promise<Stage> {
  const service = createPortService({ host: HOST, port: options.port, nonce: options.nonce });
  await service.start();
  const { port } = service;
  let thief: Thief | undefined;
  return {
    port,
    url: `http://${HOST}:${port}/health`,
    expectHeader: { name: DRILL_HEADER, value: options.nonce },
    async causeFault() {
      await service.stop();
      thief = await startThief({ host: HOST, port, program: options.thiefProgram, nodePath: options.nodePath });
      return thief.identity;
    },
    isCulprit: (who) => thief !== undefined && same(who, thief.identity),
    startService: () => service.start(),
    async end() {
      // Both, even if one of them cannot be ended.
      await Promise.allSettled([thief?.end(), service.stop()]);
    },
  };
}

function same(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.boot_id === b.boot_id && a.pid === b.pid && a.start_time === b.start_time;
}
