import type { ForeignRange, ScannedFile } from './foreign-ranges.js';

/** Where a file stands in the log, and how many of its lines count. */
export interface PlacedFile {
  readonly first: number;
  readonly lines: number;
}

export interface PlacedLog {
  readonly files: readonly PlacedFile[];
  /** By their place in the log. */
  readonly foreign: readonly ForeignRange[];
}

/**
 * `files` oldest first; `last` is how many lines come before the last of them, which grace remembers. From there backwards:
 * a file ends where the next one begins, and which of its lines are not ours the later ones have said. Where it then says of
 * itself that it begins earlier, lines are missing after it. Which of the lines before such a gap were another program's
 * stood in what is missing: none of them counts as ours.
 */
export function placeFiles(files: readonly ScannedFile[], last: number): PlacedLog {
  const placed: PlacedFile[] = [];
  const foreign: ForeignRange[] = [];
  const isForeign = (line: number) => foreign.some(({ from, to }) => line >= from && line < to);
  let next: number | undefined;
  for (const { lines, named, stated } of files.toReversed()) {
    let first = next === undefined ? last : next - lines;
    if (next !== undefined) {
      const believed = stated.filter(({ at }) => !isForeign(first + at)).map((one) => one.first);
      if (believed.length > 0 && !believed.includes(first)) first = believed[0] as number;
      // Whoever had not noticed the rotation went on appending to it.
      const end = Math.min(first + lines, next);
      first = Math.max(0, Math.min(first, end));
      placed.push({ first, lines: end - first });
      if (end < next) foreign.push({ from: 0, to: end });
    } else placed.push({ first, lines });
    for (const { at, from, to } of named.toReversed()) {
      if (!isForeign(first + at)) foreign.push({ from: first + from, to: first + to });
    }
    next = first;
  }
  return { files: placed.reverse(), foreign };
}
