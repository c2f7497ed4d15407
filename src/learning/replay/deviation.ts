import type { ControlEntry } from '../../core/registry/queries/control.js';

/** What an entry says, and what follows from the rest of the log: not the same. */
export interface Deviation {
  readonly line: number;
  readonly entry_id: string;
  readonly action: string;
  readonly subject: string;
  /** What it is about: a field as the entry has it, such as `decision.to`, or a rule. */
  readonly field: string;
  readonly says: string;
  readonly follows: string;
}

/** One thing in which an entry is not what follows; texts, short enough for a line. */
export interface Difference {
  readonly field: string;
  readonly says: string;
  readonly follows: string;
}

export function deviationOf({ line, entry_id, action, subject }: ControlEntry, difference: Difference): Deviation {
  return { line, entry_id, action, subject, ...difference };
}
