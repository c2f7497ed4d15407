import { kept } from '../order/kept.js';
import { differenceOf, type EProcess, NO_BETS, placeBets } from './e-process.js';
import { scoreOf } from './score.js';

/** One real incident whose relapse window has closed; drills and simulated ones are for the caller to leave out. */
export interface EffectIncident {
  readonly mode: string;
  /** Whether it was handled in the frozen first order, by whichever arm. */
  readonly holdout: boolean;
  /**
   * The probability of that, over all arms, as it was logged before the draw: with an incumbent that is the first order and a
   * candidate that is another, 1 less the candidate's. 0 or 1 where nothing was drawn.
   */
  readonly holdout_share: number;
  /** Whether the other arms had another order. Must not depend on the arm that was drawn. */
  readonly differs: boolean;
  /** From onset to verified recovery; absent where there was none. */
  readonly recovered_s?: number;
  readonly relapsed: boolean;
  /** A person had to come. */
  readonly escalated: boolean;
}

/** How many incidents of an arm were compared, and how many of them relapsed or were escalated. */
export interface ArmCounts {
  readonly n: number;
  readonly bad: number;
}

/** n incidents, the sum of their scores, and how many relapsed or were escalated; both arms, compared or not. */
interface ModeSums {
  readonly n: number;
  readonly score: number;
  readonly bad: number;
}

/** All that the comparison of the two arms rests on. Plain JSON; its size is that of the list of failure modes. */
export interface EffectState {
  readonly incidents: number;
  readonly learned: ArmCounts;
  readonly holdout: ArmCounts;
  /** Differences in time to recover: above 0 where the learned order is faster. */
  readonly time: EProcess;
  /** Differences in relapsed-or-escalated: above 0 where the learned order does better. */
  readonly bad: EProcess;
  readonly all: ModeSums;
  readonly modes: { readonly [mode: string]: ModeSums };
}

const NOTHING: ModeSums = { n: 0, score: 0, bad: 0 };

export const NO_EFFECT: EffectState = {
  ...{ incidents: 0, learned: { n: 0, bad: 0 }, holdout: { n: 0, bad: 0 } },
  ...{ time: NO_BETS, bad: NO_BETS, all: NOTHING, modes: {} },
};

/** Folds one incident in. O(1) in the number of incidents. */
export function observeEffect(state: EffectState, incident: EffectIncident): EffectState {
  const { mode, holdout, holdout_share: share, relapsed, escalated } = incident;
  const score = relapsed ? 1 : scoreOf(incident.recovered_s);
  const bad = relapsed || escalated ? 1 : 0;
  const { modes, all } = state;
  const own = Object.hasOwn(modes, mode) ? (modes[mode] as ModeSums) : NOTHING;
  const next: EffectState = {
    ...state,
    incidents: state.incidents + 1,
    all: withOne(all, score, bad),
    modes: { ...modes, [mode]: withOne(own, score, bad) },
  };
  // Where both would have done the same, or nothing was drawn, there is nothing to compare; the mean still learns from it.
  // The very first has nothing that it could be held against.
  if (!incident.differs || !(share > 0 && share < 1) || all.n === 0) return next;
  const expected = expectedOf(own, all);
  const arm = holdout ? 'holdout' : 'learned';
  return {
    ...next,
    [arm]: { n: state[arm].n + 1, bad: state[arm].bad + bad },
    time: placeBets(state.time, differenceOf(holdout, share, score - expected.score), share),
    bad: placeBets(state.bad, differenceOf(holdout, share, bad - expected.bad), share),
  };
}

/** The mode's running means before this incident, with one incident's worth of the mean of all modes. */
function expectedOf(own: ModeSums, all: ModeSums): { readonly score: number; readonly bad: number } {
  const of = (key: 'score' | 'bad') => (own[key] + all[key] / all.n) / (own.n + 1);
  return { score: of('score'), bad: of('bad') };
}

function withOne({ n, score, bad }: ModeSums, itsScore: number, itsBad: number): ModeSums {
  return { n: n + 1, score: kept(score + itsScore), bad: bad + itsBad };
}
