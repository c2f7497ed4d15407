import type { Checkpoint } from '../../core/audit/checkpoint.js';
import type { StreamedNote } from '../../core/audit/checkpoint-stream.js';
import type { VerifierKey } from '../../core/audit/keys.js';
import { verifyNote } from '../../core/audit/note.js';
import { rootOf } from '../../core/audit/proof.js';
import { nodeFromTiles } from '../../core/audit/tile.js';
import { rememberedTree } from '../../core/seal/sealed-log.js';
import { eachNote } from './each-note.js';
import type { NoteFindings } from './facts.js';

/**
 * Every note that was ever signed: by a known key, each at least as large as the one before, each with the root that the
 * remembered hashes give at its size. Those hashes are held against the log by whoever calls this.
 */
export function examineNotes(
  dir: string,
  newest: Checkpoint,
  keys: readonly VerifierKey[],
  onProgress: (done: number, total: number) => void,
): NoteFindings {
  const tree = rememberedTree(dir);
  let notes = 0;
  let bad = 0;
  let unchecked = 0;
  let firstBad: string | null = null;
  let before = 0;
  const refuse = (why: string) => {
    bad++;
    firstBad ??= `note ${notes}: ${why}`;
  };
  const nodes = tree && nodeFromTiles(newest.size, tree);
  const look = ({ checkpoint, note }: StreamedNote) => {
    notes++;
    const { size, root } = checkpoint;
    const verdict = verifyNote(note, keys);
    const found = nodes && size <= newest.size ? rootOf(size, nodes) : undefined;
    if (!verdict.ok) refuse(verdict.reason);
    else if (size < before) refuse(`it covers ${size} lines, the one before ${before}`);
    else if (size > newest.size || (found?.ok && !found.root.equals(root)))
      refuse(`the log has no such root at ${size} lines`);
    else if (!found?.ok) unchecked++;
    before = Math.max(before, size);
  };
  try {
    const stray_bytes = eachNote(dir, newest.origin, look, onProgress);
    return { notes, bad, first_bad: firstBad, unchecked, stray_bytes };
  } finally {
    tree?.close();
  }
}
