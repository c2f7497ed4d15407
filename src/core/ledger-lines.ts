import { createHash } from 'node:crypto';
import { EXIT, OperatorError } from './errors.js';
import { MAX_LINE_BYTES } from './journal/log-files.js';
import { ACTION } from './records/audit-actions.js';
import type { AuditDraft } from './records/audit-entry.js';
import type { Checked } from './records/checked.js';
import { type NewIncident, readIncident } from './records/incident.js';
import type { JsonObject } from './records/json.js';
import { parseStrict } from './records/strict-json.js';
import type { ControlView } from './registry/queries/control.js';

/** A snapshot to append, and the hash of the one it follows; `null` opens the incident. */
export interface SnapshotDraft {
  readonly record: NewIncident;
  readonly after: string | null;
}

export interface SnapshotLines {
  /** Where the first of them begins. */
  readonly offset: number;
  readonly bytes: Buffer;
  /** Entries that vouch for them, one each. */
  readonly bindings: readonly AuditDraft[];
  readonly hashes: readonly string[];
}

/** The lines of incidents.jsonl that a decision wants, and what the audit log is to say of them. `end` asks where they go. */
export function snapshotLines(view: ControlView, end: () => number, drafts: readonly SnapshotDraft[]): SnapshotLines {
  const start = drafts.length > 0 ? end() : 0;
  let offset = start;
  const lines: Buffer[] = [];
  const bindings: AuditDraft[] = [];
  const hashes: string[] = [];
  const ids = new Set<string>();
  for (const { record, after } of drafts) {
    const id = record.incident_id;
    if (ids.has(id)) throw new Error(`incident ${id} stands twice in one draft`);
    ids.add(id);
    const before = view.incident(id)?.hash ?? null;
    if (before !== after) throw new Error(`incident ${id}: decided on ${after}, the last is ${before}`);
    const line = lineOf(record, readIncident, MAX_LINE_BYTES);
    const length = line.length - 1;
    const sha256 = createHash('sha256').update(line.subarray(0, length)).digest('hex');
    lines.push(line);
    hashes.push(sha256);
    bindings.push({
      actor: 'grace',
      action: ACTION.incidentSnapshot,
      resource: id,
      decision: { status: record.status },
      metadata: { offset, length, sha256 },
    });
    offset += line.length;
  }
  return { offset: start, bytes: Buffer.concat(lines), bindings, hashes };
}

/** The bytes of a record. What would be quarantined when it is read is refused before it is written. */
export function lineOf(record: object, read: (value: JsonObject) => Checked<unknown>, maxBytes: number): Buffer {
  const line = Buffer.from(`${JSON.stringify(record)}\n`);
  if (line.length - 1 > maxBytes) throw refusedRecord(`it has ${line.length} bytes, a line may have ${maxBytes}`);
  const parsed = parseStrict(line.subarray(0, line.length - 1));
  const checked = parsed.ok ? read(parsed.value) : parsed;
  if (!checked.ok) throw refusedRecord(checked.reason);
  return line;
}

function refusedRecord(reason: string): OperatorError {
  return new OperatorError('GRACE_RECORD_REFUSED', EXIT.invalidData, `a record cannot be written: ${reason}`, {
    hint: 'nothing was written; correct what was passed in',
  });
}
