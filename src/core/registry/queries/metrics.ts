import type Database from 'better-sqlite3';
import type { LogName } from '../../journal/log-files.js';
import { LOG_NAMES } from '../../journal/log-files.js';
import { ACTION } from '../../records/audit-actions.js';
import type { AttemptOutcome, IncidentStatus, Origin, Severity } from '../../records/incident.js';
import { isJsonObject, type Json } from '../../records/json.js';
import type { Moment } from '../../records/moment.js';

/** What is counted over everything there is. It changes only when more of the logs has been read. */
export interface MetricSums {
  /** How far the logs were read. */
  readonly position: string;
  readonly incidents: readonly {
    readonly origin: Origin;
    readonly failure_mode: string;
    readonly severity: Severity;
    readonly n: number;
  }[];
  /** Real and verified ones that state their time to recover. */
  readonly recoveries: readonly RecoverySum[];
  /** Ended ones. */
  readonly remedies: readonly RemedySum[];
  /** How often something was held back, and by which rails. */
  readonly withheld: readonly { readonly rails: readonly string[]; readonly n: number }[];
}

export interface RecoverySum {
  readonly failure_mode: string;
  readonly n: number;
  readonly sum_s: number;
  /** How many took no longer than each of the bounds that were asked for. */
  readonly within: readonly number[];
}

export interface RemedySum {
  readonly origin: Origin;
  readonly playbook_id: string;
  readonly outcome: AttemptOutcome;
  readonly n: number;
}

/** How things stand, as far as the logs were read. */
export interface MetricState {
  /** Neither recovered nor closed. */
  readonly live: readonly { readonly origin: Origin; readonly status: IncidentStatus; readonly n: number }[];
  /** Live real ones for which a person was asked, and which nobody has acknowledged since. */
  readonly needs_person: number;
  readonly brake_on: boolean;
  /** Silences that were not ended early, newest first; they may have run out. */
  readonly silences: readonly (Moment & { readonly lasts_s: number })[];
  readonly logs: readonly { readonly log: LogName; readonly lines: number }[];
  readonly quarantined: number;
  /** When the last entry was made that is grace's own. */
  readonly last_entry_at: string | null;
}

/** A real and verified recovery. */
export interface RecentRecovery {
  readonly failure_mode: string;
  readonly mttr_seconds: number;
}

/** Of a host on which ever more silences stand. */
const MOST_SILENCES = 1000;

/** `known`, if nothing was read since. Each count is made from an index that holds all it asks for. */
export function metricSums(
  db: Database.Database,
  bounds_s: readonly number[],
  known: MetricSums | undefined,
): MetricSums {
  const position = JSON.stringify(db.prepare(POSITION).raw(true).all());
  if (known?.position === position) return known;
  return {
    position,
    incidents: db.prepare<[], MetricSums['incidents'][number]>(INCIDENTS).all(),
    recoveries: recoverySums(db, bounds_s),
    remedies: remedySums(db),
    withheld: db
      .prepare<[], { decision: string; n: number }>(WITHHELD)
      .all()
      .map(({ decision, n }) => ({ rails: railsOf(JSON.parse(decision) as Json), n })),
  };
}

export function metricState(db: Database.Database): MetricState {
  const n = (sql: string) => db.prepare<[], { n: number }>(sql).get()?.n ?? 0;
  const lines = db.prepare<[string], { n: number }>(LINES);
  return {
    live: db.prepare<[], MetricState['live'][number]>(LIVE_COUNTS).all(),
    needs_person: n(NEEDS_PERSON),
    brake_on: n(BRAKE_ON) === 1,
    silences: db
      .prepare<[], Moment & { metadata: string }>(SILENCES)
      .all()
      .map(({ metadata, ...moment }) => ({ ...moment, lasts_s: lastsOf(JSON.parse(metadata) as Json) })),
    logs: LOG_NAMES.map((log) => ({ log, lines: lines.get(log)?.n ?? 0 })),
    quarantined: n(QUARANTINED),
    last_entry_at: db.prepare<[], { at: string }>(LAST_ENTRY).get()?.at ?? null,
  };
}

export interface RecentBounds {
  /** In the registry's spelling of an instant. */
  readonly since: string;
  /** Of the newest incidents so many are looked at. */
  readonly incidents: number;
  readonly recoveries: number;
}

/** Of incidents detected since then, those of the newest incidents first. */
export function recentRecoveries(db: Database.Database, bounds: RecentBounds): RecentRecovery[] {
  return db.prepare<RecentBounds, RecentRecovery>(RECENT).all(bounds);
}

function recoverySums(db: Database.Database, bounds_s: readonly number[]): RecoverySum[] {
  const within = bounds_s.map((_bound, i) => `, count(*) FILTER (WHERE mttr_seconds <= @${i}) AS "${i}"`).join('');
  const sql = `SELECT failure_mode, count(*) AS n, sum(mttr_seconds) AS sum_s${within} FROM recoveries
               WHERE ${COUNTED} GROUP BY failure_mode`;
  const rows = db
    .prepare<[Record<string, number>], { failure_mode: string; n: number; sum_s: number } & Record<string, number>>(sql)
    .all(Object.fromEntries(bounds_s.map((bound, i) => [String(i), bound])));
  return rows.map((row) => {
    const { failure_mode, n, sum_s } = row;
    return { failure_mode, n, sum_s, within: bounds_s.map((_bound, i) => row[i] ?? 0) };
  });
}

