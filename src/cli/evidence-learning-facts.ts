import type Database from 'better-sqlite3';
import { ageOf, type Moment, type Now } from '../core/records/moment.js';
import { inMillis, parseInstant } from '../core/records/time.js';
import { type ControlView, controlView } from '../core/registry/queries/control.js';
import { type LearningFacts, learnedOutcomes, learningFacts } from '../core/registry/queries/evidence-learning.js';
import type { Window } from '../core/registry/queries/evidence-window.js';
import { OVERDUE_S } from '../evidence/learning-activity.js';
import type { DueFacts, KnowledgeKept, LearnedFacts, Replay } from '../evidence/learning-facts.js';
import { summarise } from '../evidence/summary.js';
import { DECISIVE, FEWEST_HOLDOUT, FEWEST_LEARNED } from '../learning/effect/thresholds.js';
import { effectVerdict } from '../learning/effect/verdict.js';
import { isSameOrder } from '../learning/order/promotion.js';
import type { Tallies } from '../learning/order/tally.js';
import { closingOf } from '../learning/outcome/closing.js';
import type { LearnState } from '../learning/state/learn-state.js';
import { type Folded, foldOn, readCached, startOf } from '../learning/state/state-cache.js';
import { stateHash } from '../learning/state/state-hash.js';
import { overdueFor } from './learn-due.js';

/** How much is done for a report. */
export interface LearningBounds {
  /** Of more episodes than these, learned or not, it is not told when they were due. */
  readonly examined: number;
  /** More outcomes than these are not folded anew, if a copy is there for which a tick vouches. */
  readonly folded: number;
}

/** Some 2 s each. */
const BOUNDS: LearningBounds = { examined: 10_000, folded: 20_000 };

export interface LearningSource {
  readonly db: Database.Database;
  /** Of the logs. */
  readonly dir: string;
  readonly window: Window;
  readonly now: Now;
}

/** What the learning room makes of the logs, for a report that does not know it. Changes nothing. */
export function learnedFacts({ db, dir, window, now }: LearningSource, bounds = BOUNDS): LearnedFacts {
  const view = controlView(db);
  const facts = learningFacts(db, window, new Date(now.ms).toISOString().slice(0, 'YYYY-MM-DD'.length));
  const outcomes = facts.left_out.reduce((total, { n }) => total + n, 0);
  const start = outcomes > bounds.folded ? startOf(view, readCached(dir)) : undefined;
  const folded = foldOn(view, start);
  const { state } = folded;
  const replay = replayOf(folded, start, facts);
  return {
    ...facts,
    last_tick_at: inMillis(facts.last_tick_at),
    due: dueFacts(view, { db, window, now }, facts.unlearned, bounds.examined),
    effect: {
      verdict: effectVerdict(state.effect, { reproducible: replay !== 'differs' }),
      outcomes: state.outcomes,
      incidents: state.effect.incidents,
      learned: state.effect.learned,
      holdout: state.effect.holdout,
      needed: { learned: FEWEST_LEARNED, holdout: FEWEST_HOLDOUT, e: DECISIVE },
      harmed: state.harmed,
      held: Object.entries(state.checks).flatMap(([check, { held }]) => (held ? [check] : [])),
      replay,
      lines_missing: view.missingLines().length > 0,
    },
    calibration: state.calibration,
    kept: keptIn(state, view.openProposals().length),
    narrowed: window.since !== null,
  };
}

function replayOf({ tick }: Folded, start: Folded | undefined, { lines_gone }: LearningFacts): Replay {
  if (tick === undefined) return 'no_tick';
  if (tick.line === start?.line) return 'vouched';
  if (stateHash(tick.state) === tick.sha256) return start === undefined ? 'equal' : 'vouched';
  return lines_gone > 0 ? 'put_away' : 'differs';
}

function dueFacts(
  view: ControlView,
  { db, window, now }: Omit<LearningSource, 'dir'>,
  unlearned: number,
  most: number,
): DueFacts {
  const late = learnedOutcomes(db, window, most).map((entry) => {
    const episode = view.episodeAt(entry.opening, entry.line);
    const at = presentAt(entry);
    return episode === undefined || at === undefined ? null : overdueFor(episode, at);
  });
  const examined = view.dueEpisodes(0, most);
  const waits = examined.flatMap((episode) => {
    const closing = closingOf(episode, now);
    if (closing === undefined) return [];
    // Where nobody wrote down for how long it had to hold, it could be learned from at once.
    return [overdueFor(episode, now) ?? (closing.recovered === null ? 0 : ageOf(closing.recovered, now))];
  });
  return {
    late: summarise(late),
    waiting: waits.length,
    overdue: waits.filter((waited) => waited > OVERDUE_S).length,
    longest_wait_s: waits.length === 0 ? null : waits.reduce((most, waited) => Math.max(most, waited), 0),
    not_due: examined.length - waits.length,
    unexamined: unlearned - examined.length,
  };
}

/** The present of an entry; undefined where its date is none. */
function presentAt({ boot_id, elapsed_s, at }: Moment): Now | undefined {
  const ms = parseInstant(at);
  if (ms === undefined) return undefined;
  return boot_id === null || elapsed_s === null ? { boot_id: '', elapsed_s: 0, ms } : { boot_id, elapsed_s, ms };
}

function keptIn({ outcomes, modes, checks }: LearnState, proposals_open: number): KnowledgeKept {
  const ofModes = Object.values(modes);
  const ofChecks = Object.values(checks);
  return {
    outcomes,
    failure_modes: ofModes.length,
    targets: total(ofModes, ({ targets }) => Object.keys(targets).length),
    playbook_tallies: total(ofModes, ({ all }) => tallies(all)),
    wait_curves: total(ofChecks, ({ waited }) => Object.keys(waited).length),
    orders_in_force: ofChecks.filter(({ first, incumbent }) => !isSameOrder(first, incumbent)).length,
    waits_in_force: total(ofChecks, ({ waits }) => Object.keys(waits).length),
    proposals_open,
  };
}

function tallies({ cells }: Tallies): number {
  return total(Object.values(cells), (row) => Object.keys(row).length);
}

function total<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
