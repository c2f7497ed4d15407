import { type Belief, type Beliefs, beliefAbout, chanceOf, costOf, evidenceOf } from './beliefs.js';
import { drawBeta } from './beta.js';
import { believed } from './candidate.js';
import { expectedTtr } from './expected-ttr.js';
import { seededRandom } from './random.js';
import type { OrderSetting } from './setting.js';

export interface Contest {
  readonly beliefs: Beliefs;
  readonly candidate: readonly string[];
  readonly incumbent: readonly string[];
  /** Real incidents since the order last changed. */
  readonly incidents: number;
  /** The same seed, the same answer: name what is decided, such as the mode, the target and the incident. */
  readonly seed: string;
}

/** Whether the candidate is to take the place of the incumbent, and the numbers behind it. */
export interface Promotion {
  readonly promote: boolean;
  /** The share of draws in which the candidate recovers sooner; `null` where it was not asked. */
  readonly better: number | null;
  readonly candidate_s: number;
  readonly incumbent_s: number;
}

export function shouldPromote(contest: Contest, setting: OrderSetting): Promotion {
  const { beliefs, candidate, incumbent, incidents } = contest;
  const mean = believed(beliefs, setting);
  const candidate_s = expectedTtr(candidate, mean, setting.person_s);
  const incumbent_s = expectedTtr(incumbent, mean, setting.person_s);
  if (incidents < setting.least_incidents || isSameOrder(candidate, incumbent)) {
    return { promote: false, better: null, candidate_s, incumbent_s };
  }
  const better = shareBetter(contest, setting);
  return { promote: better >= setting.sure, better, candidate_s, incumbent_s };
}

export function isSameOrder(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((id, place) => id === other[place]);
}

/**
 * One draw for each playbook and both orders: what is uncertain about a playbook is the same wherever it stands, and the
 * orders are compared in the same world. What had failed before it shifts the odds drawn by as much as those believed.
 */
function shareBetter({ beliefs, candidate, incumbent, seed }: Contest, setting: OrderSetting): number {
  const random = seededRandom(seed);
  const first = placesOf(candidate, beliefs, setting);
  const second = placesOf(incumbent, beliefs, setting);
  let better = 0;
  for (let i = 0; i < setting.draws; i++) {
    const odds = new Map(
      beliefs.playbooks.map((id) => {
        const { s, f } = beliefAbout(beliefs, id).total;
        return [id, oddsOf(drawBeta(s + 1, f + 1, random))] as const;
      }),
    );
    const ttr = (order: readonly string[], places: Places) =>
      expectedTtr(order, (id) => drawnAt(places.get(id), odds.get(id)), setting.person_s);
    if (ttr(candidate, first) < ttr(incumbent, second)) better += 1;
  }
  return better / setting.draws;
}

/** What is known of each playbook at its place in an order; `shift` multiplies the odds of success. */
type Places = ReadonlyMap<string, { readonly belief: Belief; readonly shift: number }>;

function placesOf(order: readonly string[], beliefs: Beliefs, setting: OrderSetting): Places {
  const places = order.map((id, place) => {
    const belief = beliefAbout(beliefs, id);
    const here = chanceOf(evidenceOf(belief, order.slice(0, place), setting));
    return [id, { belief, shift: oddsOf(here) / oddsOf(chanceOf(belief.total)) }] as const;
  });
  return new Map(places);
}

function drawnAt(place: { belief: Belief; shift: number } | undefined, odds: number | undefined) {
  if (place === undefined || odds === undefined) throw new Error('no belief about a playbook of the order');
  const shifted = place.shift * odds;
  const p = shifted / (1 + shifted);
  return { p, cost_s: costOf(place.belief, p) };
}

/** Finite, for p = 1 too. */
function oddsOf(p: number): number {
  return p / Math.max(1 - p, Number.EPSILON);
}
