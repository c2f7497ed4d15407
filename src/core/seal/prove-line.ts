import { inclusionProof } from '../audit/proof.js';
import { nodeFromTiles } from '../audit/tile.js';
import { formatTlogProof, parseTlogProof, verifyTlogProof } from '../audit/tlog-proof.js';
import type { OpenTree, SealedLog } from './sealed-log.js';

export type LineProof =
  | {
      readonly ok: true;
      /** The text of a C2SP tlog-proof, verified. */
      readonly text: string;
      readonly hashes: readonly Buffer[];
    }
  /** The line is not the one that was sealed; `sealed` is the hash of that one. */
  | { readonly ok: false; readonly fault: 'line changed'; readonly sealed: Buffer }
  | { readonly ok: false; readonly fault: 'tiles damaged'; readonly reason: string };

/**
 * Proves that the line with this leaf stands at `index`, below the size of the note. The hashes on disk are not believed:
 * a proof is given only if it leads to the root that was signed.
 */
export function proveLine(log: SealedLog, tree: OpenTree, index: number, leaf: Buffer): LineProof {
  const { checkpoint, note, keys } = log;
  const node = nodeFromTiles(checkpoint.size, tree);
  const sealed = node(0, index);
  if (!sealed) return { ok: false, fault: 'tiles damaged', reason: `the hash of line ${index + 1} is missing` };
  const made = inclusionProof(checkpoint.size, index, node);
  if (!made.ok) return { ok: false, fault: 'tiles damaged', reason: made.reason };
  const text = formatTlogProof({ index, hashes: made.proof, checkpointNote: note });
  const parsed = parseTlogProof(text);
  if (!parsed.ok) throw new Error(`the proof that was just written cannot be read: ${parsed.reason}`);
  const isSigned = (hash: Buffer) => verifyTlogProof({ proof: parsed.proof, leaf: hash, verifierKeys: keys }).ok;
  if (sealed.equals(leaf) && isSigned(leaf)) return { ok: true, text, hashes: made.proof };
  if (!sealed.equals(leaf) && isSigned(sealed)) return { ok: false, fault: 'line changed', sealed };
  const reason = isSigned(leaf)
    ? `the hash of line ${index + 1} is not the one that was signed; the line is`
    : `those about line ${index + 1} do not give the root that was signed`;
  return { ok: false, fault: 'tiles damaged', reason };
}
