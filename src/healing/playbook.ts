import type { AttemptOutcome } from '../core/records/incident.js';

/** How a step ended. That it ended well proves nothing: the failing check does. */
export interface StepResult {
  readonly outcome: Exclude<AttemptOutcome, 'unknown'>;
  /** For the record: `killed pid 4711 (node)`, `exit 0`, a refusal. */
  readonly exit: string;
}

export interface Step {
  readonly name: string;
  /** Never rejects for a reason that a host can bring about. */
  run(): Promise<StepResult>;
}

/** A remedy that was approved beforehand. */
export interface Playbook {
  readonly id: string;
  readonly name: string;
  readonly steps: readonly Step[];
  readonly verify: {
    /** How many times in a row the failing check must pass. */
    readonly passes: number;
    readonly within_s: number;
    readonly every_s: number;
  };
}
