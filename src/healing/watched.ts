import type { Check } from './check.js';
import type { ConfirmRule } from './confirm.js';
import type { Playbook } from './playbook.js';

/** So many acts within so long. */
export interface Cap {
  readonly most: number;
  readonly within_s: number;
}

/** A check, and what is to be done about its failures. */
export interface Watched {
  readonly check: Check;
  readonly every_s: number;
  readonly confirm: ConfirmRule;
  /** Pidfiles: when a process of theirs goes, `heal watch` looks at once instead of waiting for `every_s`. */
  readonly pidfiles: readonly string[];
  /** Passes in a row after which a failure is over that no remedy has ended. */
  readonly recover: number;
  /** Failures within it, after a remedy or after the watch began, do not count. */
  readonly start_period_s: number;
  /** Shares of weighted changes among the last 21 states. */
  readonly flapping: { readonly low: number; readonly high: number };
  /** False: everything is decided, and nothing is done. */
  readonly act: boolean;
  /** Names of checks; while one of them does not pass, nothing is done here. */
  readonly depends_on: readonly string[];
  /** Remedies that an operator has listed for this check, in the author's order. */
  readonly playbooks: readonly Playbook[];
  readonly limits: {
    /** From the end of the last act of an earlier round. */
    readonly cooldown_s: number;
    /** All hold at once. What counts: claims granted on the target, whatever became of them. */
    readonly caps: readonly Cap[];
  };
}
