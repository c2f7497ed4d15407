/** `need` of the last `of` probes, the present one among them. */
export interface ConfirmRule {
  readonly need: number;
  readonly of: number;
}

export type Confirmation = 'confirmed' | 'undecided' | 'dismissed';

/**
 * A single bad probe is no failure yet. Only `critical` counts: a warning is no outage, and a check that could not run
 * says nothing.
 */
export function confirm(history: readonly string[], { need, of }: ConfirmRule): Confirmation {
  const window = history.slice(-of);
  const bad = window.filter((status) => status === 'critical').length;
  if (bad >= need) return 'confirmed';
  // What is still to come may be bad altogether; if even that is too little, the failure has gone.
  return bad + (of - window.length) >= need ? 'undecided' : 'dismissed';
}
