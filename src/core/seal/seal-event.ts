/** What an operator has to know about the seal; each is told once. */
export type SealEvent =
  /** The log was sealed for the first time, with a key of its own. */
  | { readonly kind: 'created'; readonly vkey: string; readonly keyFile: string; readonly lines: number }
  /** Records are kept, and no note is signed. */
  | { readonly kind: 'unsigned'; readonly verdict: 'NO KEY' | 'NO SEAL'; readonly why: string };
