import type Database from 'better-sqlite3';
import type { AttemptOutcome, IncidentStatus, Origin } from '../../records/incident.js';
import { INCIDENT_IN_WINDOW, type Window } from './evidence-window.js';

/** Incidents that are alike in all that a report counts by. Flags are 0 or 1. */
export interface IncidentGroup {
  readonly origin: Origin;
  readonly status: IncidentStatus;
  readonly verified: number;
  /** 1: an action is recorded. */
  readonly acted: number;
  /** How it was resolved; old lines do not say. */
  readonly resolution: string | null;
  readonly failure_mode: string;
  readonly playbook_id: string | null;
  readonly n: number;
  readonly lines: number;
  readonly duplicates: number;
  readonly relapses: number;
}

/** One passage of an incident into `resolved`. Seconds; `null` where none are recorded. */
export interface Recovery {
  readonly origin: Origin;
  readonly verified: number;
  readonly acted: number;
  readonly resolution: string | null;
  readonly failure_mode: string;
  readonly playbook_id: string | null;
  readonly mttr_seconds: number | null;
  readonly confirm_s: number | null;
  readonly decide_s: number | null;
  readonly act_s: number | null;
  readonly verify_s: number | null;
}

export interface NamedIncident {
  readonly incident_id: string;
  readonly detected_at: string;
  readonly failure_mode: string;
}

/** 1 where the audit log says that somebody was told of it. */
export interface FailedIncident extends NamedIncident {
  readonly told: number;
}

export interface LastDrill extends NamedIncident {
  readonly status: IncidentStatus;
  readonly verified: number;
  readonly resolution: string | null;
}

/** Remedies that were granted and are alike. */
export interface AttemptGroup {
  readonly origin: Origin;
  readonly playbook_id: string;
  /** `null`: it has not ended. */
  readonly outcome: AttemptOutcome | null;
  /** 1: a person passed over a rail that held. */
  readonly forced: number;
  readonly n: number;
}

/** What counting lines, whatever they say, comes to. */
export interface LineSums {
  readonly lines: number;
  /** Written by the old system. */
  readonly old: number;
  readonly resolved: number;
  readonly successful: number;
  /** Of the resolved lines that state a time to recover. */
  readonly mttr_mean_s: number | null;
  readonly mttr_least_s: number | null;
  readonly mttr_most_s: number | null;
}

export interface IncidentFacts {
  readonly groups: readonly IncidentGroup[];
  readonly recoveries: readonly Recovery[];
  readonly attempts: readonly AttemptGroup[];
  /** Episodes in which a person was asked for. */
  readonly escalated: readonly { readonly origin: Origin; readonly episodes: number }[];
  /** Real ones, oldest first. */
  readonly open: readonly NamedIncident[];
  /** Real ones, newest first. */
  readonly failed: readonly FailedIncident[];
  readonly last_drill: LastDrill | null;
  readonly line_sums: LineSums;
}

export function incidentFacts(db: Database.Database, window: Window): IncidentFacts {
  return {
    groups: db.prepare<Window, IncidentGroup>(GROUPS).all(window),
    recoveries: db.prepare<Window, Recovery>(RECOVERIES).all(window),
    attempts: db.prepare<Window, AttemptGroup>(ATTEMPTS).all(window),
    escalated: db.prepare<Window, { origin: Origin; episodes: number }>(ESCALATED).all(window),
    open: db.prepare<[], NamedIncident>(OPEN).all(),
    failed: db.prepare<Window, FailedIncident>(FAILED).all(window),
    last_drill: db.prepare<Window, LastDrill>(LAST_DRILL).get(window) ?? null,
    line_sums: db.prepare<Window, LineSums>(LINE_SUMS).get(window) ?? NO_LINES,
  };
}

const NO_LINES: LineSums = {
  ...{ lines: 0, old: 0, resolved: 0, successful: 0 },
  ...{ mttr_mean_s: null, mttr_least_s: null, mttr_most_s: null },
};

const GROUPS = `
  SELECT origin, status, verified, acted, resolution, failure_mode, playbook_id,
         count(*) AS n, sum(lines) AS lines, sum(duplicates) AS duplicates, sum(relapses) AS relapses
  FROM incidents WHERE ${INCIDENT_IN_WINDOW}
  GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7`;

const RECOVERIES = `
  SELECT origin, verified, acted, resolution, failure_mode, playbook_id,
         mttr_seconds, confirm_s, decide_s, act_s, verify_s
  FROM recoveries WHERE @since IS NULL OR detected_at >= @since`;

const ATTEMPTS = `
  SELECT incidents.origin, claims.playbook_id, outcome, forced, count(*) AS n
  FROM claims JOIN incidents USING (incident_id) WHERE ${INCIDENT_IN_WINDOW}
  GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`;

const ESCALATED = `
  SELECT origin, count(*) AS episodes FROM (
    SELECT DISTINCT incidents.origin AS origin, subject,
           (SELECT max(line) FROM controls AS began
            WHERE began.subject = asked.subject AND +began.action = 'incident_opened' AND began.line < asked.line) AS episode
    FROM controls AS asked JOIN incidents ON incidents.incident_id = asked.subject
    WHERE asked.action = 'incident_escalated' AND (${INCIDENT_IN_WINDOW}))
  GROUP BY 1 ORDER BY 1`;

const OPEN = `
  SELECT incident_id, detected_at, failure_mode FROM incidents
  WHERE origin = 'real' AND status IN ('detected', 'remediating')
  ORDER BY detected_at, incident_id`;

// The list of actions stands as in the index.
const FAILED = `
  SELECT incident_id, detected_at, failure_mode,
         EXISTS (SELECT 1 FROM audit_entries INDEXED BY audit_entries_of_note
                 WHERE action IN ('escalated', 'incident_notified', 'log_loss_noted')
                   AND +action <> 'log_loss_noted' AND resource = incidents.incident_id AND own = 1) AS told
  FROM incidents WHERE origin = 'real' AND status = 'failed' AND ${INCIDENT_IN_WINDOW}
  ORDER BY detected_at DESC, incident_id`;

const LAST_DRILL = `
  SELECT incident_id, detected_at, failure_mode, status, verified, resolution
  FROM incidents WHERE origin = 'drill' AND ${INCIDENT_IN_WINDOW}
  ORDER BY detected_at DESC, incident_id DESC LIMIT 1`;

const LINE_SUMS = `
  SELECT count(*) AS lines,
         count(*) FILTER (WHERE old = 1) AS old,
         count(*) FILTER (WHERE line.status = 'resolved') AS resolved,
         count(*) FILTER (WHERE line.status = 'resolved' AND success = 1) AS successful,
         avg(mttr_seconds) FILTER (WHERE line.status = 'resolved') AS mttr_mean_s,
         min(mttr_seconds) FILTER (WHERE line.status = 'resolved') AS mttr_least_s,
         max(mttr_seconds) FILTER (WHERE line.status = 'resolved') AS mttr_most_s
  FROM incident_lines AS line JOIN incidents USING (incident_id)
  WHERE ${INCIDENT_IN_WINDOW}`;
