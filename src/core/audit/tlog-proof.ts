/** C2SP tlog-proof: that one line is in a log, in a text that can be checked with no network and no log. */

import { decodeBase64 } from './base64.js';
import type { Checkpoint } from './checkpoint.js';
import { HASH_BYTES } from './hash.js';
import type { VerifierKey } from './keys.js';
import { parseNote } from './note.js';
import { verifyInclusion } from './proof.js';
import { type Refusal, refused } from './refusal.js';
import { type CheckpointFault, openCheckpoint } from './signed-checkpoint.js';
import { readText } from './strict-text.js';
import { parseDecimal } from './tree-size.js';

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';

/** A note at its longest, with as much again for the rest. */
const MOST_BYTES = 2_000_000;

/** A tree of 2^53 leaves is no deeper. */
const MOST_HASHES = 53;

export interface TlogProof {
  /** From 0. */
  readonly index: number;
  /** The inclusion proof, from the leaf's sibling upwards; at most 53. */
  readonly hashes: readonly Buffer[];
  /** The whole signed note, verbatim. */
  readonly checkpointNote: string;
  /** Not authenticated by anything. Not empty. */
  readonly extra?: Buffer;
}

/** What `parseTlogProof` would not read back is a bug and throws a `RangeError`. */
export function formatTlogProof({ index, hashes, checkpointNote, extra }: TlogProof): string {
  const lines = [FIRST_LINE];
  if (extra !== undefined) lines.push(`extra ${extra.toString('base64')}`);
  lines.push(`index ${index}`, ...hashes.map((hash) => hash.toString('base64')), '');
  const text = `${lines.join('\n')}\n${checkpointNote}`;
  const parsed = parseTlogProof(text);
  if (!parsed.ok) throw new RangeError(`not a proof: ${parsed.reason}`);
  return text;
}

/** Its form only: see `verifyTlogProof`. Numbers and base64 in their one canonical spelling. */
export function parseTlogProof(
  source: Uint8Array | string,
): { readonly ok: true; readonly proof: TlogProof } | Refusal {
  const read = readText(source, MOST_BYTES);
  if (!read.ok) return read;
  const gap = read.text.indexOf('\n\n');
  if (gap === -1) return refused('no empty line before the checkpoint');
  const lines = read.text.slice(0, gap).split('\n');
  const checkpointNote = read.text.slice(gap + 2);

  if (lines.shift() !== FIRST_LINE) return refused(`the first line is not ${FIRST_LINE}`);
  const extra = lines[0]?.startsWith('extra ') ? decodeBase64(lines.shift()?.slice('extra '.length) ?? '') : null;
  if (extra === undefined || extra?.length === 0) return refused('no valid extra data');
  const indexLine = lines.shift();
  const index = indexLine?.startsWith('index ') ? parseDecimal(indexLine.slice('index '.length)) : undefined;
  if (index === undefined) return refused('no valid index');
  if (lines.length > MOST_HASHES) return refused(`more than ${MOST_HASHES} hashes`);
  const hashes: Buffer[] = [];
  for (const line of lines) {
    const hash = decodeBase64(line);
    if (hash?.length !== HASH_BYTES) return refused('a line of the proof is not a hash');
    hashes.push(hash);
  }
  const note = parseNote(checkpointNote);
  if (!note.ok) return refused(`the checkpoint is not a note: ${note.reason}`);
  return { ok: true, proof: { index, hashes, checkpointNote, ...(extra === null ? {} : { extra }) } };
}

export interface TlogProofClaim {
  readonly proof: TlogProof;
  /** The leaf's hash, which the verifier computes from the line that it holds. */
  readonly leaf: Uint8Array;
  /** Keys of the log, and of cosigners. How many cosigners are enough is for the caller to say. */
  readonly verifierKeys: readonly VerifierKey[];
}

export type TlogProofVerdict =
  | { readonly ok: true; readonly checkpoint: Checkpoint; readonly signedBy: readonly VerifierKey[] }
  | { readonly ok: false; readonly fault: CheckpointFault | 'not-included'; readonly reason: string };

/** That a log whose key is known signed a tree which has the leaf at the proof's index. */
export function verifyTlogProof({ proof, leaf, verifierKeys }: TlogProofClaim): TlogProofVerdict {
  const opened = openCheckpoint(proof.checkpointNote, verifierKeys);
  if (!opened.ok) return opened;
  const { checkpoint, signedBy } = opened;
  const { size, root } = checkpoint;
  const included = verifyInclusion({ size, index: proof.index, leaf, proof: proof.hashes, root });
  if (!included.ok) return { ok: false, fault: 'not-included', reason: included.reason };
  return { ok: true, checkpoint, signedBy };
}
