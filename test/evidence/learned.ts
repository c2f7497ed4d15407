import type { EffectFacts, LearnedFacts } from '../../src/evidence/learning-facts.js';

/** Where there is nothing to learn from. */
export function learned(
  change: Partial<Omit<LearnedFacts, 'effect' | 'due'>> & {
    readonly effect?: Partial<EffectFacts>;
    readonly due?: Partial<LearnedFacts['due']>;
  } = {},
): LearnedFacts {
  const { effect, due, ...rest } = change;
  return {
    versions: { today: 0, overall: 0 },
    changes: [],
    proposals: { made: 0, approved: 0, rejected: 0, withdrawn: 0 },
    denied: [],
    left_out: [],
    incidents: [],
    last_tick_at: null,
    unlearned: 0,
    lines_gone: 0,
    due: { late: null, waiting: 0, overdue: 0, longest_wait_s: null, not_due: 0, unexamined: 0, ...due },
    effect: {
      verdict: {
        ...{ verdict: 'INCONCLUSIVE', reasons: ['few_learned', 'few_holdout', 'not_shown'] },
        ...{ e_faster: 1, e_slower: 1, e_worse: 1 },
      },
      ...{ outcomes: 0, incidents: 0, learned: { n: 0, bad: 0 }, holdout: { n: 0, bad: 0 } },
      needed: { learned: 80, holdout: 20, e: 20 },
      ...{ harmed: [], held: [], replay: 'no_tick', lines_missing: false },
      ...effect,
    },
    calibration: Array.from({ length: 10 }, () => ({ n: 0, predicted: 0, worked: 0 })),
    kept: {
      ...{ outcomes: 0, failure_modes: 0, targets: 0, playbook_tallies: 0 },
      ...{ wait_curves: 0, orders_in_force: 0, waits_in_force: 0, proposals_open: 0 },
    },
    narrowed: false,
    ...rest,
  };
}
