import type { Proposal } from '../governance/proposal.js';
import { kept } from '../order/kept.js';
import { own } from '../order/tally.js';
import { chooseWait, NO_WAITS } from '../waits/waits.js';
import { type Assessed, nextStepAfter } from './assess.js';
import type { TickDraft } from './draft.js';
import type { LearnableCheck, LearnablePlaybook } from './facts.js';
import { type May, mayWait } from './may.js';
import type { News } from './news.js';
import { waitNumbers } from './numbers.js';
import { writeVersion } from './versions.js';
import { isLike, isRejected, MOVED, UNWANTED, type Wish } from './wish.js';

/** Where the author has set no bounds, what is proposed lies within a quarter and four times the author's wait. */
const WIDEST = 4;

/** Changes the waits after the remedies that are served, where it may; else says what a person is to be asked for. */
export function decideWaits(draft: TickDraft, check: LearnableCheck, news: News): Wish[] {
  const assessed = draft.assessed(check);
  const served = check.playbooks.filter(({ id }) => assessed.stands.incumbent.includes(id));
  return served.map((playbook) => decideWait(draft, check, playbook, assessed, news));
}

function decideWait(
  draft: TickDraft,
  check: LearnableCheck,
  playbook: LearnablePlaybook,
  assessed: Assessed,
  news: News,
): Wish {
  const { id, within_s } = playbook;
  const { waits, waited, held } = assessed.stands;
  const from = own(waits, id) ?? within_s;
  const about = { kind: 'wait', check: check.name, playbook: id } as const;
  const { least_s, most_s } = playbook.bounds ?? { least_s: kept(within_s / WIDEST), most_s: kept(within_s * WIDEST) };
  // Each observation moves a wait by one step: without a new one it only comes back into bounds that were set since.
  const observed = news.isObserved(check.name, id);
  if (!observed && from >= least_s && from <= most_s) {
    return { ...about, wanted: undefined, whyNot: (open) => (open.from === from ? undefined : MOVED) };
  }
  const next_step_s = nextStepAfter(id, assessed);
  const seen = observed ? (own(waited, id) ?? NO_WAITS) : NO_WAITS;
  const chosen = chooseWait(seen, { wait_s: from, min_s: least_s, max_s: most_s, next_step_s });
  // Whoever set no bounds is not asked to wait longer after what has never helped.
  const isIdle = playbook.bounds === null && chosen.reason === 'wider' && chosen.given_up === chosen.observed;
  const to = isIdle ? from : chosen.wait_s;
  const whyNot = (open: Proposal) => {
    if (open.from !== from) return MOVED;
    return to !== from && isLike(open.to, to) ? undefined : UNWANTED;
  };
  if (to === from) return { ...about, wanted: undefined, whyNot };
  const numbers = waitNumbers(chosen, to, next_step_s);
  const may: May = isRejected(draft.facts.rejected, 'wait', { check: check.name, playbook: id, from, to })
    ? { allowed: false, why: 'a person has rejected it' }
    : mayWait(draft.facts, playbook, held, to);
  if (!may.allowed) return { ...about, wanted: { ...about, from, to, why: may.why, numbers, seed: null }, whyNot };
  writeVersion(draft, check, { ...about, from, to, rule: may.rule, numbers, seed: null });
  return { ...about, wanted: undefined, whyNot: () => MOVED };
}
