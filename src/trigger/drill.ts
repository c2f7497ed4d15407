import type { FailureMode } from '../core/records/failure-modes.js';

/** A fault that grace can cause to itself and contain: nothing outside its own processes and files is touched. */
export interface Drill {
  readonly id: string;
  readonly failure_mode: FailureMode;
  /** One sentence for the list of drills. */
  readonly summary: string;
  /** Why it cannot run here, as an operator is told; `undefined` where it can. */
  readonly impossible?: () => string | undefined;
  stage(options: StageOptions): Promise<Stage>;
}

export interface StageOptions {
  /** 0: one that is free. */
  readonly port: number;
  /** Random; proves that it is this drill's service that answers. */
  readonly nonce: string;
  /** A directory of this drill alone, there and empty; removed with all that is in it, whatever happens to this process. */
  readonly dir: () => Promise<string>;
  /** Absolute path of a built program that drills start: `port-thief`, `drill-service`. */
  readonly program: (name: string) => string;
  readonly nodePath: string;
}

/** A step that only the process that has set the stage can run. */
export interface OwnStep {
  readonly name: string;
  readonly destroys: string;
  run(): Promise<{ readonly outcome: 'worked' | 'failed' | 'timed_out'; readonly exit: string }>;
}

/** A service that runs and can be broken. {@link end} leaves nothing running, bound or mounted, whatever happened. */
export interface Stage {
  /** The port of the service, if the drill is about one. */
  readonly port?: number;
  /** Where the service runs, in words: `runs at http://127.0.0.1:41235/health`. */
  readonly where: string;
  /** `checks` and `playbooks` as in grace.yaml. */
  readonly config: { readonly checks: Record<string, object>; readonly playbooks: Record<string, object> };
  /** The check that must fail and pass again. */
  readonly about: string;
  /** Steps that take the place of a playbook's, by its id. */
  readonly ownSteps?: Readonly<Record<string, readonly OwnStep[]>>;
  /** Seconds between two probes while the fault is confirmed and while its remedy is verified. */
  readonly pace_s: number;
  /** Breaks the service. Answers what was done, in words. */
  causeFault(): Promise<string>;
  end(): Promise<void>;
}
