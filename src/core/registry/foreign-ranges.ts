import { readLines } from '../journal/line-reader.js';
import { ACTION } from '../records/audit-actions.js';
import { readAuditEntry } from '../records/audit-entry.js';
import { parseStrict } from '../records/strict-json.js';

/** Lines that were sealed as another program's; counted from the first line that was scanned. */
export interface ForeignRange {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** What an entry at line `at` says. */
export interface NamedRange extends ForeignRange {
  readonly at: number;
}

/** One file of the audit log by itself; its lines are counted from its first. */
export interface ScannedFile {
  readonly lines: number;
  /** In the order of the file. */
  readonly named: readonly NamedRange[];
  readonly stated: readonly StatedFirst[];
}

/** An entry at line `at` of a file says how many lines of the log come before its first. */
export interface StatedFirst {
  readonly at: number;
  readonly first: number;
}

/** As grace writes them: keys in one order, no blanks. */
const NEEDLE = Buffer.from(`"action":"${ACTION.foreignLinesSealed}"`);
const PLACES = [ACTION.logRotated, ACTION.logAdopted].map((action) => Buffer.from(`"action":"${action}"`));

/**
 * Finds the entries that name foreign lines, before those lines are folded: the entry always comes after them. One that
 * itself stands in a foreign range was made up, so the last one is believed first.
 */
export class ForeignScan {
  #lines = 0;
  readonly #named: NamedRange[] = [];
  readonly #stated: StatedFirst[] = [];

  /** What was seen so far, as of one file. */
  get seen(): ScannedFile {
    return { lines: this.#lines, named: this.#named, stated: this.#stated };
  }

  /** The next bytes of the log, in order, file by file, `most` lines of them. Returns where it got to. */
  scan(fd: number, from: number, to: number, most = Number.POSITIVE_INFINITY): number {
    let left = most;
    let end = from;
    const read = readLines(fd, from, to, {
      line: (bytes, offset) => {
        if (left-- <= 0) return;
        end = offset + bytes.length + 1;
        this.#look(bytes);
      },
      tooLong: (offset, length) => {
        if (left-- <= 0) return;
        end = offset + length + 1;
        this.#lines++;
      },
    });
    return left < 0 ? end : Math.max(read, from);
  }

  ranges(): ForeignRange[] {
    return genuineRanges(this.#named);
  }

  #look(bytes: Buffer): void {
    const at = this.#lines++;
    const range = bytes.includes(NEEDLE) ? rangeNamedBy(bytes, at) : undefined;
    if (range) this.#named.push(range);
    const first = PLACES.some((needle) => bytes.includes(needle)) ? firstStatedBy(bytes, at) : undefined;
    if (first !== undefined) this.#stated.push({ at, first });
  }
}

/**
 * How many lines of the log come before the file in which this entry is line `at`: a rotation says so, and so does the sealing
 * of the log, which counts the lines before itself. Believed if the entry's own number agrees.
 */
function firstStatedBy(line: Buffer, at: number): number | undefined {
  const parsed = parseStrict(line);
  const read = parsed.ok ? readAuditEntry(parsed.value) : parsed;
  if (!read.ok) return undefined;
  const { action, entry_id, metadata } = read.record;
  const before = action === ACTION.logRotated ? metadata.first_line : metadata.lines;
  if (typeof before !== 'number' || !Number.isSafeInteger(before)) return undefined;
  const first = action === ACTION.logRotated ? before - 1 : before - at;
  return first >= 0 && ownNumber(entry_id) === first + at + 1 ? first : undefined;
}

function ownNumber(entry_id: string): number {
  return Number(/^log_(\d{1,15})_/.exec(entry_id)?.[1]);
}

/** The range that an entry at line `at` names; `undefined` when it names none. */
export function rangeNamedBy(line: Buffer, at: number): NamedRange | undefined {
  const parsed = parseStrict(line);
  const read = parsed.ok ? readAuditEntry(parsed.value) : parsed;
  if (!read.ok || read.record.action !== ACTION.foreignLinesSealed) return undefined;
  const { first_line, lines } = read.record.metadata;
  const own = ownNumber(read.record.entry_id);
  if (typeof first_line !== 'number' || typeof lines !== 'number') return undefined;
  // By their distance from the entry: it stays the same when older files of the log are gone.
  const from = at - (own - first_line);
  const isRange = Number.isSafeInteger(from) && Number.isSafeInteger(lines) && lines > 0 && from + lines <= at;
  return isRange ? { at, from, to: from + lines } : undefined;
}

/** `named` in the order of the log. An entry in a range that a later one names was made up by another program. */
export function genuineRanges(named: readonly NamedRange[]): ForeignRange[] {
  const genuine: ForeignRange[] = [];
  for (const { at, from, to } of named.toReversed()) {
    if (!genuine.some((range) => at >= range.from && at < range.to)) genuine.push({ from, to });
  }
  return genuine;
}
