import type { AuditDraft } from '../../core/records/audit-entry.js';
import type { Now } from '../../core/records/moment.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import type { EpisodeRecord } from '../../core/registry/queries/episodes.js';
import type { LearnState } from '../state/learn-state.js';

export type LearningMode = 'off' | 'propose' | 'apply';
export type Risk = 'low' | 'medium' | 'high';

/** A playbook of a check, as the configuration has it. */
export interface LearnablePlaybook {
  readonly id: string;
  /** Seconds that its author says it takes, verification included. */
  readonly declared_s: number;
  readonly risk: Risk;
  /** False: chance must never decide whether it runs: it destroys data, or needs a person. */
  readonly may_randomise: boolean;
  /** The author's wait for health, seconds. */
  readonly within_s: number;
  /** Within which learning may change it by itself; `null`: the author has set no bounds, and every change needs a person. */
  readonly bounds: { readonly least_s: number; readonly most_s: number } | null;
}

/** A check of the configuration, as learning sees it. */
export interface LearnableCheck {
  readonly name: string;
  readonly target: string;
  readonly mode: string;
  /** False: the author has opted out. */
  readonly learn: boolean;
  /** In the author's order. */
  readonly playbooks: readonly LearnablePlaybook[];
}

export interface Allowed {
  readonly allowed: boolean;
  /** What says so. */
  readonly rule: string;
}

/** What the configuration says of learning. */
export interface Governance {
  readonly mode: LearningMode;
  /** 0–1. */
  readonly holdout: number;
  readonly config_version: string | null;
  /** What the account `learner` may do by itself. */
  readonly may: { readonly reorder: Allowed; readonly wait: Allowed };
}

/** A change to how a check detects, found by replaying its stored probes. Always for a person to decide. */
export interface DetectionAdvice {
  readonly check: string;
  readonly kind: 'confirm' | 'threshold';
  /** As grace.yaml spells it. */
  readonly from: string;
  readonly to: string;
  readonly numbers: Readonly<Record<string, number>>;
  readonly why: string;
}

/** Everything one tick rests on. Data only, read under the lock. */
export interface TickFacts {
  readonly now: Now;
  /** As of the last of the learner's entries. */
  readonly state: LearnState;
  /** Episodes with a claim from which nothing has been learned yet, oldest first. */
  readonly episodes: readonly EpisodeRecord[];
  readonly checks: readonly LearnableCheck[];
  readonly governance: Governance;
  /** Proposals that are neither approved, rejected nor withdrawn: `change_proposed`, oldest first. */
  readonly open: readonly ControlEntry[];
  /** `change_rejected`, newest first, the last 200; their decision repeats what was proposed. */
  readonly rejected: readonly ControlEntry[];
  /** All that is advised today: an open proposal of which nothing stands here is withdrawn. */
  readonly advice: readonly DetectionAdvice[];
  /** The newest `learning_arms` of each check. */
  readonly arms: readonly ControlEntry[];
  /** The `config_update` entries of the versions that `state` names as those of the standing orders; one may be missing. */
  readonly versions: readonly ControlEntry[];
  /**
   * What the learner, and people about it, have written after the last `learning_tick`, oldest first: what a tick that was cut
   * off has left, and what was decided since.
   */
  readonly since: readonly ControlEntry[];
  /** Tasks of subsystem `learning` that have not ended, and those of the versions in `since`. */
  readonly tasks: readonly LearningTask[];
  /** Numbers of the next version and the next proposal. */
  readonly next: { readonly version: number; readonly proposal: number };
  /** Lines of the audit log so far. */
  readonly lines: number;
  /** Names this tick among tasks. */
  readonly tick_id: string;
}

export interface LearningTask {
  readonly task_id: string;
  readonly ended: boolean;
}

export interface TickPlan {
  /** What is to be written; empty: there is nothing to do. */
  readonly entries: readonly AuditDraft[];
  /** The state after these. */
  readonly state: LearnState;
  readonly summary: TickSummary;
}

export interface TickSummary {
  /** There are more episodes to learn from than one tick takes: plan again. */
  readonly more: boolean;
  readonly outcomes: number;
  /** Of these, how many count for nothing. */
  readonly left_out: number;
  /** `v7: web tries restart-web first`. */
  readonly applied: readonly string[];
  readonly proposed: readonly string[];
  readonly rolled_back: readonly string[];
  readonly withdrawn: readonly string[];
}
