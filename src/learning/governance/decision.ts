import type { AuditDraft } from '../../core/records/audit-entry.js';
import type { JsonObject } from '../../core/records/json.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import type { LearnState } from '../state/learn-state.js';
import type { Chronicle } from './chronicle.js';
import type { Today } from './why-stale.js';

/** Who decides, and what allows it. */
export interface By {
  /** `operator:anna`. */
  readonly account: string;
  /** What says that the account may. */
  readonly rule: string;
  /** What goes into the metadata of every entry; ends with the clock. */
  readonly facts: JsonObject;
  /** In the person's own words. */
  readonly reason: string | null;
}

/** Everything the decision of a person rests on. Data only, read under the lock. */
export interface DecisionFacts {
  readonly chronicle: Chronicle;
  /** As of the last of the learner's entries. */
  readonly state: LearnState;
  /** The newest `learning_arms` of the check, if there is one. */
  readonly arms: Pick<ControlEntry, 'decision' | 'metadata'> | undefined;
  readonly today: Today;
  readonly by: By;
}

/** What is to be written, or why nothing is. */
export type Decision =
  | { readonly ok: true; readonly entries: readonly AuditDraft[]; readonly version: string | null }
  | { readonly ok: false; readonly why: string };

export function refused(why: string): Decision {
  return { ok: false, why };
}
