import { dirname, resolve } from 'node:path';
import { EXIT, OperatorError } from '../errors.js';
import { shellArguments, shellQuoted } from '../shell-quoted.js';
import type { KindOf } from './command-trust.js';
import { type ConfigExtra, type ConfigFault, faultLine } from './config-fault.js';
import { readConfigText } from './config-file.js';
import { configTrust, fileTrust } from './config-trust.js';
import { type LocationSources, locateConfig } from './logs-location.js';
import { type ConfigSources, type ReadConfig, readConfig } from './read-config.js';
import type { GraceConfig } from './schema/grace-schema.js';

/** What only the rooms above know of a configuration. */
export interface ConfigKnowledge {
  readonly extra?: ConfigExtra;
  readonly kindOf?: KindOf;
}

export interface LoadOptions extends ConfigKnowledge {
  /** `required`: a file that others could change is refused. `told`: it is said in `untrusted`, for commands that act on nothing. */
  readonly trust: 'required' | 'told';
}

export interface LoadedConfig {
  /** Absolute. */
  readonly path: string;
  readonly config: GraceConfig;
  readonly version: string;
  readonly sources: ConfigSources;
  readonly warnings: readonly ConfigFault[];
  /** Where it is required, what it names is judged again before it is run. */
  readonly trust: LoadOptions['trust'];
  /** Why it, or what it names, could be changed by others. */
  readonly untrusted: readonly ConfigFault[];
}

/** Everything there is to say of a configuration. */
export interface CheckedConfig {
  /** Absolute. */
  readonly path: string;
  /** What keeps it from being used. */
  readonly faults: readonly ConfigFault[];
  /** Why it, or what it names, could be changed by others. */
  readonly untrusted: readonly ConfigFault[];
  readonly warnings: readonly ConfigFault[];
  /** Where there are no faults. */
  readonly read?: Extract<ReadConfig, { ok: true }>;
}

/** Looks at the configuration that counts. Throws `GRACE_NO_CONFIG` and `GRACE_CONFIG_UNREADABLE`. */
export async function checkConfig(where: LocationSources, knowledge: ConfigKnowledge): Promise<CheckedConfig> {
  const path = locateConfig(where);
  if (path === undefined) {
    throw new OperatorError('GRACE_NO_CONFIG', EXIT.usage, 'there is no grace.yaml', {
      hint: `grace heal init --out ${shellQuoted(resolve(where.cwd, 'grace.yaml'))}   # writes one to begin with, or name one: --config FILE`,
    });
  }
  const read = await readConfig(readConfigText(path), path, knowledge.extra);
  if (!read.ok) return { path, faults: read.faults, untrusted: fileTrust(path), warnings: [] };
  const { faults, warnings } = configTrust(path, read, knowledge.kindOf);
  return { path, faults: [], untrusted: faults, warnings: [...read.warnings, ...warnings], read };
}

/**
 * The configuration that counts, to act by or to show. Throws what {@link checkConfig} throws, `GRACE_CONFIG_INVALID`, and
 * `GRACE_CONFIG_UNTRUSTED` where trust is required.
 */
export async function loadConfig(where: LocationSources, options: LoadOptions): Promise<LoadedConfig> {
  const { path, faults, untrusted, warnings, read } = await checkConfig(where, options);
  // Before what is wrong with it: who may change it may also have it say anything.
  const [first] = untrusted;
  if (first && options.trust === 'required') throw refused(path, first, untrusted.length);
  if (!read) throw invalid(path, faults);
  const { config, version, sources } = read;
  return { path, config, version, sources, warnings, trust: options.trust, untrusted };
}

function invalid(path: string, faults: readonly ConfigFault[]): OperatorError {
  const [first] = faults;
  const sentence = first ? faultLine(first) : `${path} is invalid`;
  return new OperatorError('GRACE_CONFIG_INVALID', EXIT.usage, `${sentence}${more(faults.length)}`, {
    hint: `grace config check --config ${shellQuoted(path)}`,
  });
}

function refused(path: string, first: ConfigFault, count: number): OperatorError {
  return new OperatorError('GRACE_CONFIG_UNTRUSTED', EXIT.refused, `${faultLine(first)}${more(count)}`, {
    hint: `ls -ld ${shellArguments(dirname(path), path)}; grace config check --config ${shellQuoted(path)}`,
  });
}

const more = (count: number) => (count > 1 ? `, and ${count - 1} more` : '');
