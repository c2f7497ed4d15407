/** Where a line stands. */
export interface LinePlace {
  readonly ordinal: number;
  readonly position: number;
  readonly length: number;
  /** 1-based, over all files of the log. */
  readonly line: number;
  /** It was sealed as another program's. */
  readonly foreign: boolean;
}

/** Folds the lines of one log into rows. */
export interface LineFold {
  /** `undefined`, or why the line is to be quarantined (then it has left no other row). */
  fold(bytes: Buffer, place: LinePlace): string | undefined;
  /** Rows added to the tallied tables since the last call; called once before each commit. */
  takeTallies(): Record<string, number>;
}
