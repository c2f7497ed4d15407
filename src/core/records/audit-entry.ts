import type { Checked } from './checked.js';
import { instant, shortText, text, wrong } from './fields.js';
import { isJsonObject, type JsonObject } from './json.js';
import { compactInstant } from './time.js';

/** One line of `immutable_audit.jsonl`: exactly these 7 keys, as in the old system. */
export interface AuditEntry {
  /** `log_<1-based line>_<YYYYMMDDHHMMSSffffff>`. Old ids restart at every boot and are opaque. */
  entry_id: string;
  timestamp: string;
  actor: string;
  action: string;
  resource: string;
  decision: JsonObject;
  metadata: JsonObject;
}

/** An entry before the ledger gives it its place and time. */
export type AuditDraft = Omit<AuditEntry, 'entry_id' | 'timestamp'>;

/** Bytes without the LF. Longer lines of other programs are read up to the reader's own bound. */
export const MAX_AUDIT_LINE_BYTES = 65_535;

export function readAuditEntry(v: JsonObject): Checked<AuditEntry> {
  const problem =
    shortText(v, 'entry_id') ??
    instant(v, 'timestamp', false) ??
    text(v, 'actor') ??
    text(v, 'action') ??
    (typeof v.resource === 'string' ? undefined : wrong(v, 'resource', 'a text')) ??
    (isJsonObject(v.decision) ? undefined : wrong(v, 'decision', 'an object')) ??
    (isJsonObject(v.metadata) ? undefined : wrong(v, 'metadata', 'an object'));
  return problem === undefined ? { ok: true, record: v as unknown as AuditEntry } : { ok: false, reason: problem };
}

export function entryId(line: number, ms: number): string {
  return `log_${line}_${compactInstant(ms)}`;
}
