import type { StepSpecs } from '../../core/config/schema/playbook-schema.js';
import { type FileId, fileKey } from './open-files.js';

/** A regular file that a glob matches. */
export interface FoundFile extends FileId {
  readonly root: string;
  /** Names of the directories from the root down to it. */
  readonly directories: readonly string[];
  readonly name: string;
  /** What it holds on the disk. */
  readonly allocated_bytes: number;
  readonly size_bytes: number;
  readonly mtime_ms: number;
  /** Names that it has. */
  readonly links: number;
}

export type FreeSpaceRules = Pick<StepSpecs['free_space'], 'older_than' | 'keep' | 'how'>;

export interface Choice {
  /** Oldest first. */
  readonly chosen: readonly FoundFile[];
  /** Old enough, but some process has them open: to delete them frees nothing, to compress them loses what is written. */
  readonly open: readonly FoundFile[];
  /** Old enough, but they have another name too, by which they stay. */
  readonly linked: readonly FoundFile[];
}

const COMPRESSED = /\.(?:gz|xz|zst|bz2|lz4|lzma|br|zip|7z|tgz|txz)$/i;

/** `open`: keys of files that some process has open. Milliseconds, UTC. */
export function chooseFiles(
  files: readonly FoundFile[],
  { older_than, keep, how }: FreeSpaceRules,
  now: number,
  open: ReadonlySet<string> = new Set(),
): Choice {
  const rank = new Map<string, number>();
  const eldestFirst = [...files].sort(
    (a, b) => a.mtime_ms - b.mtime_ms || (pathOf(a) < pathOf(b) ? -1 : pathOf(a) > pathOf(b) ? 1 : 0),
  );
  const old: FoundFile[] = [];
  for (const file of eldestFirst.toReversed()) {
    const directory = JSON.stringify([file.root, ...file.directories]);
    const newer = rank.get(directory) ?? 0;
    rank.set(directory, newer + 1);
    if (newer < keep || now - file.mtime_ms < older_than * 1000) continue;
    if (how === 'compress' && (COMPRESSED.test(file.name) || file.size_bytes === 0)) continue;
    old.push(file);
  }
  old.reverse();
  const isOpen = (file: FoundFile) => open.has(fileKey(file));
  return {
    chosen: old.filter((file) => !isOpen(file) && file.links === 1),
    open: old.filter(isOpen),
    linked: old.filter((file) => !isOpen(file) && file.links > 1),
  };
}

export function pathOf({ root, directories, name }: FoundFile): string {
  return [root.replace(/\/+$/, ''), ...directories, name].join('/');
}
