import type { EffectState } from '../effect/effect.js';
import { NO_EFFECT } from '../effect/effect.js';
import type { ModeState } from '../order/observe.js';
import type { WaitsState } from '../waits/waits.js';

/**
 * All that has been learned, as of one line of the audit log: a fold over the learner's own entries in their order, and of
 * nothing else. Plain JSON; numbers have at most 9 significant digits. Its size is that of the checks, targets and playbooks.
 */
export interface LearnState {
  /** `outcome_learned` entries folded. */
  readonly outcomes: number;
  readonly modes: { readonly [mode: string]: ModeState };
  readonly checks: { readonly [check: string]: CheckState };
  /** The comparison of the arms since the last rollback for harm. */
  readonly effect: EffectState;
  /** Comparisons that ended because harm was shown, oldest first; the last 20. */
  readonly harmed: readonly HarmedSeries[];
  /** By tenths of the predicted chance (0: below 0.1 … 9: from 0.9): of the first playbook of each episode. */
  readonly calibration: readonly CalibrationBin[];
}

export interface CalibrationBin {
  readonly n: number;
  /** Σ of the predicted chances. */
  readonly predicted: number;
  readonly worked: number;
}

export interface HarmedSeries {
  /** The version that rolled back and ended it, `v7`: unlike an entry id it is known before the entry is written. */
  readonly ended_by: string;
  readonly incidents: number;
  readonly e_slower: number;
  readonly e_worse: number;
}

/** What holds for one check. */
export interface CheckState {
  /**
   * The frozen first order: the author's list when learning began here, or when the author last changed it. Empty while it is
   * not known: an outcome came before any `learning_arms` entry, and was not of the author's order.
   */
  readonly first: readonly string[];
  /** What is served as learned; equal to `first` until a version changes it. */
  readonly incumbent: readonly string[];
  /** Tried before it is promoted; equal to `incumbent` where there is nothing to try. */
  readonly candidate: readonly string[];
  /** Number of the version that made the incumbent; `null`: the author's. */
  readonly version: number | null;
  /** Learned waits by playbook, seconds; where there is none the author's holds. */
  readonly waits: { readonly [playbook: string]: number };
  /** What was seen of waits, by playbook. */
  readonly waited: { readonly [playbook: string]: WaitsState };
  /** Outcomes folded of this check, and how many of them when its order last changed. */
  readonly outcomes: number;
  readonly outcomes_at_change: number;
  /**
   * Episodes in a row, since the order last changed, whose first playbook failed although p > 0.7 was predicted; of those that
   * began with the playbook with which the incumbent begins.
   */
  readonly surprises: number;
  /** Rolled back by a person, or because harm was shown: changes need a person until one has approved an order here. */
  readonly held: boolean;
}

const NO_BIN: CalibrationBin = { n: 0, predicted: 0, worked: 0 };

export const NOTHING_LEARNED: LearnState = {
  ...{ outcomes: 0, modes: {}, checks: {}, effect: NO_EFFECT, harmed: [] },
  calibration: Array.from({ length: 10 }, () => NO_BIN),
};
