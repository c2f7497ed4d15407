import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Drill, Stage, StageOptions } from './drill.js';
import { answersWell, healthUrl } from './drill-address.js';
import { drillPlaybook } from './drill-playbook.js';
import { endRemains } from './drill-remains.js';
import { homeOf, startService } from './service-process.js';

/**
 * An API does not accept a service's token any more. Nobody but a person can get another: the service is made to do
 * without the API, and a person is asked for. The refused token is never tried again.
 */
export const invalidCredentialsDrill: Drill = {
  id: 'invalid-credentials',
  failure_mode: 'invalid_credentials',
  summary:
    'an API of its own refuses the token of a service of its own, which goes on without it; a person is asked for',
  stage,
};

async function stage(options: StageOptions): Promise<Stage> {
  const home = await homeOf(options);
  const at = (name: string) => join(home.directory, name);
  const [accepted, token, config, degraded] = [at('accepted'), at('token'), at('service.json'), at('degraded.json')];
  for (const path of [accepted, token]) writeFileSync(path, `${home.nonce}\n`, { mode: 0o600 });
  writeFileSync(config, '{ "mode": "full" }\n');
  writeFileSync(degraded, '{ "mode": "degraded" }\n');
  const api = await startService(home, { name: 'api', kind: 'api', words: { credentials: accepted } });
  const words = { config, credentials: token, api: api.port };
  const service = await startService(home, { name: 'web', kind: 'client', words, port: options.port });
  const steps = [
    { restore_file: { path: config, from: degraded, parses_as: 'json' } },
    { signal: { pidfile: service.pidfile, signal: 'HUP' } },
  ];
  return {
    port: service.port,
    where: `runs at ${healthUrl(service)} and needs the API at ${healthUrl(api)}`,
    about: 'invalid-credentials',
    pace_s: 0.02,
    config: {
      checks: {
        'invalid-credentials': {
          ...answersWell(service, home.nonce),
          failure_mode: 'invalid_credentials',
          heal: ['degrade'],
        },
      },
      playbooks: { degrade: drillPlaybook('Go on without the API and ask for a person', steps, { escalate: true }) },
    },
    async causeFault() {
      writeFileSync(accepted, `not ${home.nonce}\n`);
      return `the API at ${healthUrl(api)} accepts another token from now on`;
    },
    async end() {
      await endRemains(home.directory);
    },
  };
}
