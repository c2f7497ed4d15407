import { ACTION } from '../../core/records/audit-actions.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import { foldArms } from './fold-arms.js';
import { foldOutcome } from './fold-outcome.js';
import { foldUpdate } from './fold-update.js';
import type { LearnState } from './learn-state.js';

/** As much of an entry as is learned from. */
export type LearnerEntry = Pick<ControlEntry, 'action' | 'subject' | 'entry_id' | 'decision' | 'metadata'>;

/** The state after one more of the learner's entries. What is unknown or malformed changes nothing. */
export function foldEntry(state: LearnState, entry: LearnerEntry): LearnState {
  switch (entry.action) {
    case ACTION.outcomeLearned:
      return foldOutcome(state, entry);
    case ACTION.learningArms:
      return foldArms(state, entry);
    case ACTION.configUpdate:
      return foldUpdate(state, entry);
    default:
      return state;
  }
}
