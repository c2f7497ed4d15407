import type { JsonObject } from '../../core/records/json.js';
import type { EffectState } from '../effect/effect.js';
import { DECISIVE } from '../effect/thresholds.js';
import { guardBreached } from '../effect/verdict.js';
import { isOrder } from '../governance/change.js';
import { readVersion } from '../governance/version.js';
import { beliefsOf } from '../order/beliefs.js';
import { believed } from '../order/candidate.js';
import { expectedTtr } from '../order/expected-ttr.js';
import { NOTHING_SEEN } from '../order/observe.js';
import { isSameOrder, type Promotion } from '../order/promotion.js';
import { ORDER_SETTING } from '../order/setting.js';
import { own } from '../order/tally.js';
import { checkState } from '../state/check-state.js';
import type { CheckState, LearnState } from '../state/learn-state.js';
import { idsOf, type TickDraft } from './draft.js';
import type { LearnableCheck } from './facts.js';
import type { HarmBegun, News } from './news.js';
import { orderNumbers } from './numbers.js';
import { type Rollback, writeVersion } from './versions.js';

/** So many first remedies that fail in a row, each against the odds, and the order was learned of another world. */
const MOST_SURPRISES = 3;

/**
 * Going back to what its author or a person had chosen needs no grant, and is not proposed but done, whenever learning is on.
 */
const RULE = 'going back needs no grant';

/** Every check, those of grace.yaml or not, goes back to its first order when harm was shown. */
export function rollBackHarm(draft: TickDraft, { harm: begun }: News): void {
  const { effect } = draft.state;
  const harmful = effect.time.below >= DECISIVE || guardBreached(effect);
  if (!harmful && begun === undefined) return;
  const { names, everywhere } = harmed(draft.state, begun);
  const more = { everywhere, ...(harmful ? figures(effect) : {}) };
  for (const name of names) {
    const { first, version } = checkState(draft.state, name) as CheckState;
    goBack(draft, name, first, { reason: 'harm', of: version, hold: true, more });
  }
}

/** A check whose order has surprised goes back to what its version had replaced. */
export function rollBackSurprises(draft: TickDraft, check: LearnableCheck): void {
  const { surprises, version, first, incumbent } = draft.stands(check);
  if (surprises < MOST_SURPRISES || version === null) return;
  const entry = draft.facts.versions.find(({ subject }) => subject === `v${version}`);
  const made = entry && readVersion(entry);
  const listed = idsOf(check);
  // What was itself a way back leads to the author's order: to and fro would never end.
  const before = made === undefined || made.kind === 'rollback' || !isOrder(made.from) ? first : made.from;
  const to = before.length > 0 && before.every((id) => listed.includes(id)) ? before : first;
  if (isSameOrder(to, incumbent)) return;
  goBack(draft, check.name, to, { reason: 'surprises', of: version, hold: false, more: { surprises } });
}

/**
 * Those with another order than the first to serve or to try. Where nothing of the kind is left, all that may still change:
 * some of them did the harm, and as long as nothing is rolled back the series does not end.
 */
function harmed({ checks }: LearnState, begun: HarmBegun | undefined) {
  const known = Object.keys(checks)
    .sort()
    .flatMap((name) => {
      const stands = own(checks, name);
      return stands === undefined || stands.first.length === 0 || isDone(name, stands, begun) ? [] : [{ name, stands }];
    });
  const strays = known.filter(
    ({ stands: { first, incumbent, candidate } }) => !isSameOrder(incumbent, first) || !isSameOrder(candidate, first),
  );
  const everywhere = begun?.everywhere ?? strays.length === 0;
  const meant = everywhere ? known.filter(({ stands }) => !stands.held) : strays;
  return { everywhere, names: meant.map(({ name }) => name) };
}

/** Rolled back by the tick that was cut off, or decided by a person since. */
function isDone(name: string, { version }: CheckState, begun: HarmBegun | undefined): boolean {
  return begun !== undefined && (begun.checks.has(name) || (version ?? 0) > begun.version);
}

function goBack(draft: TickDraft, name: string, to: readonly string[], rollback: Rollback): void {
  const check = draft.facts.checks.find((one) => one.name === name);
  const stands = checkState(draft.state, name) as CheckState;
  const from = stands.incumbent;
  writeVersion(draft, check ?? { playbooks: [] }, {
    ...{ kind: 'rollback', check: name, playbook: null, from, to },
    ...{ rule: RULE, numbers: check ? numbersOf(draft.state, check, stands, to) : {}, seed: null, rollback },
  });
}

function numbersOf(state: LearnState, check: LearnableCheck, stands: CheckState, to: readonly string[]): JsonObject {
  const { incumbent: from, outcomes, outcomes_at_change } = stands;
  const listed = idsOf(check);
  if (![...from, ...to].every((id) => listed.includes(id))) return {};
  const beliefs = beliefsOf(own(state.modes, check.mode) ?? NOTHING_SEEN, check.target, check.playbooks, ORDER_SETTING);
  const chance = believed(beliefs, ORDER_SETTING);
  const [candidate_s, incumbent_s] = [to, from].map((order) => expectedTtr(order, chance, ORDER_SETTING.person_s));
  const promotion = { promote: true, better: null, candidate_s, incumbent_s } as Promotion;
  return orderNumbers({ beliefs, to, promotion, incidents: outcomes - outcomes_at_change }, ORDER_SETTING);
}

function figures({ incidents, time, bad }: EffectState): JsonObject {
  return { harm: { incidents, e_slower: time.below, e_worse: bad.below } };
}
