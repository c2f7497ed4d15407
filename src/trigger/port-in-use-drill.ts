import type { ProcessIdentity } from '../core/records/claim.js';
import type { Drill, OwnStep, Stage, StageOptions } from './drill.js';
import { DRILL_HEADER } from './drill-header.js';
import { createPortService } from './port-service.js';
import { startThief, type Thief } from './thief-process.js';

const HOST = '127.0.0.1';

/** What ends a holder of a port; the healing room has it, and the face hands it over. */
export type FreePort = (
  port: number,
  mayKill: (who: ProcessIdentity) => boolean,
) => Promise<{ readonly outcome: 'worked' | 'failed' | 'timed_out'; readonly exit: string }>;

/** A child process takes the port that a service in this process needs. */
export function portInUseDrill(freePort: FreePort): Drill {
  return {
    id: 'port-in-use',
    failure_mode: 'port_in_use',
    summary: 'a child process of this command takes the port of a service of its own',
    stage: (options) => stage(options, freePort),
  };
}

async function stage(options: StageOptions, freePort: FreePort): Promise<Stage> {
  const service = createPortService({ host: HOST, port: options.port, nonce: options.nonce });
  await service.start();
  const { port } = service;
  const url = `http://${HOST}:${port}/health`;
  let thief: Thief | undefined;
  const isCulprit = (who: ProcessIdentity) => thief !== undefined && same(who, thief.identity);
  return {
    port,
    where: `runs at ${url}`,
    about: 'port-in-use',
    pace_s: 0.002,
    config: {
      checks: {
        'port-in-use': {
          http: { url, timeout: '1s', expect_header: { name: DRILL_HEADER, value: options.nonce } },
          failure_mode: 'port_in_use',
          heal: ['free-port'],
        },
      },
      playbooks: {
        'free-port': {
          name: 'Free the port and start the service',
          risk: 'low',
          relapse: '0s',
          // Run by this process itself, which is quicker: see below.
          steps: [
            { kill_port_holder: { port, only: [options.nodePath], grace: '0s' } },
            { restart: { start: [options.nodePath, '/srv/web/server.js'], pidfile: '/run/web.pid' } },
          ],
          verify: { within: '5s', every: '1ms' },
        },
      },
    },
    ownSteps: { 'free-port': [killThief(port, freePort, isCulprit), startService(service, port)] },
    async causeFault() {
      await service.stop();
      const program = options.program('port-thief');
      thief = await startThief({ host: HOST, port, program, nodePath: options.nodePath });
      return `process ${thief.pid} has taken the port`;
    },
    async end() {
      // Both, even if one of them cannot be ended.
      await Promise.allSettled([thief?.end(), service.stop()]);
    },
  };
}

/** Ends the process that has the port, if it is the one that took it. */
function killThief(port: number, freePort: FreePort, isCulprit: (who: ProcessIdentity) => boolean): OwnStep {
  return {
    name: 'kill_port_holder',
    destroys: 'ends the process that this drill has started',
    run: () => freePort(port, isCulprit),
  };
}

function startService(service: { start(): Promise<void> }, port: number): OwnStep {
  return {
    name: 'start_service',
    destroys: 'nothing',
    async run() {
      try {
        await service.start();
        return { outcome: 'worked', exit: `listening on ${port}` };
      } catch (error) {
        return { outcome: 'failed', exit: (error as Error).message };
      }
    },
  };
}

function same(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.boot_id === b.boot_id && a.pid === b.pid && a.start_time === b.start_time;
}
