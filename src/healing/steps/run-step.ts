import type { Clock } from '../../core/host/clock.js';
import { runChild } from '../child/run-child.js';
import type { Distrust } from '../distrust.js';
import type { Step } from '../playbook.js';
import { childEnding } from './child-ending.js';
import { fillArguments, type Parameters } from './parameters.js';

const RUN_TIMEOUT_S = 30;

export interface RunSpec {
  readonly name: string;
  /** The absolute path of a program and its arguments, with placeholders. */
  readonly argv: readonly string[];
  readonly params: Parameters;
  readonly env: Readonly<Record<string, string>>;
  readonly timeout_s?: number | undefined;
  readonly repeatable?: boolean | undefined;
}

export interface RunTools {
  readonly clock: Clock;
  /** Asked directly before the program is started. */
  readonly distrust?: Distrust | undefined;
}

/** Runs a program once; its exit code 0 lets the next step run. */
export function runStep(spec: RunSpec, { clock, distrust }: RunTools): Step {
  const { name, argv, params, env, timeout_s = RUN_TIMEOUT_S, repeatable = false } = spec;
  return {
    name,
    destroys: `what ${argv[0]} destroys, which grace cannot know`,
    repeatable,
    timeout_s,
    async run({ marker, facts, stop }) {
      const filled = fillArguments(argv, params, facts);
      if (!filled.ok) return { outcome: 'failed', exit: filled.reason };
      const refusal = distrust?.(filled.argv);
      if (refusal !== undefined) return { outcome: 'failed', exit: refusal };
      const result = await runChild({ argv: filled.argv, env, timeout_ms: timeout_s * 1000, marker, stop, clock });
      return childEnding(result, timeout_s);
    },
  };
}
