import { graceSchema } from '../core/config/schema/grace-schema.js';
import type { Clock } from '../core/host/clock.js';
import { watchedOf } from './from-config.js';
import type { Step } from './playbook.js';
import type { Watched } from './watched.js';

/** A step that whoever has set the stage runs itself. */
export interface StagedStep {
  readonly name: string;
  readonly destroys: string;
  run(): ReturnType<Step['run']>;
}

/** Nothing holds up a drill but its own fault: it is caused on purpose, by a person who waits for it. */
const LIMITS = { cooldown: '0s', max: ['1000/1h'] };
const STAGED_STEP_S = 10;

export interface DrillConfig {
  readonly checks: Record<string, object>;
  readonly playbooks: Record<string, object>;
}

/**
 * What a drill's configuration, as in grace.yaml, says is watched. `stage` is unlike that of any other drill. Throws what zod
 * says when it is no configuration.
 */
export function drillWatched(
  { checks: written, playbooks }: DrillConfig,
  own: Readonly<Record<string, readonly StagedStep[]>>,
  { clock, stage }: { readonly clock: Clock; readonly stage: string },
): Map<string, Watched> {
  const checks = Object.fromEntries(
    Object.entries(written).map(([name, check]) => [
      name,
      { limits: LIMITS, ...ownTarget(name, check, stage), ...check },
    ]),
  );
  const parsed = graceSchema.parse({ version: 1, mode: 'act', checks, playbooks });
  const watched = watchedOf(parsed, { clock, store: undefined });
  return new Map([...watched].map(([name, one]) => [name, withOwnSteps(one, own)]));
}

/** A check of checks has only its name for a target, which is that of every other stage of the drill. */
function ownTarget(name: string, check: object, stage: string): object {
  return 'all' in check || 'any' in check ? { target: `${name} ${stage}` } : {};
}

function withOwnSteps(watched: Watched, own: Readonly<Record<string, readonly StagedStep[]>>): Watched {
  return {
    ...watched,
    playbooks: watched.playbooks.map((playbook) => {
      const steps = own[playbook.id];
      if (steps === undefined) return playbook;
      return { ...playbook, steps: steps.map((step) => ({ ...step, repeatable: false, timeout_s: STAGED_STEP_S })) };
    }),
  };
}
