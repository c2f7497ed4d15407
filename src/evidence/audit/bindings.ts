import { readLines } from '../../core/journal/line-reader.js';
import { ACTION } from '../../core/records/audit-actions.js';
import { readAuditEntry } from '../../core/records/audit-entry.js';
import { parseStrict } from '../../core/records/strict-json.js';
import type { Binding } from './incident-check.js';

/** A part of a file that holds whole lines, some of which may vouch for incident lines. */
export interface BindingRange {
  readonly fd: number;
  readonly start: number;
  readonly end: number;
  /** Index of its first line. */
  readonly first: number;
}

const NEEDLE = Buffer.from(`"action":"${ACTION.incidentSnapshot}"`);

/** Every entry in the range that vouches for an incident line; `isOurs` leaves out what other programs wrote. */
export function bindingsIn(
  { fd, start, end, first }: BindingRange,
  isOurs: (line: number) => boolean,
  onBinding: (binding: Binding) => void,
): void {
  let line = first;
  readLines(fd, start, end, {
    line: (bytes) => {
      const at = line++;
      const binding = bytes.includes(NEEDLE) && isOurs(at) ? bindingOf(bytes, at + 1) : undefined;
      if (binding) onBinding(binding);
    },
    tooLong: () => void line++,
  });
}

function bindingOf(bytes: Buffer, line: number): Binding | undefined {
  const parsed = parseStrict(bytes);
  const read = parsed.ok ? readAuditEntry(parsed.value) : parsed;
  if (!read.ok || read.record.action !== ACTION.incidentSnapshot) return undefined;
  const { offset, length, sha256 } = read.record.metadata;
  if (typeof sha256 !== 'string' || !isCount(offset) || !isCount(length)) return undefined;
  return { line, incident_id: read.record.resource, offset, length, sha256 };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
