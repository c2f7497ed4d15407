import type { AttemptOutcome } from '../core/records/incident.js';

/** How a step ended. That it ended well proves nothing: the failing check does. */
export interface StepResult {
  readonly outcome: Exclude<AttemptOutcome, 'unknown'>;
  /** For the record: `killed pid 4711 (node)`, `exit 0`, a refusal. */
  readonly exit: string;
  /** What it printed, bounded; kept beside the logs, redacted, and bound by its hash. */
  readonly output?: Buffer;
  /** What has become since of what it left running; `undefined`: nothing that is to be told. Asked once, before the act is concluded. */
  readonly since?: () => Promise<Since | undefined>;
}

/** Goes on from the `exit` of its step: `which ended with exit 1 after 0.2 s`. */
export type Since = Pick<StepResult, 'exit' | 'output'>;

/** What a step is told when it runs. */
export interface StepOrder {
  /** Names the act and the step: in the environment of all that is started, so that it can be found and ended. */
  readonly marker: string;
  /** Facts of the incident by name, texts as they came; each is checked against its declared type before it is used. */
  readonly facts: Readonly<Record<string, string>>;
  /** Aborted when the operator interrupts. */
  readonly stop: AbortSignal;
}

export interface Step {
  readonly name: string;
  /** What it can destroy, as a sentence for `heal plan`; `nothing` if nothing. */
  readonly destroys: string;
  /** Whether it may run again when nobody knows how the first run ended. */
  readonly repeatable: boolean;
  /** Gives up after so long by itself. */
  readonly timeout_s: number;
  /** Whether it may use the space that is kept for freeing space. */
  readonly freesSpace?: boolean;
  /** Whether it deletes or overwrites data: chance must never decide whether it runs. */
  readonly deletesData?: boolean;
  /** Never rejects for a reason that a host can bring about. */
  run(order: StepOrder): Promise<StepResult>;
}

export type Risk = 'low' | 'medium' | 'high';

/** A remedy that was approved beforehand. */
export interface Playbook {
  readonly id: string;
  readonly name: string;
  readonly risk: Risk;
  readonly steps: readonly Step[];
  /** Run when the steps failed or the check did not pass afterwards. */
  readonly rollback: readonly Step[];
  readonly verify: {
    /** How many times in a row the failing check must pass. */
    readonly passes: number;
    readonly within_s: number;
    readonly every_s: number;
  };
  /** The same failure within this time after the recovery is the same incident again. Seconds. */
  readonly relapse_s: number;
  /** Also when it has helped, a person is asked for: it has made things bearable, and has not mended them. */
  readonly escalate: boolean;
  /** It acts on the same things for whatever check, since it has no parameters: it is never run twice at once. */
  readonly alone?: boolean;
}
