import type { JsonObject } from '../../core/records/json.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import { type Change, isSameSetting, type ProposedKind, readChange, type Setting } from '../governance/change.js';
import type { Proposal } from '../governance/proposal.js';

/** A change that a person is to be asked for. */
export interface Wanted extends Change {
  readonly kind: ProposedKind;
  /** Why it is not applied by itself. */
  readonly why: string;
  readonly numbers: JsonObject;
  readonly seed: string | null;
  /** Besides what every proposal has in its metadata. */
  readonly more?: JsonObject;
}

/** What a tick has to say about one thing that can be changed. */
export interface Wish {
  readonly kind: ProposedKind;
  readonly check: string;
  readonly playbook: string | null;
  readonly wanted: Wanted | undefined;
  /** Why an open proposal about it is to be withdrawn; undefined: it may stay. */
  readonly whyNot: (open: Proposal) => string | undefined;
}

export const MOVED = 'what holds has changed since';
export const UNWANTED = 'it is no longer what is wanted';

/** Waits as near as this are one and the same to a person, as a share: they move with every observation. */
const NEAR = 0.1;

export function isLike(one: Setting, other: Setting): boolean {
  if (typeof one !== 'number' || typeof other !== 'number') return isSameSetting(one, other);
  return Math.abs(one - other) <= NEAR * Math.max(one, other);
}

/** Whether a person has said no to it, and it starts from where it started then. */
export function isRejected(
  rejected: readonly ControlEntry[],
  kind: ProposedKind,
  { check, playbook, from, to }: Change,
): boolean {
  return rejected.some(({ decision }) => {
    const change = decision.kind === kind ? readChange(decision) : undefined;
    if (change === undefined || change.check !== check || change.playbook !== playbook) return false;
    return isSameSetting(change.from, from) && isLike(change.to, to);
  });
}
