/** The options by which a command finds its logs. */
export interface WhereOptions {
  readonly logs?: string;
  readonly config?: string;
}

/** Those of a command that writes, too. */
export interface WritingOptions extends WhereOptions {
  readonly key?: string;
}
