import type { AuditFacts, AuditSum } from '../core/registry/queries/evidence-audit.js';
import { type Claim, excluding, type Report } from './claim.js';
import { integrityClaim, type RecordState, recordSums, unreadable } from './records.js';
import { count, counted, named, sum } from './words.js';

/** The account under which grace's own learning loop writes. */
const LEARNER = 'learner';
/** Everybody who is a learning loop: grace's, and the old system's. */
const LOOPS: readonly string[] = [LEARNER, 'continuous_learning_loop'];

/** Written when one round of learning is complete. */
const TICK = 'learning_tick';
/** Written when the loop has taken in how an incident ended. */
const OUTCOME = 'outcome_learned';
/** That a loop was started says nothing about what it did. */
const STARTS: readonly string[] = ['system_start'];

const PROPOSED = 'logic_update_proposed';
const DISTRIBUTED = 'logic_update_distributed';

/** Incidents in each arm before the effect of learning may be judged (docs/claims.md). */
export const NEEDED = { learned: 80, holdout: 20 } as const;

export interface LearningReport extends Report {
  readonly entries: number;
  /** Lines in which the old report would have seen learning. */
  readonly old_rule_entries: number;
  readonly loop: {
    readonly entries: number;
    readonly ticks: number;
    readonly by_action: readonly Pick<AuditSum, 'actor' | 'action' | 'n'>[];
  };
  /** Updates of the old system's configuration. */
  readonly updates: { readonly proposed: number; readonly distributed: number };
  readonly outcomes_learned: number;
  readonly records: RecordState;
  readonly original_report: LearningComparison | null;
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

export function learningReport({ sums }: AuditFacts, records: RecordState): LearningReport {
  // Another program that writes in the learner's name has not learned anything.
  const told = sums.filter(({ actor, own }) => own === 1 || actor !== LEARNER);
  const of = (matches: (entry: AuditSum) => boolean) => sum(told.filter(matches), (entry) => entry.n);
  const loop = told.filter((entry) => LOOPS.includes(entry.actor));
  const figures: Figures = {
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
    claims: [activityClaim(figures, records), effectClaim(outcomes_learned), integrityClaim(records)],
    empty: entries === 0,
    next: null,
    entries,
    old_rule_entries,
    loop: {
      entries: loop_entries,
      ticks: figures.ticks,
      by_action: loop.map(({ actor, action, n }) => ({ actor, action, n })),
    },
    updates: { proposed, distributed },
    outcomes_learned,
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

interface Figures {
  readonly entries: number;
  readonly old_rule_entries: number;
  readonly loop_entries: number;
  readonly loop_starts: number;
  readonly ticks: number;
  readonly proposed: number;
  readonly distributed: number;
  readonly outcomes_learned: number;
}

/** Does the loop run? Says nothing about whether it helps. */
function activityClaim(figures: Figures, records: RecordState): Claim {
  const { entries, loop_entries, loop_starts, ticks } = figures;
  const others = entries - loop_entries;
  const { verdict, headline, reasons } = judgeActivity(figures);
  return {
    ...{ id: 'learning_activity', verdict, headline },
    n: loop_entries,
    numbers: { entries, loop_entries, loop_starts, ticks },
    excluded: [
      ...excluding({
        id: 'other_entries',
        what: named(others, 'audit entry', 'audit entries'),
        n: others,
        why: 'not written by a learning loop, whatever words they contain',
      }),
      ...unreadable(recordSums(records)),
    ],
    reasons,
  };
}

function judgeActivity(figures: Figures): Pick<Claim, 'verdict' | 'headline' | 'reasons'> {
  const { loop_entries, loop_starts, ticks } = figures;
  if (ticks > 0) {
    return {
      verdict: 'PASS',
      headline: 'LEARNING SYSTEM IS ACTIVE!',
      reasons: [`the loop completed ${counted(ticks, 'tick')}`],
    };
  }
  if (loop_entries > loop_starts) {
    return {
      verdict: 'PARTIAL',
      headline: 'learning: the loop does something but completed no tick',
      reasons: [`${counted(loop_entries, 'entry', 'entries')} by the loop, ${count(loop_starts)} of them starts`],
    };
  }
  if (loop_entries > 0) {
    return {
      verdict: 'INCONCLUSIVE',
      headline: 'learning: the loop was started and completed no tick',
      reasons: [`${counted(loop_entries, 'entry', 'entries')} by the loop itself, all ${STARTS.join(' or ')}`],
    };
  }
  return {
    verdict: 'INCONCLUSIVE',
    headline: 'learning: the loop left no entry',
    reasons: ['no learning loop has written into the audit log'],
  };
}

/** Does learning help? Needs two arms of incidents to compare. */
function effectClaim(outcomes_learned: number): Claim {
  const needed = NEEDED.learned + NEEDED.holdout;
  const missing = Math.max(0, needed - outcomes_learned);
  return {
    id: 'learning_effect',
    verdict: 'INCONCLUSIVE',
    headline: `learning effect: ${counted(outcomes_learned, 'outcome')} learned from`,
    n: outcomes_learned,
    numbers: {
      outcomes_learned,
      needed_learned: NEEDED.learned,
      needed_holdout: NEEDED.holdout,
      missing_at_least: missing,
    },
    excluded: [],
    reasons: [
      `a verdict needs ${NEEDED.learned} real incidents handled in the learned order and ${NEEDED.holdout} in the first one`,
      missing > 0 ? `at least ${count(missing)} more are needed` : 'the two are not compared yet by this version',
    ],
  };
}
