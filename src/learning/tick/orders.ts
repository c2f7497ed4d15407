import { isOrder, isSameSetting } from '../governance/change.js';
import type { Proposal } from '../governance/proposal.js';
import { isSameOrder } from '../order/promotion.js';
import { ORDER_SETTING } from '../order/setting.js';
import { type Assessed, contest } from './assess.js';
import type { TickDraft } from './draft.js';
import type { LearnableCheck } from './facts.js';
import { type May, mayReorder } from './may.js';
import { orderNumbers } from './numbers.js';
import { writeVersion } from './versions.js';
import { isRejected, MOVED, UNWANTED, type Wanted, type Wish } from './wish.js';

/** Promotes the candidate of a check where it is surely better and may be; else says what a person is to be asked for. */
export function decideOrder(draft: TickDraft, check: LearnableCheck): Wish[] {
  const assessed = draft.assessed(check);
  const { stands, candidate, beliefs, incidents, seed } = assessed;
  const promotion = contest(assessed, candidate, stands.incumbent);
  if (!promotion.promote) return [orderWish(check, assessed, undefined), dropWish(draft, check, assessed)];
  const change = { check: check.name, playbook: null, from: stands.incumbent, to: candidate };
  const numbers = orderNumbers({ beliefs, to: candidate, promotion, incidents }, ORDER_SETTING);
  const may = mayServe(draft, check, assessed);
  if (!may.allowed) {
    const wanted = { ...change, kind: 'order', why: may.why, numbers, seed } as const;
    return [orderWish(check, assessed, wanted), dropWish(draft, check, assessed)];
  }
  writeVersion(draft, check, { ...change, kind: 'order', rule: may.rule, numbers, seed });
  const after = draft.assessed(check);
  return [orderWish(check, after, undefined), dropWish(draft, check, after)];
}

/** Whether the candidate may be applied without a person, and so may be tried too. */
export function mayServe({ facts }: TickDraft, check: LearnableCheck, { stands, candidate }: Assessed): May {
  const { incumbent: from } = stands;
  const change = { check: check.name, playbook: null, from, to: candidate };
  if (isRejected(facts.rejected, 'order', change)) return { allowed: false, why: 'a person has rejected it' };
  return mayReorder(facts, check, stands, from, candidate);
}

function orderWish(check: LearnableCheck, assessed: Assessed, wanted: Wanted | undefined): Wish {
  const whyNot = ({ from, to }: Proposal) => {
    if (!isSameSetting(from, assessed.stands.incumbent)) return MOVED;
    return isStillGood(assessed, isOrder(to) ? to : []) ? undefined : UNWANTED;
  };
  return { kind: 'order', check: check.name, playbook: null, wanted, whyNot };
}

/**
 * An open proposal stays while it is expected to be better than what holds, and nothing is surely better than it: the last
 * places of the best order change with nearly every incident, and nobody wants to decide a proposal that is gone tomorrow.
 */
function isStillGood(assessed: Assessed, to: readonly string[]): boolean {
  const { incumbent } = assessed.stands;
  if (to.length !== incumbent.length || !to.every((id) => incumbent.includes(id))) return false;
  const { candidate_s, incumbent_s } = contest(assessed, to, incumbent);
  return candidate_s < incumbent_s && !contest(assessed, assessed.candidate, to).promote;
}

/** Leaves out what only delays the person, the others staying as they are: another order is another matter. */
function dropWish({ facts }: TickDraft, check: LearnableCheck, assessed: Assessed): Wish {
  const { stands, cut, beliefs, incidents, seed } = assessed;
  const from = stands.incumbent;
  const to = from.filter((id) => !cut.includes(id));
  const promotion = contest(assessed, to, from);
  const whyNot = (open: Proposal) => {
    if (!isSameSetting(open.from, from)) return MOVED;
    const stays = isSameSetting(open.to, to) && promotion.candidate_s < promotion.incumbent_s;
    return stays ? undefined : UNWANTED;
  };
  const about = { kind: 'drop', check: check.name, playbook: null } as const;
  const may = mayReorder(facts, check, stands, from, to);
  if (isSameOrder(to, from) || !promotion.promote || may.allowed) return { ...about, wanted: undefined, whyNot };
  const numbers = orderNumbers({ beliefs, to, promotion, incidents }, ORDER_SETTING);
  return { ...about, wanted: { ...about, from, to, why: may.why, numbers, seed }, whyNot };
}
