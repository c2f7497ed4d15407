import type { LogName } from '../journal/log-files.js';

/** A file of a log as far as the registry has folded it. */
export interface KnownSegment {
  readonly ordinal: number;
  readonly dev: number;
  readonly ino: number;
  readonly folded: number;
  readonly head: string;
  readonly tail: string;
}

/** A file of a log as it is on the disk now. */
export interface PresentSegment {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  /** Hashes of its ends as far as `folded` bytes; asked for only where needed. */
  fingerprintAt(folded: number): { readonly head: string; readonly tail: string };
}

/** Bytes that the registry has read and that are not there any more. */
export interface Loss {
  readonly log: LogName;
  readonly kind: 'shrunk' | 'rewritten' | 'removed';
  readonly bytes_before: number;
  readonly bytes_now: number;
  /** Hash of the last bytes that had been read: names what was lost. */
  readonly had: string;
}

export type Plan =
  | { readonly kind: 'go on'; readonly from: readonly Continuation[]; readonly rotated: boolean }
  /** Nothing is lost, but the files are others than those that were read: fold them anew. */
  | { readonly kind: 'read again'; readonly why: string }
  | { readonly kind: 'lost'; readonly losses: readonly Loss[] };

/** Where to go on in one file; `present` is its place in the list of files. */
export interface Continuation {
  readonly ordinal: number;
  readonly present: number;
  readonly folded: number;
}

/**
 * `present` holds the files oldest first; an empty new one does not count yet. Compares what was read with what is there. Files are recognised by device and inode, so a rename is followed; a file
 * that is shorter than what was read of it, or that no longer begins and ends as it did, has lost something.
 */
export function planSync(log: LogName, known: readonly KnownSegment[], present: readonly PresentSegment[]): Plan {
  const live = present.at(-1);
  const begunAnew = live && !known.some(({ dev, ino }) => dev === live.dev && ino === live.ino) ? live.size : 0;
  const used = new Set<number>();
  const losses: Loss[] = [];
  let replaced = false;
  let last = -1;
  let inOrder = true;
  const from: Continuation[] = [];

  for (const segment of known) {
    let at = present.findIndex((file) => file.dev === segment.dev && file.ino === segment.ino);
    if (at === -1) {
      at = present.findIndex((file, i) => !used.has(i) && file.size >= segment.folded && matches(file, segment));
      if (at !== -1) replaced = true;
    }
    const file = present[at];
    if (!file && segment.folded === 0) {
      replaced = true;
      continue;
    }
    if (!file) {
      losses.push(lossOf(log, 'removed', segment, begunAnew));
      continue;
    }
    used.add(at);
    if (file.size < segment.folded) losses.push(lossOf(log, 'shrunk', segment, file.size));
    else if (!matches(file, segment)) losses.push(lossOf(log, 'rewritten', segment, file.size));
    if (at < last) inOrder = false;
    last = at;
    from.push({ ordinal: segment.ordinal, present: at, folded: segment.folded });
  }

  if (losses.length > 0) return { kind: 'lost', losses };
  if (replaced) return { kind: 'read again', why: 'a file was replaced by another that begins and ends alike' };
  if (!inOrder) return { kind: 'read again', why: 'the files stand in another order' };
  const isNew = (file: PresentSegment, i: number) => !used.has(i) && file.size > 0;
  const firstNew = present.findIndex(isNew);
  if (firstNew !== -1 && firstNew < last) return { kind: 'read again', why: 'an older file has appeared' };
  let ordinal = (known.at(-1)?.ordinal ?? -1) + 1;
  const rotated = known.length > 0 && firstNew !== -1;
  present.forEach((file, i) => {
    if (isNew(file, i)) from.push({ ordinal: ordinal++, present: i, folded: 0 });
  });
  return { kind: 'go on', from, rotated };
}

function matches(file: PresentSegment, segment: KnownSegment): boolean {
  const now = file.fingerprintAt(segment.folded);
  return now.head === segment.head && now.tail === segment.tail;
}

function lossOf(log: LogName, kind: Loss['kind'], segment: KnownSegment, now: number): Loss {
  return { log, kind, bytes_before: segment.folded, bytes_now: now, had: segment.tail };
}
