import type { JsonObject } from '../../core/records/json.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import { NO_EFFECT } from '../effect/effect.js';
import { checkState, newCheckState } from './check-state.js';
import { idList, seconds, version } from './entry-fields.js';
import type { CheckState, LearnState } from './learn-state.js';

/** So many comparisons that ended in harm are remembered. */
const HARMED_KEPT = 20;

/** A `config_update` entry: a version. Its subject names it. */
export function foldUpdate(state: LearnState, entry: Pick<ControlEntry, 'subject' | 'decision'>): LearnState {
  const update = readUpdate(entry.decision);
  if (update === undefined) return state;
  const { check, harm } = update;
  const before = checkState(state, check) ?? newCheckState('from' in update ? update.from : []);
  const after = { ...state, checks: { ...state.checks, [check]: withUpdate(before, update) } };
  return harm ? withoutEffect(after, entry.subject) : after;
}

type Update = { readonly check: string; readonly hold: boolean; readonly harm: boolean } & (
  | { readonly version: number; readonly from: readonly string[]; readonly to: readonly string[] }
  | { readonly playbook: string; readonly wait_s: number }
);

function withUpdate(before: CheckState, update: Update): CheckState {
  if ('playbook' in update) {
    const { playbook, wait_s, hold } = update;
    // Whoever approves a wait has said nothing about orders.
    return { ...before, waits: { ...before.waits, [playbook]: wait_s }, held: hold || before.held };
  }
  const { to, version, hold } = update;
  return { ...before, incumbent: to, version, outcomes_at_change: before.outcomes, surprises: 0, held: hold };
}

/** Harm that was shown was shown of orders that are no longer served: what comes is another series. */
function withoutEffect(state: LearnState, ended_by: string): LearnState {
  const { incidents, time, bad } = state.effect;
  // Several checks are rolled back for the same harm, and the first of them has ended it.
  if (incidents === 0) return state;
  const series = { ended_by, incidents, e_slower: time.below, e_worse: bad.below };
  return { ...state, effect: NO_EFFECT, harmed: [...state.harmed, series].slice(-HARMED_KEPT) };
}

function readUpdate(decision: JsonObject): Update | undefined {
  const { kind, check, playbook, reason } = decision;
  const number = version(decision.version);
  if (typeof check !== 'string' || check === '' || number === undefined) return undefined;
  const common = { check, hold: decision.hold === true, harm: kind === 'rollback' && reason === 'harm' };
  if (kind === 'wait' || (kind === 'rollback' && playbook !== undefined)) {
    const wait_s = seconds(decision.to);
    if (typeof playbook !== 'string' || playbook === '' || wait_s === undefined) return undefined;
    return { ...common, playbook, wait_s };
  }
  const [from, to] = [idList(decision.from), idList(decision.to)];
  const isOrder = kind === 'order' || kind === 'drop' || kind === 'rollback';
  return isOrder && from && to ? { ...common, version: number, from, to } : undefined;
}
