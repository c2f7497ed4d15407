import type { LogName } from '../../src/core/journal/log-files.js';
import { ACTION } from '../../src/core/records/audit-actions.js';
import { isJsonObject, type JsonObject } from '../../src/core/records/json.js';

/** The bytes of each log, file by file, oldest first. */
export type Logs = Readonly<Record<LogName, readonly Buffer[]>>;

export interface Line {
  readonly log: LogName;
  readonly ordinal: number;
  readonly offset: number;
  readonly bytes: Buffer;
  readonly terminated: boolean;
  /** `undefined` when it is no JSON object. */
  readonly record: JsonObject | undefined;
}

const known = new WeakMap<Logs, Partial<Record<LogName, Line[]>>>();

/** The lines of all its files. */
export function linesOf(logs: Logs, log: LogName): readonly Line[] {
  const of = known.get(logs) ?? {};
  known.set(logs, of);
  of[log] ??= logs[log].flatMap((file, ordinal) => linesIn(log, ordinal, file));
  return of[log];
}

/** Lines of the audit log that a note can cover: those that are ended. */
export function sealable(logs: Logs): readonly Line[] {
  return linesOf(logs, 'audit').filter(({ terminated }) => terminated);
}

function linesIn(log: LogName, ordinal: number, file: Buffer): Line[] {
  const lines: Line[] = [];
  for (let offset = 0; offset < file.length; ) {
    const lf = file.indexOf(0x0a, offset);
    const end = lf === -1 ? file.length : lf;
    const bytes = file.subarray(offset, end);
    lines.push({ log, ordinal, offset, bytes, terminated: lf !== -1, record: parsed(bytes) });
    offset = end + 1;
  }
  return lines;
}

function parsed(bytes: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export interface Range {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

export function isIn(ranges: readonly Range[], line: number): boolean {
  return ranges.some(({ from, to }) => line >= from && line < to);
}

/** Lines of the audit log that some entry declares to be data only; one that was itself declared so declares nothing. */
export function foreignRanges(logs: Logs): readonly Range[] {
  const ranges: Range[] = [];
  for (const [i, { record }] of [...sealable(logs).entries()].toReversed()) {
    if (record?.action !== ACTION.foreignLinesSealed || !isJsonObject(record.metadata) || isIn(ranges, i)) continue;
    const from = Number(record.metadata.first_line) - 1;
    ranges.push({ from, to: from + Number(record.metadata.lines) });
  }
  return ranges;
}
