import { ACTION } from '../../core/records/audit-actions.js';
import type { AuditDraft } from '../../core/records/audit-entry.js';
import type { JsonObject } from '../../core/records/json.js';
import { clockOf } from '../../core/records/moment.js';
import { checkState, newCheckState } from '../state/check-state.js';
import { foldEntry } from '../state/fold.js';
import type { CheckState, LearnState } from '../state/learn-state.js';
import { type Assessed, assess } from './assess.js';
import type { LearnableCheck, LearnablePlaybook, TickFacts } from './facts.js';

/** The newest `learning_arms` of a check, written or about to be. */
export type StandingEntry = Pick<AuditDraft, 'decision' | 'metadata'>;

/** A plan in the making: what is to be written so far, and what then stands. */
export class TickDraft {
  readonly facts: TickFacts;
  readonly entries: AuditDraft[] = [];
  readonly said = {
    ...{ applied: [] as string[], proposed: [] as string[] },
    ...{ rolled_back: [] as string[], withdrawn: [] as string[] },
  };
  #state: LearnState;
  readonly #arms: Map<string, StandingEntry>;
  readonly #next: { version: number; proposal: number };
  readonly #assessed = new Map<string, { readonly state: LearnState; readonly assessed: Assessed }>();

  constructor(facts: TickFacts) {
    this.facts = facts;
    this.#state = facts.state;
    this.#arms = new Map(facts.arms.map((entry) => [entry.subject, entry]));
    this.#next = { ...facts.next };
  }

  get state(): LearnState {
    return this.#state;
  }

  arms(check: string): StandingEntry | undefined {
    return this.#arms.get(check);
  }

  /** What holds for a check; as in grace.yaml where nothing is known of it. */
  stands(check: LearnableCheck): CheckState {
    const known = checkState(this.#state, check.name);
    return known !== undefined && known.first.length > 0
      ? known
      : { ...newCheckState(idsOf(check)), ...carried(known) };
  }

  /** What is believed of a check, as of what is written so far. */
  assessed(check: LearnableCheck): Assessed {
    const known = this.#assessed.get(check.name);
    if (known?.state === this.#state) return known.assessed;
    const assessed = assess(check, this.stands(check), this.#state);
    this.#assessed.set(check.name, { state: this.#state, assessed });
    return assessed;
  }

  nextVersion(): number {
    return this.#next.version++;
  }

  nextProposal(): number {
    return this.#next.proposal++;
  }

  /** An entry by the learner. Numbers are as of before it; the state is folded on. */
  write(action: string, resource: string, decision: JsonObject, metadata: JsonObject): void {
    this.add({ actor: 'learner', action, resource, decision, metadata: { ...metadata, ...clockOf(this.facts.now) } });
  }

  add(entry: AuditDraft): void {
    const { action, resource, decision, metadata } = entry;
    this.entries.push(entry);
    if (action === ACTION.learningArms) this.#arms.set(resource, entry);
    // Its id is not known before it is written, and nothing of the state rests on it.
    this.#state = foldEntry(this.#state, { action, subject: resource, entry_id: '', decision, metadata });
  }
}

export function idsOf({ playbooks }: LearnableCheck): string[] {
  return playbooks.map(({ id }) => id);
}

/** Names a playbook of a check. */
export function slotOf(check: string, playbook: string): string {
  return JSON.stringify([check, playbook]);
}

export function playbooksAsWritten(playbooks: readonly LearnablePlaybook[]): JsonObject[] {
  return playbooks.map(({ bounds, ...playbook }) => ({ ...playbook, bounds: bounds && { ...bounds } }));
}

/** Of a check of which outcomes are known and its first order is not. */
function carried(known: CheckState | undefined): Partial<CheckState> {
  if (known === undefined) return {};
  const { waits, waited, outcomes, outcomes_at_change, surprises, held } = known;
  return { waits, waited, outcomes, outcomes_at_change, surprises, held };
}
