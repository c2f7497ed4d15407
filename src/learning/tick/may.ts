import { overtaking } from '../serving/riskier.js';
import type { CheckState } from '../state/learn-state.js';
import type { LearnableCheck, LearnablePlaybook, TickFacts } from './facts.js';

/** What allows the learner a change by itself, or every reason why it needs a person. */
export type May = { readonly allowed: true; readonly rule: string } | { readonly allowed: false; readonly why: string };

type Governed = Pick<TickFacts, 'governance'>;

export function mayReorder(
  facts: Governed,
  check: LearnableCheck,
  { held }: Pick<CheckState, 'held'>,
  from: readonly string[],
  to: readonly string[],
): May {
  const reasons = general(facts, 'reorder', held);
  if (!isPermutation(from, to)) reasons.push('adding or dropping a playbook needs a person');
  else reasons.push(...overtaking(check.playbooks, from, to));
  return judged(reasons, `${facts.governance.may.reorder.rule}: no playbook overtakes one of lower risk`);
}

export function mayWait(facts: Governed, playbook: LearnablePlaybook, held: boolean, to: number): May {
  const reasons = general(facts, 'wait', held);
  const { bounds, id } = playbook;
  if (bounds === null) reasons.push(`grace.yaml sets no bounds (at_least, at_most) for the wait after ${id}`);
  else if (to < bounds.least_s || to > bounds.most_s) {
    reasons.push(`the wait is outside the bounds of ${bounds.least_s} to ${bounds.most_s} s`);
  }
  return judged(reasons, `${facts.governance.may.wait.rule}: inside the bounds of grace.yaml`);
}

function general({ governance: { mode, may } }: Governed, grant: 'reorder' | 'wait', held: boolean): string[] {
  const reasons: string[] = [];
  if (mode !== 'apply') reasons.push(`learning.mode is ${mode}`);
  if (!may[grant].allowed) reasons.push(`the account learner may not ${grant}: ${may[grant].rule}`);
  if (held) reasons.push('it was rolled back here, and no person has approved an order since');
  return reasons;
}

function judged(reasons: readonly string[], rule: string): May {
  return reasons.length === 0 ? { allowed: true, rule } : { allowed: false, why: reasons.join('; ') };
}

function isPermutation(from: readonly string[], to: readonly string[]): boolean {
  const ids = new Set(to);
  return from.length === to.length && ids.size === to.length && from.every((id) => ids.has(id));
}
