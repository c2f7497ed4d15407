import { listSegments } from '../journal/segments.js';
import { lastLeaves } from './last-leaves.js';
import { type Position, UNKNOWN_FILE } from './position.js';
import type { TreeFiles } from './tree-files.js';

/**
 * The same place in another file: the directory was copied, or restored from a copy. Its last lines have to be the ones
 * that were written, the ones that no note covers among them.
 */
export function samePlace(dir: string, tree: TreeFiles, position: Position): Position | undefined {
  const live = listSegments(dir, 'audit').at(-1);
  const { audit, sealed } = position;
  if (!live || live.size < audit.bytes || (live.dev === audit.dev && live.ino === audit.ino)) return undefined;
  const place = { dev: live.dev, ino: live.ino, bytes: audit.bytes };
  const lines = Math.min(audit.lines - audit.first, Math.max(1, audit.lines - sealed));
  const leaves = lines > 0 ? lastLeaves(dir, place, lines) : undefined;
  const remembered = tree.leaves(audit.lines - lines, audit.lines);
  if (!leaves || !remembered?.equals(Buffer.concat(leaves))) return undefined;
  if (audit.lines - lines > sealed) return undefined;
  return { ...position, audit: { ...audit, ...place }, incidents: UNKNOWN_FILE };
}
