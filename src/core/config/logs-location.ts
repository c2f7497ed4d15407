import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EXIT, OperatorError, systemErrorSentence } from '../errors.js';
import { shellArguments } from '../shell-quoted.js';

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
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new OperatorError(
      'GRACE_CONFIG_UNREADABLE',
      EXIT.usage,
      `${path}: ${systemErrorSentence(error) ?? 'unreadable'}`,
      {
        hint: `ls -l ${shellArguments(path)}`,
        cause: error,
      },
    );
  }
  // Loaded here because most hosts run most commands with the location given.
  const { LineCounter, isMap, isNode, isScalar, parseDocument } = await import('yaml');
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const invalid = (message: string, offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return new OperatorError('GRACE_CONFIG_INVALID', EXIT.usage, `${path}:${line}:${col}: ${message}`, {
      hint: `ls -l ${shellArguments(path)}   # correct it, or name the logs: --logs DIR`,
    });
  };
  const [problem] = document.errors;
  if (problem) throw invalid(problem.message.split('\n')[0]?.replace(/ at line .*$/, '') ?? 'not YAML', problem.pos[0]);
  const { contents } = document;
  if (contents === null) return undefined;
  if (!isMap(contents)) throw invalid('not a mapping of settings', contents.range?.[0] ?? 0);
  const logs = contents.get('logs', true);
  if (logs === undefined) return undefined;
  const value = isScalar(logs) ? logs.value : undefined;
  if (typeof value !== 'string' || value === '') {
    throw invalid('logs: is not the name of a directory', isNode(logs) ? (logs.range?.[0] ?? 0) : 0);
  }
  return resolve(dirname(path), value);
}
