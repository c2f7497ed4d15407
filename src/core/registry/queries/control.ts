import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import { ACTION } from '../../records/audit-actions.js';
import type { Claim } from '../../records/claim.js';
import type { AttemptOutcome, Incident } from '../../records/incident.js';
import { UnusableDatabase } from '../database.js';

/** The last snapshot of an incident, and the SHA-256 of its line, which names it as a predecessor. */
export interface KnownIncident {
  readonly record: Incident;
  readonly hash: string;
}

/** What decisions rest on, as of the last byte folded. */
export interface ControlView {
  incident(id: string): KnownIncident | undefined;
  /** The incident that an outside report with this reference opened. */
  incidentByRef(source: string, ref: string): KnownIncident | undefined;
  /** Incidents that have neither been resolved nor given up, oldest first. */
  openIncidents(): KnownIncident[];
  /** The open incident of one failure of one target. */
  openIncidentOf(target: string, failure_mode: string): KnownIncident | undefined;
  /** Claims without an end on this incident or this target. */
  openClaims(incident_id: string, target: string): Claim[];
  allOpenClaims(): Claim[];
  /** Whether some remedy on this incident was claimed and ended. */
  hasEndedClaim(incident_id: string): boolean;
  hasEntry(action: string, resource: string): boolean;
  /** The origin as which the audit log says that it was sealed last. */
  sealedAs(): string | undefined;
  /** Lines of the audit log, bad ones too; the next entry stands on the line after them. */
  auditLines(): number;
}

interface SnapshotRow {
  snapshot: string;
  line_hash: string;
}

interface ClaimRow {
  claim_id: string;
  incident_id: string;
  target: string;
  playbook_id: string;
  claimed_at: string;
  boot_id: string;
  pid_ns: string | null;
  pid: number;
  start_time: number;
  ended_at: string | null;
  outcome: AttemptOutcome | null;
}

export function controlView(db: Database.Database): ControlView {
  const byId = db.prepare<[string], SnapshotRow>('SELECT snapshot, line_hash FROM incidents WHERE incident_id = ?');
  const byRef = db.prepare<[string, string], SnapshotRow>(
    `SELECT snapshot, line_hash FROM incidents WHERE trigger_source = ? AND trigger_ref = ?
     ORDER BY incident_id LIMIT 1`,
  );
  const stillOpen = db.prepare<[], SnapshotRow>(
    `SELECT snapshot, line_hash FROM incidents WHERE status IN ('detected', 'remediating')
     ORDER BY detected_at, incident_id`,
  );
  const openOf = db.prepare<[string, string], SnapshotRow>(
    `SELECT snapshot, line_hash FROM incidents
     WHERE status IN ('detected', 'remediating') AND target = ? AND failure_mode = ?
     ORDER BY detected_at, incident_id LIMIT 1`,
  );
  const openOn = db.prepare<[string, string], ClaimRow>(
    'SELECT * FROM claims WHERE ended_at IS NULL AND (incident_id = ? OR target = ?) ORDER BY claim_id',
  );
  const open = db.prepare<[], ClaimRow>('SELECT * FROM claims WHERE ended_at IS NULL ORDER BY claim_id');
  const ended = db.prepare<[string], { found: number }>(
    'SELECT 1 AS found FROM claims WHERE incident_id = ? AND ended_at IS NOT NULL LIMIT 1',
  );
  const entry = db.prepare<[string, string], { found: number }>(
    'SELECT 1 AS found FROM audit_entries WHERE action = ? AND resource = ? AND own = 1 LIMIT 1',
  );
  // The sums first: nearly always there is none, and the entries are many.
  const wasAdopted = db.prepare<[string, string], { found: number }>(
    'SELECT 1 AS found FROM audit_sums WHERE actor = ? AND action = ? AND own = 1 LIMIT 1',
  );
  const adoption = db.prepare<[string, string], { resource: string }>(
    'SELECT resource FROM audit_entries WHERE actor = ? AND action = ? AND own = 1 ORDER BY line DESC LIMIT 1',
  );
  const lines = db.prepare<[], { n: number }>(
    "SELECT coalesce(max(first + lines), 0) AS n FROM segments WHERE log = 'audit'",
  );
  return {
    incident: (id) => known(byId.get(id)),
    incidentByRef: (source, ref) => known(byRef.get(source, ref)),
    openIncidents: () => stillOpen.all().map(parsed),
    openIncidentOf: (target, failure_mode) => known(openOf.get(target, failure_mode)),
    openClaims: (incident_id, target) => openOn.all(incident_id, target).map(claim),
    allOpenClaims: () => open.all().map(claim),
    hasEndedClaim: (incident_id) => ended.get(incident_id) !== undefined,
    hasEntry: (action, resource) => entry.get(action, resource) !== undefined,
    sealedAs: () => wasAdopted.get('grace', ACTION.logAdopted) && adoption.get('grace', ACTION.logAdopted)?.resource,
    auditLines: () => lines.get()?.n ?? 0,
  };
}

/** The same questions, each asked through `ask`, which may first see to it that the answer is of now. */
export function askedView(ask: <T>(question: (view: ControlView) => T) => T): ControlView {
  return {
    incident: (id) => ask((view) => view.incident(id)),
    incidentByRef: (source, ref) => ask((view) => view.incidentByRef(source, ref)),
    openIncidents: () => ask((view) => view.openIncidents()),
    openIncidentOf: (target, failure_mode) => ask((view) => view.openIncidentOf(target, failure_mode)),
    openClaims: (incident_id, target) => ask((view) => view.openClaims(incident_id, target)),
    allOpenClaims: () => ask((view) => view.allOpenClaims()),
    hasEndedClaim: (incident_id) => ask((view) => view.hasEndedClaim(incident_id)),
    hasEntry: (action, resource) => ask((view) => view.hasEntry(action, resource)),
    sealedAs: () => ask((view) => view.sealedAs()),
    auditLines: () => ask((view) => view.auditLines()),
  };
}

function known(row: SnapshotRow | undefined): KnownIncident | undefined {
  return row && parsed(row);
}

/** A row that is not what was folded must not decide anything: the registry is damaged, and is built again. */
function parsed(row: SnapshotRow): KnownIncident {
  const hash = createHash('sha256').update(row.snapshot).digest('hex');
  if (hash !== row.line_hash) throw new UnusableDatabase('a snapshot does not match its hash');
  return { record: JSON.parse(row.snapshot) as Incident, hash: row.line_hash };
}

function claim({ boot_id, pid_ns, pid, start_time, ...rest }: ClaimRow): Claim {
  return { ...rest, owner: { boot_id, ...(pid_ns === null ? {} : { pid_ns }), pid, start_time } };
}
