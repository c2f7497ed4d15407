import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/host/clock.js';
import type { Drill, Stage, StageOptions } from './drill.js';
import { DRILL_HOST } from './drill-address.js';
import { drillCertificates } from './drill-certificates.js';
import { drillPlaybook } from './drill-playbook.js';
import { endRemains } from './drill-remains.js';
import { homeOf, startService } from './service-process.js';

const DAY_MS = 86_400_000;

/** A server shows a certificate that expires soon, and a renewed one lies ready. */
export function certificateExpiringDrill(clock: Clock): Drill {
  return {
    id: 'certificate-expiring',
    failure_mode: 'certificate_expiring',
    summary: 'a TLS server of its own shows a certificate of its own with one day left; a renewed one lies ready',
    stage: (options) => stage(options, clock),
  };
}

async function stage(options: StageOptions, clock: Clock): Promise<Stage> {
  const home = await homeOf(options);
  const at = (name: string) => join(home.directory, name);
  const now = clock.now();
  const { authority, key, issue } = await drillCertificates([now - 365 * DAY_MS, now + 3650 * DAY_MS]);
  const renewed = issue([now - DAY_MS, now + 90 * DAY_MS]);
  const expiring = issue([now - 89 * DAY_MS, now + 1.5 * DAY_MS]);
  const [path, from, ca_file] = [at('server.pem'), at('server.pem.renewed'), at('authority.pem')];
  writeFileSync(at('key.pem'), key, { mode: 0o600 });
  writeFileSync(path, renewed);
  writeFileSync(from, renewed);
  writeFileSync(ca_file, authority);
  const words = { certificate: path, key: at('key.pem') };
  const service = await startService(home, { name: 'tls', kind: 'tls', words, port: options.port });
  const steps = [{ restore_file: { path, from } }, { signal: { pidfile: service.pidfile, signal: 'HUP' } }];
  return {
    port: service.port,
    where: `shows ${path} at ${DRILL_HOST}:${service.port}`,
    about: 'certificate-expiring',
    pace_s: 0.02,
    config: {
      checks: {
        'certificate-expiring': {
          tls: { host: DRILL_HOST, port: service.port, days_left: 14, ca_file },
          failure_mode: 'certificate_expiring',
          heal: ['renew-certificate'],
        },
      },
      playbooks: { 'renew-certificate': drillPlaybook('Put the renewed certificate in place', steps) },
    },
    async causeFault() {
      writeFileSync(`${path}.new`, expiring);
      renameSync(`${path}.new`, path);
      await service.reload();
      return `${path} has one day left from now on, and process ${service.pid}, the server, shows it`;
    },
    async end() {
      await endRemains(home.directory);
    },
  };
}
