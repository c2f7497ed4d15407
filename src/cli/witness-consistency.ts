import type { Checkpoint } from '../core/audit/checkpoint.js';
import { consistencyProof, rootOf, verifyConsistency } from '../core/audit/proof.js';
import { nodeFromTiles } from '../core/audit/tile.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { openTree, tilesDamaged } from '../core/seal/sealed-log.js';
import type { WitnessedLog } from '../core/seal/witness-store.js';
import { logForked, logShrank } from '../evidence/other-history.js';
import { count } from '../evidence/words.js';
import { instantOf } from './instant-of.js';
import type { Shown } from './witness-shown.js';

/** That a log goes on from what was seen of it; throws for one that shrank or forked, or of which the proof is missing. */
export function requireGoesOn(shown: Shown, last: WitnessedLog, now: Checkpoint): void {
  const source = shown.path;
  const seen = { ...last.checkpoint, at: last.at_s === undefined ? undefined : instantOf(last.at_s) };
  if (now.size < seen.size) throw logShrank({ source, seen, size: now.size, mayBeOld: shown.logs === undefined });
  // Of the empty tree every tree is a continuation, and no proof of it exists.
  if (seen.size === 0) return;
  const proof = now.size === seen.size ? [] : proofOf(shown, seen.size, now);
  const claim = { size1: seen.size, root1: seen.root, size2: now.size, root2: now.root, proof };
  if (!verifyConsistency(claim).ok) throw logForked({ source, seen, now });
}

function proofOf({ path, logs, goesOn, origin }: Shown, size: number, now: Checkpoint): readonly Buffer[] {
  if (logs) return proofFromTiles(logs.dir, size, now);
  if (goesOn?.old === size) return goesOn.proof;
  const has = goesOn ? `goes on from ${count(goesOn.old)} lines` : 'has no proof that it goes on from them';
  throw new OperatorError(
    'GRACE_WITNESS_NEEDS_PROOF',
    EXIT.usage,
    `${count(size)} lines of ${origin} were seen before, and ${path}, of ${count(now.size)}, ${has}`,
    { hint: `grace evidence checkpoint --since ${size} --export FILE   # on the log's host; then show that file` },
  );
}

function proofFromTiles(dir: string, size: number, now: Checkpoint): readonly Buffer[] {
  const tree = openTree(dir);
  try {
    const node = nodeFromTiles(now.size, tree);
    const made = consistencyProof(size, now.size, node);
    if (!made.ok) throw tilesDamaged(dir, made.reason);
    const root = rootOf(now.size, node);
    // Else a damaged file would look like a log that forked.
    if (!root.ok || !root.root.equals(now.root)) throw tilesDamaged(dir, 'they do not give the root that was signed');
    return made.proof;
  } finally {
    tree.close();
  }
}
