import { ACTION } from '../../core/records/audit-actions.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import type { Outcome } from '../outcome/outcome.js';
import { readOutcome } from '../outcome/read-outcome.js';
import { idList, secondsBy } from '../state/entry-fields.js';
import { isSameSetting, textOr } from './change.js';
import { type Proposal, readProposal } from './proposal.js';
import { readVersion, type Version } from './version.js';

/** What became of a version. `grace.yaml`: its author has changed the list since, and the author's order counts again. */
export type VersionFate =
  | { readonly now: 'in_force' }
  | { readonly now: 'replaced' | 'rolled_back'; readonly by: string; readonly line: number }
  | { readonly now: 'grace_yaml'; readonly line: number };

export interface VersionStory extends Version {
  readonly fate: VersionFate;
}

/** What became of a proposal. */
export type ProposalFate =
  | { readonly now: 'open' }
  | {
      readonly now: 'approved' | 'rejected' | 'withdrawn';
      readonly entry: ControlEntry;
      /** `v7`, where its approval made a version. */
      readonly version: string | null;
    };

export interface ProposalStory extends Proposal {
  readonly fate: ProposalFate;
}

export interface LearnedOutcome extends Pick<ControlEntry, 'line' | 'at' | 'entry_id'> {
  readonly incident_id: string;
  readonly outcome: Outcome;
}

/** What the learner, and people about it, have written; each list oldest first. */
export interface Chronicle {
  readonly versions: readonly VersionStory[];
  readonly proposals: readonly ProposalStory[];
  readonly outcomes: readonly LearnedOutcome[];
  /** Numbers that nothing has had yet. */
  readonly next: { readonly version: number; readonly proposal: number };
}

const DECIDED: Readonly<Record<string, 'approved' | 'rejected' | 'withdrawn'>> = {
  [ACTION.changeApproved]: 'approved',
  [ACTION.changeRejected]: 'rejected',
  [ACTION.changeWithdrawn]: 'withdrawn',
};

/**
 * Of the learner's entries, oldest first; `withOutcomes` false: without what was learned from incidents, which are many. What is
 * malformed, or about nothing that is known, is left out.
 */
export function chronicleOf(entries: Iterable<ControlEntry>, withOutcomes = true): Chronicle {
  const book = new Book(withOutcomes);
  for (const entry of entries) book.take(entry);
  return {
    ...{ versions: [...book.versions.values()], proposals: [...book.proposals.values()] },
    ...{ outcomes: book.outcomes, next: book.next },
  };
}

class Book {
  readonly versions = new Map<string, VersionStory>();
  readonly proposals = new Map<string, ProposalStory>();
  readonly outcomes: LearnedOutcome[] = [];
  readonly next = { version: 1, proposal: 1 };
  /** Ids of the versions in force, by what they change. */
  readonly #standing = new Map<string, string>();
  /** The author's order, by check. */
  readonly #first = new Map<string, readonly string[]>();
  readonly #withOutcomes: boolean;

  constructor(withOutcomes: boolean) {
    this.#withOutcomes = withOutcomes;
  }

  take(entry: ControlEntry): void {
    const { action, subject, line, at, entry_id } = entry;
    if (action === ACTION.outcomeLearned) {
      const outcome = this.#withOutcomes ? readOutcome(entry) : undefined;
      if (outcome) this.outcomes.push({ line, at, entry_id, incident_id: subject, outcome });
    } else if (action === ACTION.configUpdate) this.#update(entry);
    else if (action === ACTION.learningArms) this.#arms(entry);
    else if (action === ACTION.changeProposed) this.#propose(entry);
    else if (Object.hasOwn(DECIDED, action)) this.#decide(entry);
  }

  #update(entry: ControlEntry): void {
    const version = readVersion(entry);
    // A number is given once; who writes it again changes nothing.
    if (version === undefined || this.versions.has(version.id)) return;
    const slot = slotOf(version.check, version.playbook);
    const isUndone = version.rolls_back !== null && version.rolls_back === this.#standing.get(slot);
    this.#end(slot, { now: isUndone ? 'rolled_back' : 'replaced', by: version.id, line: entry.line });
    this.versions.set(version.id, { ...version, fate: { now: 'in_force' } });
    this.#standing.set(slot, version.id);
    this.next.version = Math.max(this.next.version, version.number + 1);
    const proposal = this.proposals.get(version.proposal ?? '');
    if (proposal?.fate.now !== 'approved') return;
    this.proposals.set(proposal.id, { ...proposal, fate: { ...proposal.fate, version: version.id } });
  }

  /** Also tells what has ceased to hold because its author has changed grace.yaml. */
  #arms({ subject: check, decision, line }: ControlEntry): void {
    const first = idList(decision.first);
    const waits = secondsBy(decision.waits);
    if (first === undefined || waits === undefined) return;
    // The version itself may stand in a file that is gone.
    const { version } = decision;
    if (Number.isSafeInteger(version)) this.next.version = Math.max(this.next.version, Number(version) + 1);
    const before = this.#first.get(check);
    this.#first.set(check, first);
    const isChanged = before !== undefined && !isSameSetting(before, first);
    if (isChanged || version === null) this.#end(slotOf(check, null), { now: 'grace_yaml', line });
    for (const one of this.versions.values()) {
      if (one.check !== check || one.playbook === null || Object.hasOwn(waits, one.playbook)) continue;
      if (one.fate.now === 'in_force') this.#end(slotOf(check, one.playbook), { now: 'grace_yaml', line });
    }
  }

  #end(slot: string, fate: VersionFate): void {
    const before = this.versions.get(this.#standing.get(slot) ?? '');
    if (before) this.versions.set(before.id, { ...before, fate });
    this.#standing.delete(slot);
  }

  #propose(entry: ControlEntry): void {
    const proposal = readProposal(entry);
    if (proposal === undefined || this.proposals.has(proposal.id)) return;
    this.proposals.set(proposal.id, { ...proposal, fate: { now: 'open' } });
    this.next.proposal = Math.max(this.next.proposal, proposal.number + 1);
  }

  #decide(entry: ControlEntry): void {
    const proposal = this.proposals.get(entry.subject);
    const now = DECIDED[entry.action];
    if (proposal?.fate.now !== 'open' || now === undefined) return;
    this.proposals.set(proposal.id, { ...proposal, fate: { now, entry, version: null } });
  }
}

/** The version of an order, or of a playbook's wait, that holds; `undefined`: what grace.yaml says. */
export function inForce(chronicle: Chronicle, check: string, playbook: string | null): VersionStory | undefined {
  return chronicle.versions.findLast(
    (one) => one.check === check && one.playbook === playbook && one.fate.now === 'in_force',
  );
}

/** Why a proposal is open no more: what the entry that ended it says. */
export function reasonOf(fate: ProposalFate): string | null {
  return fate.now === 'open' ? null : (textOr(fate.entry.decision.reason) ?? null);
}

function slotOf(check: string, playbook: string | null): string {
  return JSON.stringify([check, playbook]);
}
