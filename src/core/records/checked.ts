/** A record that passed the edge, or why it did not. */
export type Checked<T> = { readonly ok: true; readonly record: T } | { readonly ok: false; readonly reason: string };
