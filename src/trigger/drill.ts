import type { ProcessIdentity } from '../core/records/claim.js';
import type { FailureMode } from '../core/records/failure-modes.js';

/** A fault that grace can cause to itself and contain: nothing outside its own processes is touched. */
export interface Drill {
  readonly id: string;
  readonly failure_mode: FailureMode;
  /** One sentence for the list of drills. */
  readonly summary: string;
  stage(options: StageOptions): Promise<Stage>;
}

export interface StageOptions {
  /** 0: one that is free. */
  readonly port: number;
  /** Random; proves that it is this drill's service that answers. */
  readonly nonce: string;
  /** Absolute path of the built port-thief.js. */
  readonly thiefProgram: string;
  readonly nodePath: string;
}

/** A service that runs and can be broken. {@link end} leaves nothing running and nothing bound, whatever happened. */
export interface Stage {
  readonly port: number;
  /** What the check of the service asks, and what it must be told. */
  readonly url: string;
  readonly expectHeader: { readonly name: string; readonly value: string };
  /** Breaks the service. Answers who did it. */
  causeFault(): Promise<ProcessIdentity>;
  /** Whether a process is the one that caused the fault; only that one may be ended. */
  isCulprit(who: ProcessIdentity): boolean;
  startService(): Promise<void>;
  end(): Promise<void>;
}
