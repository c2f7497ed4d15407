import type { ModeState } from './observe.js';
import type { OrderSetting } from './setting.js';
import {
  type Cells,
  cellOf,
  discounted,
  failedKey,
  lendable,
  less,
  NO_TALLY,
  own,
  sum,
  type Tally,
  times,
  totalOf,
} from './tally.js';

/** A playbook of the check, and the seconds its author says it takes. */
export interface Declared {
  readonly id: string;
  readonly declared_s: number;
}

/** What is believed of the playbooks of a check, for one target. Plain data. */
export interface Beliefs {
  /** In the author's order, which breaks ties. */
  readonly playbooks: readonly string[];
  readonly by: Readonly<Record<string, Belief>>;
}

export interface Belief {
  /** Whatever had failed before it. */
  readonly total: Tally;
  /** By the set of playbooks that had failed before; together they are the total. */
  readonly after: Readonly<Record<string, Tally>>;
  /** Mean seconds when it works. */
  readonly a_s: number;
  /** Mean seconds when it fails. */
  readonly b_s: number;
}

/**
 * A target's own counts, and what the other targets of its mode have seen as at most `lent` pseudo-observations of each
 * playbook. The others only: a target's own incidents are among its mode's too, and would count twice. So one target
 * alone is its mode, and a target never seen has what is lent.
 */
export function beliefsOf(
  state: ModeState,
  target: string,
  playbooks: readonly Declared[],
  setting: OrderSetting,
): Beliefs {
  const at = state.incidents;
  const mine = discounted(own(state.targets, target) ?? { at, cells: {} }, at, setting.keep).cells;
  const by = playbooks.map(({ id, declared_s }) => {
    const cells = leaning(mine, state.all.cells, id, setting.lent);
    const total = Object.values(cells).reduce(sum, NO_TALLY);
    const belief: Belief = {
      total,
      after: cells,
      a_s: (declared_s + total.worked_s) / (1 + total.s),
      b_s: (declared_s + setting.failure_extra_s + total.failed_s) / (1 + total.f),
    };
    return [id, belief] as const;
  });
  return { playbooks: playbooks.map(({ id }) => id), by: Object.fromEntries(by) };
}

/**
 * The successes and failures by which a playbook is judged once this set has failed: those after just this set, and those
 * in other places as at most `other_places` pseudo-observations. With few of those it makes no difference where they were
 * made; with many, remedies that fail for a shared cause show. Until that set was seen to fail, all that was seen counts: else
 * an order that is never served would be believed in less and less, the more is known.
 */
export function evidenceOf(belief: Belief, failed: readonly string[], { other_places }: OrderSetting): Tally {
  if (other_places === null) return belief.total;
  const here = own(belief.after, failedKey(failed)) ?? NO_TALLY;
  const others = less(belief.total, here);
  const share = lendable(others, other_places);
  // Of a place where nothing was seen, what was seen elsewhere is all there is to go by.
  const unseen = 1 / (1 + here.s + here.f) ** 2;
  return sum(here, times(others, share + (1 - share) * unseen));
}

/** The chance of success, from an even prior. */
export function chanceOf({ s, f }: Tally): number {
  return (s + 1) / (s + f + 2);
}

/** Expected seconds of an attempt that works with this chance. */
export function costOf({ a_s, b_s }: Belief, p: number): number {
  return p * a_s + (1 - p) * b_s;
}

export function beliefAbout(beliefs: Beliefs, id: string): Belief {
  const belief = own(beliefs.by, id);
  if (belief === undefined) throw new Error(`no belief about the playbook ${id}`);
  return belief;
}

function leaning(mine: Cells, all: Cells, id: string, lent: number): Record<string, Tally> {
  const share = lendable(less(totalOf(all, id), totalOf(mine, id)), lent);
  const cells = Object.keys({ ...all, ...mine }).map((key) => {
    const here = cellOf(mine, key, id);
    return [key, sum(here, times(less(cellOf(all, key, id), here), share))] as const;
  });
  return Object.fromEntries(cells.filter(([, { s, f }]) => s + f > 0));
}
