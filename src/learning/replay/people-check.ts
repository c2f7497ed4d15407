import { ACTION } from '../../core/records/audit-actions.js';
import type { JsonObject } from '../../core/records/json.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import { asJson, type Setting } from '../governance/change.js';
import type { Version } from '../governance/version.js';
import type { Difference } from './deviation.js';
import { broken, difference, differences } from './differences.js';

const CHANGE = ['kind', 'check', 'playbook', 'from', 'to'] as const;

/** What was proposed, and what people have said of it. Holds the open ones, of which there are few, and the last approval. */
export class PeopleCheck {
  readonly #open = new Map<string, ControlEntry>();
  #approved: { readonly by: ControlEntry; readonly proposal: ControlEntry } | undefined;
  #last = 0;
  /** Proposals so far. */
  proposals = 0;

  proposed(entry: ControlEntry): Difference[] {
    const { subject, decision } = entry;
    const number = decision.proposal;
    this.proposals += 1;
    this.#open.set(subject, entry);
    const wanted = typeof number === 'number' && number > this.#last ? number : this.#last + 1;
    this.#last = Math.max(this.#last, wanted);
    return [...difference('decision.proposal', number, wanted), ...difference('resource', subject, `p${wanted}`)];
  }

  /** Approved, rejected or withdrawn: once, as it was proposed, by who may. */
  decided(entry: ControlEntry): Difference[] {
    const { subject, action, actor, decision } = entry;
    const proposal = this.#open.get(subject);
    if (proposal === undefined) return [broken('resource', subject, 'no proposal of that name was open')];
    this.#open.delete(subject);
    this.#approved = action === ACTION.changeApproved ? { by: entry, proposal } : undefined;
    const { proposal: number, ...change } = proposal.decision;
    const found = differences(decision, { proposal: number, ...changeOf(change) }, 'decision.');
    const isPersons = action !== ACTION.changeWithdrawn;
    if (isPersons === isPerson(actor)) return found;
    return [...found, broken('actor', actor, isPersons ? 'a person decides that' : 'the learner withdraws')];
  }

  /**
   * A version that the learner has not made: it makes what the same person has just approved, or goes back to what a version
   * had replaced. `undone`: that version, where it is known; `stands`: what holds.
   */
  version(entry: ControlEntry, undone: Version | undefined, stands: Setting | undefined): Difference[] {
    const { actor, decision, metadata } = entry;
    const approved = this.#approved;
    this.#approved = undefined;
    if (!isPerson(actor)) return [broken('actor', actor, 'the learner or a person makes versions')];
    const begins = [
      ...difference('decision.account', decision.account, actor),
      ...(stands === undefined ? [] : difference('decision.from', decision.from, asJson(stands))),
    ];
    if (decision.kind === 'rollback') {
      const back = undone === undefined ? {} : { check: undone.check, to: asJson(undone.from) };
      return [...begins, ...differences(decision, { reason: 'person', proposal: null, ...back }, 'decision.')];
    }
    if (approved?.by.actor !== actor || approved.by.subject !== decision.proposal) {
      return [
        ...begins,
        broken('decision.proposal', decision.proposal, `${actor} has approved no such change just before`),
      ];
    }
    const { numbers, seed } = approved.proposal.metadata;
    return [
      ...begins,
      ...differences(decision, changeOf(approved.proposal.decision), 'decision.'),
      ...differences(metadata, { numbers, seed }, 'metadata.'),
    ];
  }

  /** Anything else that was written: what was approved before it is no longer just before. */
  other(): void {
    this.#approved = undefined;
  }
}

export function isPerson(actor: string): boolean {
  return actor.startsWith('operator:') && actor.length > 'operator:'.length;
}

function changeOf(decision: JsonObject): JsonObject {
  return Object.fromEntries(
    CHANGE.flatMap((field) => {
      const value = decision[field];
      return value === undefined ? [] : [[field, value]];
    }),
  );
}
