import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EXIT, OperatorError } from '../errors.js';
import { shellArguments, shellQuoted } from '../shell-quoted.js';
import { readConfigText } from './config-file.js';
import { fieldOf } from './field-path.js';
import type { Place } from './line-places.js';

export interface LocationSources {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--logs` */
  readonly logs?: string | undefined;
  /** `--config` */
  readonly config?: string | undefined;
}

/**
 * Where the logs are, for every command alike: `--logs`, then `$GRACE_LOGS`, then `logs:` in grace.yaml (relative to that
 * file), then `./logs`. Creates nothing; whether anything is there is for the caller to see.
 */
export async function locateLogs(sources: LocationSources): Promise<string> {
  const { cwd, env } = sources;
  const given = sources.logs ?? env.GRACE_LOGS;
  if (sources.logs === '') {
    throw new OperatorError('GRACE_USAGE', EXIT.usage, '--logs needs a directory', { hint: '--logs /var/lib/grace' });
  }
  if (given) return resolve(cwd, given);
  const config = locateConfig(sources);
  const fromConfig = config === undefined ? undefined : await logsOfConfig(config);
  return fromConfig ?? join(cwd, 'logs');
}

/** The configuration that counts, or `undefined` when there is none. One that is named must be there. */
export function locateConfig({ cwd, env, config }: LocationSources): string | undefined {
  const named = config ?? env.GRACE_CONFIG;
  if (named) {
    const path = resolve(cwd, named);
    if (!existsSync(path)) {
      throw new OperatorError('GRACE_NO_CONFIG', EXIT.usage, `there is no configuration at ${path}`, {
        hint: `ls -l ${shellArguments(dirname(path))}`,
      });
    }
    return path;
  }
  const xdg = env.XDG_CONFIG_HOME || (env.HOME ? join(env.HOME, '.config') : undefined);
  const candidates = [
    join(cwd, 'grace.yaml'),
    ...(xdg === undefined ? [] : [join(xdg, 'grace', 'grace.yaml')]),
    '/etc/grace/grace.yaml',
  ];
  return candidates.find((path) => existsSync(path));
}

async function logsOfConfig(path: string): Promise<string | undefined> {
  const text = readConfigText(path);
  // Loaded here because most hosts run most commands with the location given.
  const { readYaml } = await import('./yaml-tree.js');
  const { value, broken, refused, places } = readYaml(text);
  const invalid = ({ line, column }: Place, message: string) =>
    new OperatorError('GRACE_CONFIG_INVALID', EXIT.usage, `${path}:${line}:${column}: ${message}`, {
      hint: `grace config check --config ${shellQuoted(path)}   # or name the logs: --logs DIR`,
    });
  const [problem] = [...broken, ...refused];
  // The page that an operator needs most must not depend on the file that somebody has just broken.
  const said = problem === undefined ? undefined : /^logs:[ \t]+(\/[^\s#'"]+)[ \t]*(?:#.*)?$/m.exec(text)?.[1];
  if (said !== undefined) return said;
  if (problem)
    throw invalid(problem, [fieldOf(problem.field), problem.message].filter((part) => part !== '').join(' '));
  if (value === null) return undefined;
  const top: Place = places.get('') ?? { line: 1, column: 1 };
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid(top, 'not a mapping of settings');
  const { logs } = value as { logs?: unknown };
  if (logs === undefined) return undefined;
  if (typeof logs !== 'string' || logs === '')
    throw invalid(places.get('logs') ?? top, 'logs: is not the name of a directory');
  return resolve(dirname(path), logs);
}
