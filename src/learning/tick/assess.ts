import { type Beliefs, beliefsOf } from '../order/beliefs.js';
import { believed, candidateOf } from '../order/candidate.js';
import { expectedTtr } from '../order/expected-ttr.js';
import { NOTHING_SEEN } from '../order/observe.js';
import { type Promotion, shouldPromote } from '../order/promotion.js';
import { ORDER_SETTING } from '../order/setting.js';
import { own } from '../order/tally.js';
import type { CheckState, LearnState } from '../state/learn-state.js';
import type { LearnableCheck } from './facts.js';

/** What is believed today of the remedies that are served for a check. */
export interface Assessed {
  readonly stands: CheckState;
  readonly beliefs: Beliefs;
  /** Outcomes since the order last changed. */
  readonly incidents: number;
  /** The best order of the playbooks of the incumbent; the incumbent itself while nothing was seen of its mode. */
  readonly candidate: readonly string[];
  /** Of these, what is worth less than the person it delays; never all. */
  readonly cut: readonly string[];
  /** By which contests are drawn: it is another one when there is more evidence, and only then. */
  readonly seed: string;
}

/** Playbooks that a person has dropped are not judged: they come back by a person's word, too. */
export function assess(check: LearnableCheck, stands: CheckState, state: LearnState): Assessed {
  const { name, mode, target } = check;
  const seen = own(state.modes, mode) ?? NOTHING_SEEN;
  const served = check.playbooks.filter(({ id }) => stands.incumbent.includes(id));
  const beliefs = beliefsOf(seen, target, served, ORDER_SETTING);
  const best = candidateOf(beliefs, ORDER_SETTING);
  const [order, cut] = [best.order, best.cut].map((ranked) => ranked.map(({ id }) => id)) as [string[], string[]];
  return {
    ...{ stands, beliefs, incidents: stands.outcomes - stands.outcomes_at_change },
    candidate: seen.incidents === 0 ? stands.incumbent : [...order, ...cut],
    cut: order.length === 0 ? cut.slice(1) : cut,
    seed: `${name} ${mode} ${seen.incidents}`,
  };
}

/** Whether one order is surely better than another, and the numbers behind it. */
export function contest(
  { beliefs, incidents, seed }: Assessed,
  candidate: readonly string[],
  incumbent: readonly string[],
): Promotion {
  return shouldPromote({ beliefs, candidate, incumbent, incidents, seed }, ORDER_SETTING);
}

/** What is expected to be spent after this playbook has failed at its place in the incumbent, seconds. */
export function nextStepAfter(playbook: string, { beliefs, stands: { incumbent } }: Assessed): number {
  const place = incumbent.indexOf(playbook) + 1;
  const before = incumbent.slice(0, place);
  const chance = believed(beliefs, ORDER_SETTING);
  const after = (id: string, failed: readonly string[]) => chance(id, [...before, ...failed]);
  return expectedTtr(incumbent.slice(place), after, ORDER_SETTING.person_s);
}
