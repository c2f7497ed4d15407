import type { LearningFacts } from '../core/registry/queries/evidence-learning.js';
import type { Summary } from './summary.js';

/** What the learning room makes of the logs, computed by the face: this room does not know that one. */
export interface LearnedFacts extends LearningFacts {
  readonly due: DueFacts;
  readonly effect: EffectFacts;
  /** By tenths of the predicted chance. */
  readonly calibration: readonly CalibrationBin[];
  readonly kept: KnowledgeKept;
  /** Whether `--since` narrows what it may narrow. */
  readonly narrowed: boolean;
}

/** From when on there is something to learn: the relapse window of an episode has closed. */
export interface DueFacts {
  /** Of the outcomes learned in the window: seconds from then until they were. `null`: none, or none that can be told. */
  readonly late: Summary | null;
  /** Not learned yet, and how long that has been so at most; `null`: there is none. */
  readonly waiting: number;
  /** Of them those that have waited for longer than the limit. */
  readonly overdue: number;
  readonly longest_wait_s: number | null;
  /** Not due yet: the episode has not ended, or its relapse window is open. */
  readonly not_due: number;
  /** Not looked at, because they are too many. */
  readonly unexamined: number;
}

export interface ArmCounts {
  readonly n: number;
  /** Relapsed or escalated. */
  readonly bad: number;
}

/** The comparison of the arms, and what stands around it. */
export interface EffectFacts {
  readonly verdict: EffectFinding;
  /** Outcomes that were learned from, whatever they count for. */
  readonly outcomes: number;
  /** Incidents of the present comparison, compared or not. */
  readonly incidents: number;
  readonly learned: ArmCounts;
  readonly holdout: ArmCounts;
  readonly needed: { readonly learned: number; readonly holdout: number; readonly e: number };
  /** Comparisons that ended because harm was shown, oldest first. */
  readonly harmed: readonly { readonly incidents: number; readonly e_slower: number; readonly e_worse: number }[];
  /** Checks that were rolled back for harm, and of which no person has approved anything since. */
  readonly held: readonly string[];
  readonly replay: Replay;
  /** Lines of the audit log are missing and nothing says why. */
  readonly lines_missing: boolean;
}

/** What `effectVerdict` of the learning room finds. */
export interface EffectFinding {
  readonly verdict: 'PASS' | 'INCONCLUSIVE' | 'FAIL';
  readonly reasons: readonly EffectWord[];
  readonly e_faster: number;
  readonly e_slower: number;
  readonly e_worse: number;
  readonly estimate?: { readonly ratio: number; readonly low: number; readonly high: number };
  readonly more_incidents?: number;
}

export type EffectWord =
  | 'faster'
  | 'slower'
  | 'guard_breached'
  | 'not_reproducible'
  | 'few_learned'
  | 'few_holdout'
  | 'not_shown'
  | 'worse_outcomes';

/**
 * The state that is folded now up to the newest tick, beside the one whose hash that tick wrote down. `vouched`: they are too
 * many to be folded again for a report, and a copy has that hash. `put_away`: they differ, and older files of the audit log
 * are not there, so they cannot but differ.
 */
export type Replay = 'equal' | 'vouched' | 'differs' | 'put_away' | 'no_tick';

export interface CalibrationBin {
  readonly n: number;
  /** Σ of the predicted chances. */
  readonly predicted: number;
  readonly worked: number;
}

/** How much of each kind is kept. */
export interface KnowledgeKept {
  readonly outcomes: number;
  readonly failure_modes: number;
  readonly targets: number;
  /** How a playbook fared, after a set of others had failed, in a failure mode. */
  readonly playbook_tallies: number;
  /** How long recovery took, by check and playbook. */
  readonly wait_curves: number;
  /** Checks that are healed in another order than the first one. */
  readonly orders_in_force: number;
  readonly waits_in_force: number;
  readonly proposals_open: number;
}
