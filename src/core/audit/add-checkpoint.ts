/** The body of an `add-checkpoint` request, C2SP tlog-witness: a checkpoint, and that it goes on from an older one. */

import { decodeBase64 } from './base64.js';
import { HASH_BYTES } from './hash.js';
import { parseDecimal } from './tree-size.js';

/** As the specification has it. */
const MOST_HASHES = 63;

export interface AddCheckpoint {
  /** Leaves of the older tree; 0: there is none. */
  readonly old: number;
  /** The consistency proof from the older tree, at most 63 hashes. */
  readonly proof: readonly Buffer[];
  /** The whole signed note, verbatim. */
  readonly note: string;
}

export function formatAddCheckpoint({ old, proof, note }: AddCheckpoint): string {
  return `${[`old ${old}`, ...proof.map((hash) => hash.toString('base64')), ''].join('\n')}\n${note}`;
}

export function isAddCheckpoint(text: string): boolean {
  return text.startsWith('old ');
}

/** `line` counts from 1. The note is not looked at. */
export type AddCheckpointRead =
  | { readonly ok: true; readonly request: AddCheckpoint }
  | { readonly ok: false; readonly line: number; readonly reason: string };

export function parseAddCheckpoint(text: string): AddCheckpointRead {
  const gap = text.indexOf('\n\n');
  const [first = '', ...hashes] = (gap === -1 ? text : text.slice(0, gap)).split('\n');
  const old = isAddCheckpoint(first) ? parseDecimal(first.slice('old '.length)) : undefined;
  if (old === undefined) return { ok: false, line: 1, reason: 'no valid old size' };
  const proof: Buffer[] = [];
  for (const [i, text] of hashes.entries()) {
    const hash = decodeBase64(text);
    if (hash?.length !== HASH_BYTES) return { ok: false, line: 2 + i, reason: 'not a hash of the consistency proof' };
    if (proof.push(hash) > MOST_HASHES) return { ok: false, line: 2 + i, reason: `more than ${MOST_HASHES} hashes` };
  }
  if (gap === -1) return { ok: false, line: 2 + hashes.length, reason: 'no empty line before the checkpoint' };
  return { ok: true, request: { old, proof, note: text.slice(gap + 2) } };
}
