import type { Note, NoteSignature } from './note.js';
import { TIMESTAMPED_BYTES } from './timestamped-signature.js';

/** A cosignature as it stands in a note; whether it is by the one it names is not said. */
export interface StandingCosignature extends NoteSignature {
  /** Seconds since 1970, by the cosigner's clock; past 2^53 − 1 it is rounded. */
  readonly at_s: number;
}

/** Those with Ed25519 of C2SP tlog-cosignature, in the note's order: told from other signatures by their length. */
export function cosignaturesOf({ signatures }: Note): StandingCosignature[] {
  return signatures
    .filter(({ signature }) => signature.length === TIMESTAMPED_BYTES)
    .map((one) => ({ ...one, at_s: Number(one.signature.readBigUInt64BE()) }));
}
