import { listSegments } from '../journal/segments.js';
import { cutShort } from './cut-short.js';
import { newestOwnNote } from './newest-own-note.js';
import { NoteFile } from './note-file.js';
import { samePlace } from './same-place.js';
import { TreeFiles } from './tree-files.js';
import { positionOf } from './trusted-end.js';
import { verifierKeys } from './verifier-keys.js';

/**
 * Why the next record would be refused, as far as it shows without reading the log: `undefined` when nothing is seen.
 * `sealedAs` is the origin that the log itself names. Writes nothing.
 */
export function whyRefused(dir: string, sealedAs: string | undefined): string | undefined {
  const vkey = verifierKeys(dir).at(-1);
  const notes = vkey && NoteFile.open(dir, 'read');
  if (!vkey || !notes) return undefined;
  try {
    const newest = newestOwnNote(notes, dir, vkey);
    if (newest?.ok === false) return newest.why;
  } finally {
    notes.close();
  }
  if (sealedAs !== undefined && sealedAs !== vkey.name) {
    return `it is the seal of ${vkey.name}, and the log says that it was sealed as ${sealedAs}`;
  }
  return whatIsCut(dir);
}

function whatIsCut(dir: string): string | undefined {
  const position = positionOf(dir);
  const tree = position && TreeFiles.open(dir, 'r');
  if (!position || !tree) return undefined;
  try {
    const { dev, ino, bytes } = position.audit;
    const file = listSegments(dir, 'audit').find((segment) => segment.dev === dev && segment.ino === ino);
    const isWhole = file ? file.size >= bytes : samePlace(dir, tree, position) !== undefined;
    return isWhole ? undefined : cutShort(dir, tree, position);
  } finally {
    tree.close();
  }
}
