import { statSync, truncateSync } from 'node:fs';
import { startConfigured } from './configured-service.js';
import type { Drill, Stage, StageOptions } from './drill.js';
import { healthUrl } from './drill-address.js';
import { drillPlaybook } from './drill-playbook.js';
import { endRemains } from './drill-remains.js';
import { homeOf } from './service-process.js';

/** A service is down, and does not start with the configuration that there is. */
export const configInvalidDrill: Drill = {
  id: 'config-invalid',
  failure_mode: 'config_invalid',
  summary:
    'the configuration of a service of its own is cut off in the middle, and the service ended: it does not start with it',
  stage,
};

async function stage(options: StageOptions): Promise<Stage> {
  const home = await homeOf(options);
  const { service, path, checks, restore } = await startConfigured(home, options.port);
  return {
    port: service.port,
    where: `runs at ${healthUrl(service)} by ${path}`,
    about: 'config-invalid',
    pace_s: 0.02,
    config: {
      checks: {
        ...checks,
        'config-invalid': { all: Object.keys(checks), failure_mode: 'config_invalid', heal: ['restore-config'] },
      },
      playbooks: {
        'restore-config': drillPlaybook('Restore the configuration and start the service', [restore, service.restart]),
      },
    },
    async causeFault() {
      truncateSync(path, Math.floor(statSync(path).size / 2));
      await service.kill();
      return `${path} was cut in half, and process ${service.pid}, the service, killed`;
    },
    async end() {
      await endRemains(home.directory);
    },
  };
}
