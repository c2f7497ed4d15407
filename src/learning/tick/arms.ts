import { ACTION } from '../../core/records/audit-actions.js';
import type { JsonObject } from '../../core/records/json.js';
import { effectVerdict } from '../effect/verdict.js';
import { beliefsOf } from '../order/beliefs.js';
import { believed } from '../order/candidate.js';
import { kept } from '../order/kept.js';
import { NOTHING_SEEN } from '../order/observe.js';
import { isSameOrder } from '../order/promotion.js';
import { ORDER_SETTING } from '../order/setting.js';
import { own } from '../order/tally.js';
import { readArms } from '../serving/choose-order.js';
import { checkState } from '../state/check-state.js';
import type { CheckState, LearnState } from '../state/learn-state.js';
import { canonical } from '../state/state-hash.js';
import { playbooksAsWritten, type TickDraft } from './draft.js';
import type { LearnableCheck, TickFacts } from './facts.js';
import type { News } from './news.js';
import { mayServe } from './orders.js';

/** The share of the holdout once it is proven that learning helps. */
const PROVEN_HOLDOUT = 0.1;

/** Writes what is served from now on, if that is anything else than what stands. */
export function settleArms(draft: TickDraft, check: LearnableCheck, news: News): void {
  const stands = draft.stands(check);
  const before = draft.arms(check.name);
  const served = { ...stands, candidate: servedCandidate(draft, check, stands) };
  // Of a check of which nothing was learned and where nothing is to be tried, grace.yaml says it all.
  if (before === undefined && stands.outcomes === 0 && isFirst(served)) return;
  const decision = armsOf(draft.state, draft.facts, check, served);
  if (before !== undefined) {
    const isSaid = canonical({ ...decision, p: null }) === canonical({ ...before.decision, p: null });
    const about = aboutCheck(check);
    const isOfToday = Object.entries(about).every(
      ([key, value]) => canonical(before.metadata[key]) === canonical(value),
    );
    const isBelieved = !news.isOf(check.name) || canonical(decision.p) === canonical(before.decision.p);
    if (isSaid && isOfToday && isBelieved) return;
  }
  writeArms(draft, check, served);
}

/** Of a check that is not learned about: only what it went back to is said, for the day on which it is again. */
export function settleOptedOut(draft: TickDraft, check: LearnableCheck): void {
  const before = readArms(draft.arms(check.name)?.decision);
  const stands = checkState(draft.state, check.name);
  if (before === undefined || stands === undefined || isSameOrder(before.incumbent, stands.incumbent)) return;
  writeArms(draft, check, { ...stands, candidate: stands.incumbent });
}

export function writeArms(draft: TickDraft, check: LearnableCheck, served: CheckState): void {
  draft.write(ACTION.learningArms, check.name, armsOf(draft.state, draft.facts, check, served), {
    ...{ check: check.name, ...aboutCheck(check) },
    outcomes: draft.state.outcomes,
  });
}

/** What is tried beside the incumbent: only what might be applied without asking anybody. */
function servedCandidate(draft: TickDraft, check: LearnableCheck, stands: CheckState): readonly string[] {
  if (!check.learn || check.playbooks.length < 2) return stands.incumbent;
  const assessed = draft.assessed(check);
  return mayServe(draft, check, assessed).allowed ? assessed.candidate : stands.incumbent;
}

function isFirst({ first, incumbent, candidate, waits }: CheckState): boolean {
  return isSameOrder(incumbent, first) && isSameOrder(candidate, first) && Object.keys(waits).length === 0;
}

function armsOf(state: LearnState, facts: TickFacts, check: LearnableCheck, served: CheckState): JsonObject {
  const { first, incumbent, candidate, version, waits } = served;
  return {
    ...{ first: [...first], incumbent: [...incumbent], candidate: [...candidate], version },
    ...{ holdout: holdoutOf(state, facts), waits: { ...waits }, p: chancesOf(state, check) },
  };
}

function holdoutOf({ effect }: LearnState, { governance: { holdout } }: TickFacts): number {
  const { verdict } = effectVerdict(effect, { reproducible: true });
  return verdict === 'PASS' ? Math.min(holdout, PROVEN_HOLDOUT) : holdout;
}

/** The chance of each playbook when it is tried first. */
function chancesOf(state: LearnState, { mode, target, playbooks }: LearnableCheck): Record<string, number> {
  const beliefs = beliefsOf(own(state.modes, mode) ?? NOTHING_SEEN, target, playbooks, ORDER_SETTING);
  const chance = believed(beliefs, ORDER_SETTING);
  return Object.fromEntries(playbooks.map(({ id }) => [id, kept(chance(id, []).p)]));
}

function aboutCheck({ target, mode, playbooks }: LearnableCheck): JsonObject {
  return { target, mode, playbooks: playbooksAsWritten(playbooks) };
}
