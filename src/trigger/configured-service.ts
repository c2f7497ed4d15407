import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answersWell } from './drill-address.js';
import { type Home, type Service, startService } from './service-process.js';

/** A service that works by a configuration file, of which there is a good copy. */
export interface ConfiguredService {
  readonly service: Service;
  readonly path: string;
  /** That the file is as it should be, and that the service is. */
  readonly checks: Record<'configuration' | 'service', object>;
  /** The step of grace.yaml that puts the good copy in its place. */
  readonly restore: object;
}

export async function startConfigured(home: Home, port: number): Promise<ConfiguredService> {
  const path = join(home.directory, 'service.json');
  const from = join(home.directory, 'service.json.good');
  writeFileSync(from, `${JSON.stringify({ greeting: 'well', workers: 4, log: 'info' }, null, 2)}\n`);
  copyFileSync(from, path);
  const service = await startService(home, { name: 'web', kind: 'configured', words: { config: path }, port });
  return {
    ...{ service, path },
    checks: {
      configuration: { file: { path, parses_as: 'json' } },
      service: answersWell(service, home.nonce),
    },
    restore: { restore_file: { path, from, parses_as: 'json' } },
  };
}