/** A claim does not say of which origin it is. Nearly all are real, so those that are not are looked up and taken off. */
function remedySums(db: Database.Database): RemedySum[] {
  const staged = db.prepare<[], RemedySum>(STAGED_REMEDIES).all();
  const all = db.prepare<[], Omit<RemedySum, 'origin'>>(REMEDIES).all();
  const real = all.map((sum): RemedySum => {
    const same = staged.filter(
      ({ playbook_id, outcome }) => playbook_id === sum.playbook_id && outcome === sum.outcome,
    );
    return { ...sum, origin: 'real', n: same.reduce((left, { n }) => left - n, sum.n) };
  });
  return [...real.filter(({ n }) => n > 0), ...staged];
}

function railsOf(decision: Json): string[] {
  const rails = isJsonObject(decision) ? decision.rails : undefined;
  return Array.isArray(rails) ? rails.filter((rail) => typeof rail === 'string') : [];
}

function lastsOf(metadata: Json): number {
  const lasts_s = isJsonObject(metadata) ? metadata.lasts_s : undefined;
  return typeof lasts_s === 'number' ? lasts_s : 0;
}

const POSITION = 'SELECT log, ordinal, dev, ino, folded, first, lines, tail FROM segments ORDER BY log, ordinal';

// Grouped as in the index.
const INCIDENTS =
  'SELECT severity, failure_mode, origin, count(*) AS n FROM incidents GROUP BY severity, failure_mode, origin';

const COUNTED = "origin = 'real' AND verified = 1 AND mttr_seconds IS NOT NULL";

// What has ended has an outcome.
const REMEDIES =
  'SELECT playbook_id, outcome, count(*) AS n FROM claims WHERE outcome IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2';

const STAGED_REMEDIES = `
  SELECT staged.origin, claims.playbook_id, claims.outcome, count(*) AS n
  FROM incidents AS staged INDEXED BY incidents_of_kind CROSS JOIN claims USING (incident_id)
  WHERE staged.origin IN ('drill', 'simulated') AND claims.outcome IS NOT NULL
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;

const WITHHELD = `
  SELECT decision, count(*) AS n FROM controls INDEXED BY controls_withheld
  WHERE action = '${ACTION.remedyWithheld}' GROUP BY decision`;

// As it stands in the index.
const LIVE = "(status IN ('detected', 'remediating') OR (status = 'failed' AND resolution = 'none'))";

const LIVE_COUNTS = `
  SELECT origin, status, count(*) AS n FROM incidents INDEXED BY incidents_live
  WHERE ${LIVE} GROUP BY 1, 2 ORDER BY 1, 2`;

const NEEDS_PERSON = `
  SELECT count(*) AS n FROM incidents INDEXED BY incidents_live
  WHERE ${LIVE} AND origin = 'real' AND EXISTS (
    SELECT 1 FROM controls AS asked
    WHERE asked.subject = incident_id AND +asked.action = '${ACTION.incidentEscalated}'
      AND asked.line > coalesce((SELECT max(line) FROM controls AS opening
                                 WHERE opening.subject = incident_id AND +opening.action = '${ACTION.incidentOpened}'), 0)
      AND NOT EXISTS (SELECT 1 FROM controls AS seen
                      WHERE seen.subject = incident_id AND +seen.action = '${ACTION.incidentAcknowledged}'
                        AND seen.line > asked.line))`;

const BRAKE_ON = `
  SELECT coalesce((SELECT max(line) FROM controls WHERE action = '${ACTION.brakeSet}'), 0)
       > coalesce((SELECT max(line) FROM controls WHERE action = '${ACTION.brakeReleased}'), 0) AS n`;

const SILENCES = `
  SELECT at, boot_id, elapsed_s, metadata FROM controls AS begun
  WHERE action = '${ACTION.silenceStarted}' AND NOT EXISTS (
    SELECT 1 FROM controls AS over
    WHERE over.subject = begun.subject AND +over.action = '${ACTION.silenceEnded}' AND over.line > begun.line)
  ORDER BY line DESC LIMIT ${MOST_SILENCES}`;

const LINES = 'SELECT coalesce(sum(lines), 0) AS n FROM segments WHERE log = ?';

const QUARANTINED = 'SELECT count(*) AS n FROM quarantine';

const LAST_ENTRY = 'SELECT at FROM audit_entries WHERE own = 1 ORDER BY line DESC LIMIT 1';

const RECENT = `
  WITH newest AS (
    SELECT incident_id, detected_at FROM incidents
    WHERE detected_at >= @since ORDER BY detected_at DESC LIMIT @incidents)
  SELECT recoveries.failure_mode, recoveries.mttr_seconds
  FROM newest CROSS JOIN recoveries USING (incident_id)
  WHERE recoveries.origin = 'real' AND recoveries.verified = 1 AND recoveries.mttr_seconds IS NOT NULL
  ORDER BY newest.detected_at DESC, episode DESC LIMIT @recoveries`;
