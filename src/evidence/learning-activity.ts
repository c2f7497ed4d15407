import { type Claim, excluding } from './claim.js';
import type { LearnedFacts } from './learning-facts.js';
import { spell } from './learning-words.js';
import { type RecordSums, unreadable } from './records.js';
import { count, counted, named, utc } from './words.js';

/** An outcome that could have been learned for longer is overdue. Seconds. */
export const OVERDUE_S = 3600;

/** That a loop was started says nothing about what it did. */
export const STARTS: readonly string[] = ['system_start'];

/** What the audit log holds of the loops, in the window. */
export interface ActivityFigures {
  readonly entries: number;
  readonly old_rule_entries: number;
  readonly loop_entries: number;
  readonly loop_starts: number;
  readonly ticks: number;
  readonly proposed: number;
  readonly distributed: number;
  readonly outcomes_learned: number;
}

type Judgement = Pick<Claim, 'verdict' | 'headline' | 'reasons'>;

/** Does the loop run, and on time? Says nothing about whether it helps. */
export function activityClaim(figures: ActivityFigures, learned: LearnedFacts, records: RecordSums): Claim {
  const { entries, loop_entries, loop_starts, ticks, outcomes_learned } = figures;
  const { due, versions } = learned;
  const others = entries - loop_entries;
  const { verdict, headline, reasons } = judge(figures, learned);
  return {
    ...{ id: 'learning_activity', verdict, headline },
    n: loop_entries,
    numbers: {
      ...{ entries, loop_entries, loop_starts, ticks },
      outcomes_due: outcomes_learned + due.waiting,
      outcomes_learned,
      outcomes_overdue: due.overdue,
      overdue_limit_s: OVERDUE_S,
      longest_wait_s: due.longest_wait_s,
      late_p50_s: due.late?.p50_s ?? null,
      late_p95_s: due.late?.p95_s ?? null,
      late_max_s: due.late?.slowest_s ?? null,
      versions_today: versions.today,
      versions_overall: versions.overall,
    },
    excluded: [
      ...excluding(
        {
          id: 'other_entries',
          what: named(others, 'audit entry', 'audit entries'),
          n: others,
          why: 'not written by a learning loop, whatever words they contain',
        },
        {
          id: 'unexamined',
          what: named(due.unexamined, 'episode'),
          n: due.unexamined,
          why: 'not learned from, and too many to look at: whether they are due is not known',
        },
      ),
      ...unreadable(records),
    ],
    reasons,
  };
}

function judge(figures: ActivityFigures, learned: LearnedFacts): Judgement {
  const { loop_entries, loop_starts, ticks, outcomes_learned } = figures;
  const { due } = learned;
  if ((ticks > 0 || outcomes_learned > 0) && due.overdue > 0) {
    return {
      verdict: 'PARTIAL',
      headline: `learning: ${counted(due.overdue, 'outcome')} overdue`,
      reasons: [...tickWords(figures, learned), ...dueWords(figures, learned)],
    };
  }
  if (ticks > 0) {
    return {
      verdict: 'PASS',
      headline: 'LEARNING SYSTEM IS ACTIVE!',
      reasons: [...tickWords(figures, learned), ...dueWords(figures, learned)],
    };
  }
  const behind = [...lastTickWords(learned), ...dueWords(figures, learned)];
  if (loop_entries > loop_starts) {
    return {
      verdict: 'PARTIAL',
      headline: 'learning: the loop does something but completed no tick',
      reasons: [
        `${counted(loop_entries, 'entry', 'entries')} by the loop, ${count(loop_starts)} of them starts`,
        ...behind,
      ],
    };
  }
  if (loop_entries > 0) {
    return {
      verdict: 'INCONCLUSIVE',
      headline: 'learning: the loop was started and completed no tick',
      reasons: [
        `${counted(loop_entries, 'entry', 'entries')} by the loop itself, all ${STARTS.join(' or ')}`,
        ...behind,
      ],
    };
  }
  return {
    verdict: 'INCONCLUSIVE',
    headline: 'learning: the loop left no entry',
    reasons: [`no learning loop has written into the audit log${learned.narrowed ? ' in this window' : ''}`, ...behind],
  };
}

function tickWords({ ticks }: ActivityFigures, { last_tick_at }: LearnedFacts): string[] {
  if (ticks === 0) return ['the loop completed no tick'];
  return [
    `the loop completed ${counted(ticks, 'tick')}${last_tick_at === null ? '' : `, the last at ${utc(last_tick_at)}`}`,
  ];
}

/** A tick that finds nothing to do writes nothing: a window without any may be a quiet one. */
function lastTickWords({ last_tick_at }: LearnedFacts): string[] {
  return last_tick_at === null ? [] : [`the last tick that had anything to do was at ${utc(last_tick_at)}`];
}

function dueWords({ ticks, outcomes_learned }: ActivityFigures, { due }: LearnedFacts): string[] {
  const { late, waiting, overdue, longest_wait_s } = due;
  const all = outcomes_learned + waiting;
  if (all === 0) return ticks === 0 ? [] : ['no outcome was due'];
  const said = [`${count(outcomes_learned)} of ${counted(all, 'due outcome')} learned`];
  if (late !== null) {
    said.push(`${spell(late.p50_s)} late (p50), ${spell(late.p95_s)} (p95), ${spell(late.slowest_s)} at most`);
  }
  const limit = spell(OVERDUE_S);
  if (overdue > 0) {
    const waited = `${count(overdue)} ${named(overdue, 'has', 'have')} been due for longer than ${limit}`;
    const longest = longest_wait_s === null ? '' : `, the oldest for ${spell(longest_wait_s)}`;
    return [said.join(', '), `${waited}${longest}: grace learn tick does not run, or is not allowed to learn`];
  }
  if (waiting > 0) {
    const one = `the next tick has ${count(waiting)} to learn from`;
    return [said.join(', '), `${one}, due for less than ${limit}`];
  }
  return [said.join(', ')];
}
