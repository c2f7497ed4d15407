/** One thing looked at. `notice`: worth knowing, nothing is broken. */
export interface Finding {
  readonly about: string;
  readonly state: 'good' | 'notice' | 'bad';
  readonly text: string;
  /** The command that mends it. */
  readonly mend?: string;
}

/** A command about these very logs, wherever the shell it is pasted into stands. */
export type Mend = (words: string, why?: string) => string;
