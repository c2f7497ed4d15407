import { createHash } from 'node:crypto';
import { appendFileSync, statSync } from 'node:fs';
import { logPath } from '../../src/core/journal/log-files.js';
import type { AuditDraft, AuditEntry } from '../../src/core/records/audit-entry.js';
import type { Incident, IncidentCore, NewIncident } from '../../src/core/records/incident.js';
import type { Json } from '../../src/core/records/json.js';

/** An incident as the old Python system wrote it: the 13 keys, times with microseconds and without a zone. */
export function oldIncident(change: Partial<Incident> = {}): IncidentCore {
  return {
    incident_id: 'inc_20251117_164328_024197',
    detected_at: '2025-11-17T16:43:28.024197',
    resolved_at: null,
    status: 'detected',
    playbook_id: null,
    playbook_name: null,
    failure_mode: 'port_in_use',
    severity: 'high',
    mttr_seconds: null,
    actions_taken: [],
    success: false,
    error: null,
    metadata: { port: 9999 },
    ...change,
  };
}

/** An incident as grace writes it: all fields. */
export function newIncident(change: Partial<NewIncident> = {}): NewIncident {
  return {
    ...oldIncident(),
    incident_id: 'inc_new',
    detected_at: '2026-11-23T00:18:47.123Z',
    schema: 'grace.incident/1',
    host: 'db1',
    boot_id: '5c4f7a52-0f0e-4e3a-9f57-0a4f9d6a3c11',
    check: 'web',
    target: 'http://127.0.0.1:8080/health',
    origin: 'real',
    onset_at: '2026-11-23T00:18:42.001Z',
    timings: { confirm_s: 5.1, decide_s: null, act_s: null, verify_s: null },
    attempts: [],
    attempts_dropped: 0,
    verification: { status: 'unverified', by: null, passes: 0, at: null },
    resolution: 'none',
    relapses: 0,
    config_version: 'c0ffee',
    arm: null,
    propensity: null,
    trigger: { source: 'check', ref: null },
    ...change,
  };
}

/** An audit entry as the old system wrote it. */
export function oldAudit(change: Partial<AuditEntry> = {}): AuditEntry {
  return {
    entry_id: 'log_1_20251114064926259597',
    timestamp: '2025-11-14T06:49:26.259597',
    actor: 'test',
    action: 'test_boot',
    resource: 'core_system',
    decision: { status: 'testing' },
    metadata: { test: true },
    ...change,
  };
}

export function newAudit(change: Partial<AuditEntry> = {}): AuditEntry {
  return {
    entry_id: 'log_7_20261123001847123000',
    timestamp: '2026-11-23T00:18:47.123Z',
    actor: 'grace',
    action: 'drill_started',
    resource: 'port 8080',
    decision: {},
    metadata: {},
    ...change,
  };
}

/** An entry as handed to the ledger. */
export function auditDraft(change: Partial<AuditDraft> = {}): AuditDraft {
  return { actor: 'tester', action: 'test_note', resource: 'r', decision: {}, metadata: {}, ...change };
}

/** The owner of a claim; by default nobody who is alive. */
export const DEAD_OWNER = { boot_id: 'another-boot', pid: 4711, start_time: 1 };

export function claimEntry(claim: string, change: { incident_id?: string; target?: string } = {}): AuditEntry {
  const metadata = { incident_id: 'inc_new', target: 't', playbook_id: 'p', owner: DEAD_OWNER, ...change };
  return newAudit({ entry_id: claim, action: 'remedy_claimed', resource: metadata.incident_id, metadata });
}

export function claimEnd(claim: string, outcome = 'worked'): AuditEntry {
  return newAudit({ entry_id: `end-${claim}`, action: 'remedy_ended', decision: { outcome }, metadata: { claim } });
}

export function taskEntry(action: string, task_id: string, metadata: Record<string, Json> = {}): AuditEntry {
  const registration =
    action === 'task_registered' ? { task_type: 'job', subsystem: 'backup', title: `job ${task_id}` } : {};
  return newAudit({
    action,
    resource: task_id,
    metadata: { schema: 'grace.task/1', task_id, ...registration, ...metadata },
  });
}

/** A line of a log, with its LF, as grace writes it. */
export function line(record: unknown): string {
  return `${JSON.stringify(record)}\n`;
}

/** The entry by which grace vouches for an incident line that begins at this byte of its file. */
export function bindingOf(
  offset: number,
  record: { readonly incident_id: string; readonly status: string },
): AuditEntry {
  const bytes = Buffer.from(line(record)).subarray(0, -1);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return newAudit({
    entry_id: `binding-${offset}`,
    action: 'incident_snapshot',
    resource: record.incident_id,
    decision: { status: record.status },
    metadata: { offset, length: bytes.length, sha256 },
  });
}

/**
 * Appends to the incident log and vouches for it as grace does: an entry of the audit log for each record that names its
 * schema. A text is appended as it is, and nobody vouches for it.
 */
export function writeBound(dir: string, records: readonly (object | string)[]): void {
  const path = logPath(dir, 'incidents');
  let offset = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const [lines, bindings]: [string[], string[]] = [[], []];
  for (const record of records) {
    const text = typeof record === 'string' ? record : line(record);
    if (isOfGrace(record)) bindings.push(line(bindingOf(offset, record)));
    lines.push(text);
    offset += Buffer.byteLength(text);
  }
  appendFileSync(path, lines.join(''));
  if (bindings.length > 0) appendFileSync(logPath(dir, 'audit'), bindings.join(''));
}

function isOfGrace(record: object | string): record is NewIncident {
  return typeof record === 'object' && 'schema' in record;
}

/** The same spaced as Python's `json.dumps` does it. */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}: ${pythonJson(item)}`)
      .join(', ')}}`;
  }
  return JSON.stringify(value);
}
