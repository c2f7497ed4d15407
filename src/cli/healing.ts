import { userInfo } from 'node:os';
import { closest } from '../core/config/closest.js';
import { mayAccount } from '../core/config/grants.js';
import { type LoadedConfig, loadConfig } from '../core/config/load-config.js';
import type { GraceConfig } from '../core/config/schema/grace-schema.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { effectiveUid } from '../core/host/account.js';
import { bootId } from '../core/host/process-identity.js';
import type { Now } from '../core/records/moment.js';
import type { RailId } from '../core/records/rails.js';
import { dependencyStates } from '../healing/dependencies.js';
import { distrustNow } from '../healing/distrust.js';
import type { EngineSetting } from '../healing/engine/setting.js';
import { policyOf, watchedOf } from '../healing/from-config.js';
import { maintenanceOf } from '../healing/maintenance.js';
import type { ProbeStore } from '../healing/probe-store.js';
import type { Watched } from '../healing/watched.js';
import { configKnowledge } from './config-knowledge.js';
import type { Context } from './context.js';
import { learnableChecks } from './learn-facts.js';
import { learnedOrder } from './learned-order.js';
import type { WhereOptions } from './where.js';

/** The checks of a configuration as they are to be healed, and what holds for all of them. */
export interface HealingPlan {
  readonly loaded: LoadedConfig;
  readonly watched: ReadonlyMap<string, Watched>;
  readonly setting: EngineSetting;
}

/** Reads grace.yaml for a command that heals (`act`) or only looks. */
export function loadForHealing(ctx: Context, where: WhereOptions, acts: boolean): Promise<LoadedConfig> {
  const { cwd, env } = ctx;
  return loadConfig(
    { cwd, env, logs: where.logs, config: where.config },
    { ...configKnowledge, trust: acts ? 'required' : 'told' },
  );
}

/** The same for one that runs the checks and nothing else: as root it runs nothing that others could change either. */
export function loadForProbing(ctx: Context, where: WhereOptions): Promise<LoadedConfig> {
  return loadForHealing(ctx, where, effectiveUid() === 0);
}

export interface SettingOptions {
  readonly store: ProbeStore | undefined;
  readonly passOver?: readonly RailId[];
  /** Who has grace act; `healer` unless a person passes over rails. */
  readonly account?: string;
  readonly trigger?: string;
}

export async function healingPlan(ctx: Context, loaded: LoadedConfig, options: SettingOptions): Promise<HealingPlan> {
  const { config, version } = loaded;
  const watched = watchedOf(config, {
    ...{ clock: ctx.clock, store: options.store },
    distrust: loaded.trust === 'required' ? distrustNow : undefined,
  });
  const inMaintenance = await maintenanceOf(config.maintenance);
  const account = options.account ?? 'healer';
  const { allowed, rule } = mayAccount(config, account, 'heal', accountOf());
  return {
    loaded,
    watched,
    setting: {
      origin: 'real',
      config_version: version,
      policy: policyOf(config),
      account: { name: account, allowed, rule },
      passOver: options.passOver ?? [],
      order: learnedOrder(learnableChecks(config, watched), config.learning),
      trigger: { source: options.trigger ?? 'check', ref: null },
      metadata: {},
      dependencies: (one) => dependencyStates(one, watched),
      maintenance: (one, now) => inMaintenance(one.check.name, now),
    },
  };
}

/** The person who runs this, by the kernel's uid; names are for people. */
export function accountOf(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}

export function presentOf(ctx: Context): Now {
  return { boot_id: bootId(), elapsed_s: ctx.clock.elapsed(), ms: ctx.clock.now() };
}

/** Those that were asked for by name; all where none was. */
export function chosenChecks(
  watched: ReadonlyMap<string, Watched>,
  names: readonly string[],
  config: GraceConfig,
): Watched[] {
  if (names.length === 0) return [...watched.values()];
  return names.map((name) => {
    const one = watched.get(name);
    if (one) return one;
    const known = Object.keys(config.checks);
    throw new OperatorError('GRACE_UNKNOWN_CHECK', EXIT.usage, `there is no check ${name}`, {
      hint: known.length === 0 ? 'grace config show' : `grace heal check ${closest(name, known)}`,
    });
  });
}
