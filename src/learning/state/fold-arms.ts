import type { JsonObject } from '../../core/records/json.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import { isSameOrder } from '../order/promotion.js';
import { checkState, newCheckState } from './check-state.js';
import { idList, secondsBy, versionOrNull } from './entry-fields.js';
import type { CheckState, LearnState } from './learn-state.js';

/** A `learning_arms` entry. Its subject is the check. */
export function foldArms(state: LearnState, entry: Pick<ControlEntry, 'subject' | 'decision'>): LearnState {
  const said = readOrders(entry.decision);
  if (said === undefined || entry.subject === '') return state;
  const before = checkState(state, entry.subject) ?? newCheckState(said.first);
  return { ...state, checks: { ...state.checks, [entry.subject]: withOrders(before, said) } };
}

type Orders = Pick<CheckState, 'first' | 'incumbent' | 'candidate' | 'version' | 'waits'>;

function withOrders(before: CheckState, said: Orders): CheckState {
  // A first order that was not known becomes known: nobody has changed it.
  const changed = before.first.length > 0 && !isSameOrder(before.first, said.first);
  const begun = { version: null, outcomes_at_change: before.outcomes, surprises: 0 };
  return { ...before, ...said, ...(changed ? begun : {}) };
}

function readOrders(decision: JsonObject): Orders | undefined {
  const [first, incumbent, candidate] = [decision.first, decision.incumbent, decision.candidate].map(idList);
  const version = versionOrNull(decision.version);
  const waits = secondsBy(decision.waits);
  if (!first || !incumbent || !candidate || version === undefined || waits === undefined) return undefined;
  return { first, incumbent, candidate, version, waits };
}
