import type { Json } from '../../core/records/json.js';
import { isJsonObject } from '../../core/records/json.js';
import { isSameOrder } from '../order/promotion.js';
import { isRiskier } from '../serving/riskier.js';
import { checkState, newCheckState } from '../state/check-state.js';
import type { CheckState } from '../state/learn-state.js';
import { writeArms } from './arms.js';
import { idsOf, type StandingEntry, type TickDraft } from './draft.js';
import type { LearnableCheck } from './facts.js';

/**
 * What its author has changed in grace.yaml counts at once: another list is the first order from now on and is served as it
 * is; a risk that was raised ends an order that would need a person now; another `within` takes the place of the wait that was learned.
 */
export function settleCheck(draft: TickDraft, check: LearnableCheck): void {
  const stands = checkState(draft.state, check.name);
  if (stands === undefined) return;
  const listed = idsOf(check);
  const isServable = (order: readonly string[]) => order.length > 0 && order.every((id) => listed.includes(id));
  const isKnown = stands.first.length === 0 || isSameOrder(stands.first, listed);
  const said = draft.arms(check.name)?.metadata.playbooks;
  const orders =
    isKnown && isServable(stands.incumbent) && !isRiskier(check.playbooks, said, listed, stands.incumbent)
      ? { ...stands, first: listed, candidate: isServable(stands.candidate) ? stands.candidate : stands.incumbent }
      : { ...stands, ...ordersOf(newCheckState(listed)) };
  const settled: CheckState = { ...orders, waits: waitsThatHold(check, stands.waits, draft.arms(check.name)) };
  if (stands.first.length > 0 && isLikeBefore(stands, settled)) return;
  // What was never said of a check is said when there is something to say.
  if (stands.first.length === 0 && isSameOrder(settled.incumbent, listed) && isSameWaits(stands, settled)) return;
  writeArms(draft, check, settled);
}

function ordersOf({ first, incumbent, candidate, version }: CheckState) {
  return { first, incumbent, candidate, version };
}

function isLikeBefore(before: CheckState, after: CheckState): boolean {
  const orders = (['first', 'incumbent', 'candidate'] as const).every((one) => isSameOrder(before[one], after[one]));
  return orders && before.version === after.version && isSameWaits(before, after);
}

/** Those that hold are some of those that were learned. */
function isSameWaits(before: CheckState, after: CheckState): boolean {
  return Object.keys(before.waits).length === Object.keys(after.waits).length;
}

function waitsThatHold(
  { playbooks }: LearnableCheck,
  waits: CheckState['waits'],
  standing: StandingEntry | undefined,
): CheckState['waits'] {
  const within = new Map(listOf(standing?.metadata.playbooks).map(({ id, within_s }) => [id, within_s]));
  const hold = Object.entries(waits).filter(([id]) => {
    const today = playbooks.find((playbook) => playbook.id === id);
    return today !== undefined && (within.get(id) ?? today.within_s) === today.within_s;
  });
  return Object.fromEntries(hold);
}

function listOf(value: Json | undefined) {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
