import type { JsonObject } from '../../core/records/json.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import { beliefsOf } from '../order/beliefs.js';
import { believed } from '../order/candidate.js';
import { kept } from '../order/kept.js';
import { NOTHING_SEEN } from '../order/observe.js';
import { isSameOrder } from '../order/promotion.js';
import { ORDER_SETTING } from '../order/setting.js';
import { own } from '../order/tally.js';
import { isRiskier } from '../serving/riskier.js';
import { idList } from '../state/entry-fields.js';
import type { CheckState, LearnState } from '../state/learn-state.js';
import { assess } from '../tick/assess.js';
import type { LearnableCheck } from '../tick/facts.js';
import { mayReorder } from '../tick/may.js';
import { checkSaid, readPlaybooks, standing } from './checks-said.js';
import type { Difference } from './deviation.js';
import { broken, difference, differences } from './differences.js';
import { GOVERNED } from './governed.js';

/** A `learning_arms` entry against the state before it, and the last one on that check. Its holdout is not looked at. */
export function checkArms(entry: ControlEntry, before: ControlEntry | undefined, state: LearnState): Difference[] {
  const { subject, decision, metadata, actor } = entry;
  const about = differences(metadata, { check: subject, outcomes: state.outcomes }, 'metadata.');
  const check = checkSaid(subject, metadata);
  if (check === undefined) {
    return [...about, broken('metadata.playbooks', metadata.playbooks, 'a check with its playbooks')];
  }
  if (actor !== 'learner') return [...about, ...byPerson(decision, check, before, state)];
  const stands = settled(check, state, before);
  const { first, incumbent, version, waits } = stands;
  return [
    ...about,
    ...differences(decision, { first: [...first], incumbent: [...incumbent], version }, 'decision.'),
    ...candidateIn(decision, check, stands, state),
    ...differences(decision, { waits: { ...waits }, p: chancesOf(check, state) }, 'decision.'),
  ];
}

/** What a person has chosen is served as it is, until the learner has looked at it. */
function byPerson(
  decision: JsonObject,
  check: LearnableCheck,
  before: ControlEntry | undefined,
  state: LearnState,
): Difference[] {
  const { first, incumbent, candidate, version, waits } = standing(check, state);
  const orders = { first: [...first], incumbent: [...incumbent], version, waits: { ...waits } };
  const tried = [incumbent, candidate].some((order) => isSameOrder(order, idList(decision.candidate) ?? []));
  const { holdout, p } = before?.decision ?? {};
  return [
    ...differences(decision, orders, 'decision.'),
    ...(tried ? [] : difference('decision.candidate', decision.candidate, [...incumbent])),
    ...(before === undefined
      ? difference('decision.p', decision.p, {})
      : differences(decision, { holdout, p }, 'decision.')),
  ];
}

/** What its author has changed in grace.yaml counts at once: another list of playbooks, another wait. */
function settled(check: LearnableCheck, state: LearnState, before: ControlEntry | undefined): CheckState {
  const stands = standing(check, state);
  const listed = check.playbooks.map(({ id }) => id);
  const isServable = (order: readonly string[]) => order.length > 0 && order.every((id) => listed.includes(id));
  const isKept =
    isSameOrder(stands.first, listed) &&
    isServable(stands.incumbent) &&
    !isRiskier(check.playbooks, before?.metadata.playbooks, listed, stands.incumbent);
  const orders = isKept
    ? { candidate: isServable(stands.candidate) ? stands.candidate : stands.incumbent }
    : { first: listed, incumbent: listed, candidate: listed, version: null };
  return { ...stands, ...orders, waits: waitsThatHold(check, stands.waits, before) };
}

function waitsThatHold({ playbooks }: LearnableCheck, waits: CheckState['waits'], before: ControlEntry | undefined) {
  const then = new Map((readPlaybooks(before?.metadata.playbooks) ?? []).map(({ id, within_s }) => [id, within_s]));
  const hold = Object.entries(waits).filter(([id]) => {
    const today = playbooks.find((playbook) => playbook.id === id);
    return today !== undefined && (then.get(id) ?? today.within_s) === today.within_s;
  });
  return Object.fromEntries(hold);
}

/** The incumbent, or what may be tried beside it: which, is also for the configuration of that moment to say. */
function candidateIn(
  { candidate }: JsonObject,
  check: LearnableCheck,
  stands: CheckState,
  state: LearnState,
): Difference[] {
  const said = idList(candidate) ?? [];
  const assessed = assess(check, stands, state);
  const may = mayReorder(GOVERNED, check, stands, stands.incumbent, assessed.candidate);
  const allowed = [stands.incumbent, stands.candidate, ...(may.allowed ? [assessed.candidate] : [])];
  if (allowed.some((order) => isSameOrder(order, said))) return [];
  return difference('decision.candidate', candidate, [...(allowed.at(-1) ?? [])]);
}

/** The chance of each playbook when it is tried first. */
function chancesOf({ mode, target, playbooks }: LearnableCheck, state: LearnState): Record<string, number> {
  const beliefs = beliefsOf(own(state.modes, mode) ?? NOTHING_SEEN, target, playbooks, ORDER_SETTING);
  const chance = believed(beliefs, ORDER_SETTING);
  return Object.fromEntries(playbooks.map(({ id }) => [id, kept(chance(id, []).p)]));
}
