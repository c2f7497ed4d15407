/** The options by which a command finds its logs. */
export interface WhereOptions {
  readonly logs?: string;
  readonly config?: string;
}
