import type { ControlEntry } from '../../core/registry/queries/control.js';
import { type EffectState, observeEffect } from '../effect/effect.js';
import { kept } from '../order/kept.js';
import { NOTHING_SEEN, observe } from '../order/observe.js';
import { ORDER_SETTING } from '../order/setting.js';
import { own } from '../order/tally.js';
import type { Outcome } from '../outcome/outcome.js';
import { readOutcome } from '../outcome/outcome-of.js';
import { NO_WAITS, observeWait } from '../waits/waits.js';
import { checkState, newCheckState } from './check-state.js';
import type { CalibrationBin, CheckState, LearnState } from './learn-state.js';

/** A failure of what was predicted with more than this is a surprise. */
const SURE = 0.7;

/** An `outcome_learned` entry. */
export function foldOutcome(state: LearnState, entry: Pick<ControlEntry, 'decision' | 'metadata'>): LearnState {
  const outcome = readOutcome(entry);
  if (outcome === undefined) return state;
  const { check, mode, target, tried, counts } = outcome;
  const before = checkState(state, check) ?? newCheckState(firstOrderIn(outcome));
  const seen = counts.order && observe(own(state.modes, mode) ?? NOTHING_SEEN, { target, tried }, ORDER_SETTING.keep);
  return {
    ...state,
    outcomes: state.outcomes + 1,
    modes: seen ? { ...state.modes, [mode]: seen } : state.modes,
    // What names no check is counted, and filed under none.
    checks: check === '' ? state.checks : { ...state.checks, [check]: withOutcome(before, outcome) },
    effect: counts.effect ? withEffect(state.effect, outcome) : state.effect,
    calibration: calibrated(state.calibration, outcome),
  };
}

/** Of a check of which nothing was said yet: the order of an arm that was learned says nothing of the author's. */
function firstOrderIn({ arm, holdout, order }: Outcome): readonly string[] {
  return arm === 'author' || holdout ? order : [];
}

function withOutcome(before: CheckState, outcome: Outcome): CheckState {
  return {
    ...before,
    waited: outcome.counts.waits ? outcome.waits.reduce(withWait, before.waited) : before.waited,
    outcomes: before.outcomes + 1,
    surprises: surprisesAfter(before, outcome),
  };
}

function withWait(waited: CheckState['waited'], { playbook, seconds, healthy }: Outcome['waits'][number]) {
  return { ...waited, [playbook]: observeWait(own(waited, playbook) ?? NO_WAITS, { seconds, healthy }) };
}

/**
 * The first playbook is that of the incumbent: what another arm begins with, or the order before the last change did, says
 * nothing of the order that would be rolled back.
 */
function surprisesAfter({ surprises, incumbent }: CheckState, outcome: Outcome): number {
  const first = predictedFirst(outcome);
  if (first === undefined || first.playbook !== incumbent[0]) return surprises;
  if (first.worked) return 0;
  return first.predicted > SURE ? surprises + 1 : surprises;
}

function calibrated(bins: LearnState['calibration'], outcome: Outcome): LearnState['calibration'] {
  const first = predictedFirst(outcome);
  if (first === undefined) return bins;
  const { predicted, worked } = first;
  const place = Math.min(9, Math.floor(predicted * 10));
  return bins.map((bin, i) => (i === place ? withPrediction(bin, predicted, worked) : bin));
}

function withPrediction(bin: CalibrationBin, predicted: number, worked: boolean): CalibrationBin {
  return { n: bin.n + 1, predicted: kept(bin.predicted + predicted), worked: bin.worked + (worked ? 1 : 0) };
}

/** How the playbook fared of which something was predicted; undefined where it was not tried first, or nobody knows. */
function predictedFirst({ predicted, tried, order, counts }: Outcome) {
  const first = tried[0];
  if (predicted === null || first === undefined || first.playbook !== order[0] || !counts.order) return undefined;
  return { ...first, predicted };
}

function withEffect(effect: EffectState, outcome: Outcome): EffectState {
  const { mode, holdout, holdout_share, differs, recovered_s, relapsed, escalated } = outcome;
  const recovered = recovered_s === null ? {} : { recovered_s };
  return observeEffect(effect, { mode, holdout, holdout_share, differs, ...recovered, relapsed, escalated });
}
