import type { JsonObject } from '../../core/records/json.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import { readVersion } from '../governance/version.js';
import { kept } from '../order/kept.js';
import { isSameOrder } from '../order/promotion.js';
import { ORDER_SETTING } from '../order/setting.js';
import { own } from '../order/tally.js';
import type { LearnState } from '../state/learn-state.js';
import { stateHash } from '../state/state-hash.js';
import { type Assessed, assess, contest, nextStepAfter } from '../tick/assess.js';
import type { LearnableCheck, LearnablePlaybook } from '../tick/facts.js';
import { mayReorder, mayWait } from '../tick/may.js';
import { orderNumbers, waitNumbers } from '../tick/numbers.js';
import { chooseWait, NO_WAITS } from '../waits/waits.js';
import { standing } from './checks-said.js';
import type { Difference } from './deviation.js';
import { broken, difference, differences } from './differences.js';
import { GOVERNED } from './governed.js';

/** Where the author has set no bounds, what is proposed lies within a quarter and four times the author's wait. */
const WIDEST = 4;

/** What every version and proposal says of the moment at which it was decided. */
export function checkMoment({ metadata }: ControlEntry, state: LearnState): Difference[] {
  return differences(metadata, { outcomes: state.outcomes, state: stateHash(state) }, 'metadata.');
}

/**
 * A new order or wait, by the learner's own decision or as its proposal, from the state before it and the playbooks that the
 * entry names. `checks`: the same check with each failure mode and target with which it may have been; one of them must
 * give what the entry says. `applied`: it needed no person.
 */
export function checkChange(
  entry: ControlEntry,
  checks: readonly LearnableCheck[],
  state: LearnState,
  applied: boolean,
): readonly Difference[] {
  const { kind, playbook } = entry.decision;
  const tries = checks.flatMap((check) => {
    const assessed = assess(check, standing(check, state), state);
    if (kind === 'order') return [orderTry(entry, check, assessed, applied)];
    if (kind === 'drop') return [dropTry(entry, assessed, applied)];
    const waited = check.playbooks.find(({ id }) => id === playbook);
    if (kind !== 'wait' || waited === undefined) return [];
    return [true, false].map((observed) => waitTry(entry, waited, assessed, { observed, applied }));
  });
  const [
    first = [broken('metadata.playbooks', entry.metadata.playbooks, 'no check of that name with such playbooks')],
  ] = tries;
  return tries.reduce((least, one) => (one.length < least.length ? one : least), first);
}

function orderTry(
  { decision, metadata }: ControlEntry,
  check: LearnableCheck,
  assessed: Assessed,
  applied: boolean,
): Difference[] {
  const { stands, candidate: to, beliefs, incidents, seed } = assessed;
  const { incumbent: from } = stands;
  const promotion = contest(assessed, to, from);
  const numbers = orderNumbers({ beliefs, to, promotion, incidents }, ORDER_SETTING);
  const may = mayReorder(GOVERNED, check, stands, from, to);
  return [
    ...differences(decision, { check: check.name, from: [...from], to: [...to] }, 'decision.'),
    ...difference('metadata.seed', metadata.seed, seed),
    ...numbersIn(metadata, numbers),
    ...(promotion.promote ? [] : [broken('decision.to', decision.to, 'not surely better, so nothing was to change')]),
    ...(may.allowed || !applied ? [] : [broken('decision.rule', decision.rule, `a person decides that: ${may.why}`)]),
  ];
}

function dropTry({ decision, metadata }: ControlEntry, assessed: Assessed, applied: boolean): Difference[] {
  const { stands, cut, beliefs, incidents, seed } = assessed;
  const from = stands.incumbent;
  const to = from.filter((id) => !cut.includes(id));
  const promotion = contest(assessed, to, from);
  const isWanted = promotion.promote && !isSameOrder(from, to);
  return [
    ...differences(decision, { from: [...from], to }, 'decision.'),
    ...difference('metadata.seed', metadata.seed, seed),
    ...numbersIn(metadata, orderNumbers({ beliefs, to, promotion, incidents }, ORDER_SETTING)),
    ...(isWanted ? [] : [broken('decision.to', decision.to, 'not surely better, so nothing was to change')]),
    ...(applied ? [broken('decision.rule', decision.rule, 'a person decides that')] : []),
  ];
}

function waitTry(
  { decision, metadata }: ControlEntry,
  playbook: LearnablePlaybook,
  assessed: Assessed,
  { observed, applied }: { readonly observed: boolean; readonly applied: boolean },
): Difference[] {
  const { id, within_s, bounds } = playbook;
  const { waits, waited, held } = assessed.stands;
  const from = own(waits, id) ?? within_s;
  const { least_s, most_s } = bounds ?? { least_s: kept(within_s / WIDEST), most_s: kept(within_s * WIDEST) };
  const next_step_s = nextStepAfter(id, assessed);
  const seen = observed ? (own(waited, id) ?? NO_WAITS) : NO_WAITS;
  const chosen = chooseWait(seen, { wait_s: from, min_s: least_s, max_s: most_s, next_step_s });
  const to = chosen.wait_s;
  const may = mayWait(GOVERNED, playbook, held, to);
  return [
    ...differences(decision, { from, to }, 'decision.'),
    ...difference('metadata.seed', metadata.seed, null),
    ...numbersIn(metadata, waitNumbers(chosen, to, next_step_s)),
    ...(to === from ? [broken('decision.to', decision.to, 'nothing was to change')] : []),
    ...(may.allowed || !applied ? [] : [broken('decision.rule', decision.rule, `a person decides that: ${may.why}`)]),
  ];
}

function numbersIn(metadata: JsonObject, numbers: JsonObject): Difference[] {
  const said = metadata.numbers;
  return typeof said === 'object' && said !== null && !Array.isArray(said)
    ? differences(said, numbers, 'metadata.numbers.')
    : difference('metadata.numbers', said, numbers);
}

/** The number that a version takes, one more than the last, and who made it. */
export function checkNumber(entry: ControlEntry, last: number): Difference[] {
  const version = readVersion(entry);
  if (version === undefined) return [broken('decision', entry.decision, 'a whole version')];
  return [
    // The first of a log whose beginning was put away may be any.
    ...(last === 0 ? [] : difference('decision.version', version.number, last + 1)),
    ...difference('decision.account', entry.decision.account, entry.actor),
  ];
}
