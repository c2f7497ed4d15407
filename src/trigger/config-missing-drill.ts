import { rmSync } from 'node:fs';
import { startConfigured } from './configured-service.js';
import type { Drill, Stage, StageOptions } from './drill.js';
import { healthUrl } from './drill-address.js';
import { drillPlaybook } from './drill-playbook.js';
import { endRemains } from './drill-remains.js';
import { homeOf } from './service-process.js';

/** A service is told to read its configuration again, which somebody has removed. */
export const configMissingDrill: Drill = {
  id: 'config-missing',
  failure_mode: 'config_missing',
  summary: 'the configuration of a service of its own is removed, and the service told to read it again',
  stage,
};

async function stage(options: StageOptions): Promise<Stage> {
  const home = await homeOf(options);
  const { service, path, checks, restore } = await startConfigured(home, options.port);
  const steps = [restore, { signal: { pidfile: service.pidfile, signal: 'HUP' } }];
  return {
    port: service.port,
    where: `runs at ${healthUrl(service)} by ${path}`,
    about: 'config-missing',
    pace_s: 0.02,
    config: {
      checks: {
        ...checks,
        'config-missing': { all: Object.keys(checks), failure_mode: 'config_missing', heal: ['restore-config'] },
      },
      playbooks: { 'restore-config': drillPlaybook('Restore the configuration and have it read', steps) },
    },
    async causeFault() {
      rmSync(path);
      await service.reload();
      return `${path} was removed, and process ${service.pid}, the service, told to read it`;
    },
    async end() {
      await endRemains(home.directory);
    },
  };
}
