import type { CheckConfig } from '../core/config/schema/check-schema.js';
import type { GraceConfig } from '../core/config/schema/grace-schema.js';
import type { Clock } from '../core/host/clock.js';
import type { Check } from './check.js';
import { makeCheck } from './checks/make-check.js';
import type { Distrust } from './distrust.js';
import type { Policy } from './engine/situation.js';
import type { ProbeStore } from './probe-store.js';
import { makePlaybook } from './steps/make-playbook.js';
import type { Watched } from './watched.js';

export interface ConfigTools {
  readonly clock: Clock;
  readonly store: ProbeStore | undefined;
  /** Without it, nothing is judged before it is run. */
  readonly distrust?: Distrust | undefined;
}

/** The checks and remedies of a configuration, by the name of the check, in its order. */
export function watchedOf(config: GraceConfig, given: ConfigTools): Map<string, Watched> {
  const { clock, store, distrust } = given;
  const checks = new Map<string, Check>();
  const tools = {
    ...{ clock, distrust },
    other: (name: string) => checks.get(name),
    remembered: (name: string) => store?.memory(name),
    remember: (name: string, value: unknown) => store?.remember(name, value),
    heartbeat: (name: string) => store?.heartbeat(name),
  };
  for (const [name, check] of Object.entries(config.checks)) checks.set(name, makeCheck(name, check, tools));
  const watched = new Map<string, Watched>();
  for (const [name, check] of checks) {
    const spec = config.checks[name];
    if (spec) watched.set(name, watch(check, spec, config, given));
  }
  return watched;
}

function watch(check: Check, spec: CheckConfig, config: GraceConfig, { clock, distrust }: ConfigTools): Watched {
  return {
    check,
    every_s: spec.every,
    confirm: spec.confirm,
    pidfiles: pidfilesOf(spec, config),
    recover: spec.recover,
    start_period_s: spec.start_period,
    flapping: spec.flapping,
    act: (spec.mode ?? config.mode) === 'act',
    depends_on: spec.depends_on,
    playbooks: spec.heal.flatMap((id) => {
      const playbook = config.playbooks[id];
      return playbook ? [makePlaybook(id, playbook, { clock, distrust, every_s: spec.every })] : [];
    }),
    limits: { cooldown_s: spec.limits.cooldown, caps: spec.limits.max },
  };
}

/** The processes that a check is about, as far as it, or what heals it, names their pidfiles. */
function pidfilesOf(spec: CheckConfig, config: GraceConfig): string[] {
  const steps = spec.heal.flatMap((id) => config.playbooks[id]?.steps ?? []);
  const named = [spec.process?.pidfile, ...steps.flatMap(({ restart, signal }) => [restart?.pidfile, signal?.pidfile])];
  return [...new Set(named.filter((path) => path !== undefined))];
}

export function policyOf({ policy }: GraceConfig): Policy {
  return {
    autonomy: policy.autonomy,
    brake: { incidents: policy.brake.incidents, within_s: policy.brake.within },
    approval_expires_s: policy.approval_expires,
    rearm: { first_s: policy.rearm.first, most_s: policy.rearm.most },
  };
}
