import type { JsonObject } from '../../core/records/json.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import { DECISIVE } from '../effect/thresholds.js';
import { guardBreached } from '../effect/verdict.js';
import { beliefsOf } from '../order/beliefs.js';
import { believed } from '../order/candidate.js';
import { expectedTtr } from '../order/expected-ttr.js';
import { NOTHING_SEEN } from '../order/observe.js';
import { ORDER_SETTING } from '../order/setting.js';
import { own } from '../order/tally.js';
import { checkState } from '../state/check-state.js';
import type { CheckState, LearnState } from '../state/learn-state.js';
import type { LearnableCheck } from '../tick/facts.js';
import { orderNumbers } from '../tick/numbers.js';
import type { Difference } from './deviation.js';
import { broken, difference, differences, isSameData } from './differences.js';

/** So many first remedies that fail in a row, each against the odds. */
const MOST_SURPRISES = 3;

/** What a rollback by the learner rests on, besides the state before it. */
export interface RollbackFacts {
  /** The same check with each failure mode and target with which it may have been; without playbooks: not in grace.yaml. */
  readonly checks: readonly LearnableCheck[];
  /** Harm was shown since the last tick came to its end, and this rollback may be one of several for it. */
  readonly harmed: boolean;
  /** What the version in force has replaced, if that is an order to go back to. */
  readonly replaced: readonly string[] | undefined;
}

/** A rollback that the learner has made by itself: the state must show why. */
export function checkRollback(entry: ControlEntry, state: LearnState, facts: RollbackFacts): Difference[] {
  const { decision, metadata } = entry;
  const stands = checkState(state, String(decision.check));
  if (stands === undefined) return [broken('decision.check', decision.check, 'a check of which something was learned')];
  const to = decision.reason === 'harm' ? stands.first : wayBack(stands, facts);
  const back = stands.version === null ? {} : { rolls_back: `v${stands.version}` };
  return [
    ...differences(decision, { from: [...stands.incumbent], to: [...to], ...back }, 'decision.'),
    ...(decision.reason === 'harm' ? harm(entry, state, facts) : surprises(entry, stands)),
    ...difference('metadata.seed', metadata.seed, null),
    ...numbersIn(entry, state, stands, { to, checks: facts.checks }),
  ];
}

function harm({ decision, metadata }: ControlEntry, { effect }: LearnState, { harmed }: RollbackFacts): Difference[] {
  const { incidents, time, bad } = effect;
  const isShown = time.below >= DECISIVE || guardBreached(effect);
  const figures = { harm: { incidents, e_slower: time.below, e_worse: bad.below } };
  if (isShown)
    return [...differences(metadata, figures, 'metadata.'), ...difference('decision.hold', decision.hold, true)];
  return harmed
    ? difference('decision.hold', decision.hold, true)
    : [broken('decision.reason', 'harm', `no harm was shown: E ${time.below} for slower, ${bad.below} for worse`)];
}

function surprises({ decision, metadata }: ControlEntry, stands: CheckState): Difference[] {
  if (decision.reason !== 'surprises') return [broken('decision.reason', decision.reason, 'harm or surprises')];
  const n = stands.surprises;
  return [
    ...differences(metadata, { surprises: n }, 'metadata.'),
    ...(n >= MOST_SURPRISES
      ? []
      : [broken('decision.reason', 'surprises', `${n} in a row, and not ${MOST_SURPRISES}`)]),
  ];
}

function wayBack({ first }: CheckState, { replaced, checks }: RollbackFacts): readonly string[] {
  const listed = checks[0]?.playbooks.map(({ id }) => id) ?? [];
  return replaced !== undefined && replaced.length > 0 && replaced.every((id) => listed.includes(id))
    ? replaced
    : first;
}

function numbersIn(
  { metadata }: ControlEntry,
  state: LearnState,
  stands: CheckState,
  { to, checks }: { readonly to: readonly string[]; readonly checks: readonly LearnableCheck[] },
): Difference[] {
  const said = metadata.numbers;
  const all = checks.map((check) => numbersOf(check, state, stands, to));
  return all.some((one) => isSameData(one, said)) ? [] : difference('metadata.numbers', said, all[0] ?? {});
}

function numbersOf(check: LearnableCheck, state: LearnState, stands: CheckState, to: readonly string[]): JsonObject {
  const { incumbent: from, outcomes, outcomes_at_change } = stands;
  const { mode, target, playbooks } = check;
  const listed = playbooks.map(({ id }) => id);
  if (listed.length === 0 || ![...from, ...to].every((id) => listed.includes(id))) return {};
  const beliefs = beliefsOf(own(state.modes, mode) ?? NOTHING_SEEN, target, playbooks, ORDER_SETTING);
  const chance = believed(beliefs, ORDER_SETTING);
  const candidate_s = expectedTtr(to, chance, ORDER_SETTING.person_s);
  const incumbent_s = expectedTtr(from, chance, ORDER_SETTING.person_s);
  const promotion = { promote: true, better: null, candidate_s, incumbent_s };
  return orderNumbers({ beliefs, to, promotion, incidents: outcomes - outcomes_at_change }, ORDER_SETTING);
}
