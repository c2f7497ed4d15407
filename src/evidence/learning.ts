import type { AuditFacts, AuditSum } from '../core/registry/queries/evidence-audit.js';
import type { ChangeCount, LearningFacts } from '../core/registry/queries/evidence-learning.js';
import type { Next, Report } from './claim.js';
import { type ActivityFigures, activityClaim, STARTS } from './learning-activity.js';
import { type CalibrationRow, calibrationClaim, calibrationRows } from './learning-calibration.js';
import { effectClaim, wordsOf } from './learning-effect.js';
import type { DueFacts, KnowledgeKept, LearnedFacts } from './learning-facts.js';
import { integrityClaim, type RecordState, recordSums } from './records.js';
import { sum } from './words.js';

/** The account under which grace's own learning loop writes. */
const LEARNER = 'learner';
/** Everybody who is a learning loop: grace's, and the old system's. */
const LOOPS: readonly string[] = [LEARNER, 'continuous_learning_loop'];

/** Written when one round of learning is complete. */
const TICK = 'learning_tick';
/** Written when the loop has taken in how an incident ended. */
const OUTCOME = 'outcome_learned';

const PROPOSED = 'logic_update_proposed';
const DISTRIBUTED = 'logic_update_distributed';

export interface LearningReport extends Report {
  readonly entries: number;
  /** Lines in which the old report would have seen learning. */
  readonly old_rule_entries: number;
  readonly loop: {
    readonly entries: number;
    readonly ticks: number;
    /** Of the newest one that wrote anything, however long ago. */
    readonly last_tick_at: string | null;
    readonly by_action: readonly Pick<AuditSum, 'actor' | 'action' | 'n'>[];
  };
  /** Updates of the old system's configuration. */
  readonly updates: { readonly proposed: number; readonly distributed: number };
  readonly outcomes_learned: number;
  readonly due: DueFacts;
  /** Versions of what is served: of this day (UTC), and of all. */
  readonly versions: LearningFacts['versions'];
  /** What is kept of each kind, over everything. */
  readonly kept: KnowledgeKept;
  /** Who has changed something, or decided about a change. */
  readonly accounts: readonly ChangeCount[];
  readonly proposals: LearningFacts['proposals'];
  /** Who asked for a change without the grant. */
  readonly denied: LearningFacts['denied'];
  /** By tenths of the predicted chance. */
  readonly calibration: readonly CalibrationRow[];
  /** Why outcomes do not count for something, over everything; one may be there for several reasons. */
  readonly left_out: readonly LeftOutCount[];
  readonly records: RecordState;
  readonly original_report: LearningComparison | null;
}

export interface LeftOutCount {
  readonly word: string;
  readonly n: number;
  /** Of them those that are compared all the same. */
  readonly compared: number;
}

/** What the old report would have said, and the loop's own entries beside it. */
export interface LearningComparison {
  readonly original: {
    readonly events: number;
    readonly learning_events: number;
    readonly share: number | null;
    /** It said PASS as soon as one line was about learning. */
    readonly passes: boolean;
  };
  readonly truth: {
    readonly loop_entries: number;
    readonly loop_starts: number;
    readonly proposed: number;
    readonly distributed: number;
    readonly outcomes_learned: number;
  };
}

/** `audit`: what a verification of the audit log has found, where there was one. */
export function learningReport(
  { sums }: AuditFacts,
  learned: LearnedFacts,
  records: RecordState,
  audit: Pick<Report, 'claims'> | null,
): LearningReport {
  // Another program that writes in the learner's name has not learned anything.
  const told = sums.filter(({ actor, own }) => own === 1 || actor !== LEARNER);
  const of = (matches: (entry: AuditSum) => boolean) => sum(told.filter(matches), (entry) => entry.n);
  const loop = told.filter((entry) => LOOPS.includes(entry.actor));
  const figures: ActivityFigures = {
    entries: sum(sums, (entry) => entry.n),
    old_rule_entries: sum(sums, (entry) => entry.old_rule),
    loop_entries: sum(loop, (entry) => entry.n),
    loop_starts: of((entry) => LOOPS.includes(entry.actor) && STARTS.includes(entry.action)),
    ticks: of((entry) => entry.actor === LEARNER && entry.action === TICK),
    proposed: of((entry) => entry.action === PROPOSED),
    distributed: of((entry) => entry.action === DISTRIBUTED),
    outcomes_learned: of((entry) => entry.actor === LEARNER && entry.action === OUTCOME),
  };
  const { entries, old_rule_entries, loop_entries, loop_starts, proposed, distributed, outcomes_learned } = figures;
  const old = sum(sums, (entry) => entry.old);
  return {
    schema: 'grace.evidence.learning/1',
    claims: [
      activityClaim(figures, learned, recordSums(records)),
      effectClaim(learned, records, audit),
      calibrationClaim(learned.calibration, learned.effect.outcomes),
      integrityClaim(records),
    ],
    empty: entries === 0,
    next: nextOf(learned),
    entries,
    old_rule_entries,
    loop: {
      entries: loop_entries,
      ticks: figures.ticks,
      last_tick_at: learned.last_tick_at,
      by_action: loop.map(({ actor, action, n }) => ({ actor, action, n })),
    },
    updates: { proposed, distributed },
    outcomes_learned,
    due: learned.due,
    versions: learned.versions,
    kept: learned.kept,
    accounts: learned.changes,
    proposals: learned.proposals,
    denied: learned.denied,
    calibration: calibrationRows(learned.calibration),
    left_out: leftOut(learned),
    records,
    original_report:
      old === 0
        ? null
        : {
            original: {
              events: entries,
              learning_events: old_rule_entries,
              share: entries === 0 ? null : old_rule_entries / entries,
              passes: old_rule_entries > 0,
            },
            truth: { loop_entries, loop_starts, proposed, distributed, outcomes_learned },
          },
  };
}

function nextOf({ effect, due }: LearnedFacts): Next | null {
  if (effect.replay === 'differs')
    return { argv: ['learn', 'replay', '--verify'], why: 'from which version on does it differ?' };
  if (due.overdue > 0) return { argv: ['learn', 'status'], why: 'does learning run here, and what may it do?' };
  return null;
}

function leftOut({ left_out }: LearnedFacts): LeftOutCount[] {
  const counts = new Map<string, { n: number; compared: number }>();
  for (const { words, effect, n } of left_out) {
    for (const word of new Set(wordsOf(words))) {
      const before = counts.get(word) ?? { n: 0, compared: 0 };
      counts.set(word, { n: before.n + n, compared: before.compared + (effect === 1 ? n : 0) });
    }
  }
  return [...counts].map(([word, of]) => ({ word, ...of })).sort((a, b) => b.n - a.n || (a.word < b.word ? -1 : 1));
}
