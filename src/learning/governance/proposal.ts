import type { ControlEntry } from '../../core/registry/queries/control.js';
import {
  type Change,
  isProposedKind,
  isWhole,
  NEEDS,
  type NeededGrant,
  type ProposedKind,
  readChange,
  readNumber,
  textOr,
} from './change.js';

/** A change that needs a person, as its `change_proposed` entry has it. */
export interface Proposal extends Change {
  /** `p3`. */
  readonly id: string;
  readonly number: number;
  readonly kind: ProposedKind;
  readonly needs: NeededGrant;
  /** Why it was not applied by itself. */
  readonly why: string;
  readonly entry: ControlEntry;
}

/** `undefined` for what cannot be decided on: it is not whole, or names a grant that is not the one of its kind. */
export function readProposal(entry: ControlEntry): Proposal | undefined {
  const { subject, decision } = entry;
  const { kind, needs } = decision;
  const number = readNumber('p', subject, decision.proposal);
  const change = readChange(decision);
  if (number === undefined || change === undefined || !isProposedKind(kind) || needs !== NEEDS[kind]) return undefined;
  const whole = isWhole(kind === 'wait' ? 'wait' : NEEDS[kind] === 'reorder' ? 'order' : 'text', change);
  return whole
    ? { ...change, ...{ id: subject, number, kind, entry }, needs: NEEDS[kind], why: textOr(decision.why) ?? '' }
    : undefined;
}
