import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import { ACTION } from '../../records/audit-actions.js';
import type { Claim } from '../../records/claim.js';
import type { Incident, Origin } from '../../records/incident.js';
import { ageOf, type Moment, type Now } from '../../records/moment.js';
import { UnusableDatabase } from '../database.js';
import {
  type ClaimRow,
  type ControlEntry,
  type ControlRow,
  claim,
  control,
  type PlacedClaim,
  placed,
} from './control-rows.js';
import { type EpisodeRecord, learningQueries } from './episodes.js';
import { type AuditGap, auditGaps } from './health.js';

export type { ControlEntry, PlacedClaim };

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
  /** The last incident of one failure of one target, whatever became of it. */
  lastIncidentOf(target: string, failure_mode: string, origin: Origin): KnownIncident | undefined;
  /** Real incidents that have neither recovered nor been closed, the most severe first, and of these the newest. */
  liveIncidents(limit: number): KnownIncident[];
  /** Claims without an end on this incident or this target. */
  openClaims(incident_id: string, target: string): Claim[];
  allOpenClaims(): Claim[];
  /** What was ever claimed on a target, newest first. */
  recentClaims(target: string, limit: number): PlacedClaim[];
  claimsOf(incident_id: string, limit: number): PlacedClaim[];
  /** Claims that have not ended, and of the newest `limit` those that were granted less than `within_s` ago. */
  youngClaims(bounds: { readonly now: Now; readonly within_s: number; readonly limit: number }): PlacedClaim[];
  /** Whether any remedy was claimed after that line of the audit log, on whatever target. */
  hasClaimAfter(line: number): boolean;
  /** The entries of one action, newest first. */
  recentControls(action: string, limit: number): ControlEntry[];
  /**
   * When incidents of that origin were opened, or opened again, after that line of the audit log; newest first. Of the newest
   * `limit` those that are younger than `within_s`.
   */
  recentOpenings(
    origin: Origin,
    after: number,
    bounds: { readonly now: Now; readonly within_s: number; readonly limit: number },
  ): OpeningMoment[];
  /** The newest entry of one action about one subject. */
  lastControl(action: string, subject: string): ControlEntry | undefined;
  /** Of real incidents that are live, what a channel has not taken yet; the most severe first, and of these the oldest. */
  newsOfLive(wanted: NewsWanted, limit: number): ControlEntry[];
  /** Escalations that outlast a recovery: nobody has seen them, and no remedy has mended it since. Newest first. */
  bearable(limit: number, incident_id?: string): ControlEntry[];
  /** The newest entry that says that this was taken: by that channel, or by any. */
  taken(told: Told): ControlEntry | undefined;
  /** What was begun, taken or refused of this, newest first. */
  tellingsOf(told: Told, limit: number): ControlEntry[];
  /** What a channel was told of, and how that went, newest first. */
  tellingsBy(by: string, limit: number): ControlEntry[];
  /** Silences that have neither run out nor been ended, newest first: all of them, however many others there were. */
  silences(now: Now): ControlEntry[];
  /** How many incidents {@link liveIncidents} would give without a limit. */
  liveCount(): number;
  /** Whether some remedy on this incident was claimed and ended. */
  hasEndedClaim(incident_id: string): boolean;
  hasEntry(action: string, resource: string): boolean;
  /** The origin as which the audit log says that it was sealed last. */
  sealedAs(): string | undefined;
  /** What the learner, and people about it, have written after that line, oldest first. */
  learnerEntries(after: number, limit: number): ControlEntry[];
  /** Episodes after that line in which a remedy was claimed and from which nothing has been learned yet, oldest first. */
  dueEpisodes(after: number, limit: number): EpisodeRecord[];
  /** An episode as it stood before that line, by the entry id of its opening. */
  episodeAt(opening: string, before: number): EpisodeRecord | undefined;
  /** The newest entry on the arms of each check, by its name. */
  standingArms(): ControlEntry[];
  /** Changes that were proposed and neither decided nor withdrawn, oldest first. */
  openProposals(): ControlEntry[];
  /** Lines of the audit log that are missing. */
  missingLines(): AuditGap[];
  /** Lines of the audit log, bad ones too; the next entry stands on the line after them. */
  auditLines(): number;
}

/** News of one kind, and to whom it goes. */
export interface NewsWanted {
  /** What writes it into the log. */
  readonly action: string;
  /** What makes it old when it comes afterwards. */
  readonly over: readonly string[];
  readonly event: string;
  readonly by: string;
}

/** News of one subject: of any channel, and about any entry, unless it is said which. */
export interface Told {
  readonly subject: string;
  readonly event: string;
  readonly by?: string;
  /** What names none is about whatever came before it. */
  readonly about?: Pick<ControlEntry, 'line' | 'entry_id'>;
}

export interface OpeningMoment extends Moment {
  /** The incident. */
  readonly subject: string;
}

interface SnapshotRow {
  snapshot: string;
  line_hash: string;
}

// As in the index.
const TELLINGS = `'${ACTION.notificationBegun}', '${ACTION.incidentNotified}', '${ACTION.notificationFailed}'`;

interface NewsParameters {
  readonly action: string;
  readonly over: string;
  readonly event: string;
  readonly by: string;
}

interface ToldParameters {
  readonly subject: string;
  readonly event: string;
  readonly by: string | null;
  readonly line: number;
  readonly entry_id: string | null;
}

function parametersOf({ subject, event, by, about }: Told): ToldParameters {
  return { subject, event, by: by ?? null, line: about?.line ?? 0, entry_id: about?.entry_id ?? null };
}

interface PresentParameters {
  readonly boot_id: string;
  readonly elapsed_s: number;
  /** Seconds since 1970. */
  readonly s: number;
}

interface OpeningParameters extends PresentParameters {
  readonly origin: string;
  readonly after: number;
  readonly limit: number;
  readonly within_s: number;
}

/** As `ageOf` has it. */
const AGE_S = "iif(boot_id = @boot_id AND elapsed_s IS NOT NULL, @elapsed_s - elapsed_s, @s - unixepoch(at, 'subsec'))";

const present = ({ boot_id, elapsed_s, ms }: Now): PresentParameters => ({ boot_id, elapsed_s, s: ms / 1000 });

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
  const lastOf = db.prepare<[string, string, string], SnapshotRow>(
    `SELECT snapshot, line_hash FROM incidents WHERE target = ? AND failure_mode = ? AND origin = ?
     ORDER BY ordinal DESC, position DESC LIMIT 1`,
  );
  // The condition stands as in the index.
  const live = db.prepare<[number], SnapshotRow>(
    `SELECT snapshot, line_hash FROM incidents
     WHERE (status IN ('detected', 'remediating') OR (status = 'failed' AND resolution = 'none')) AND origin = 'real'
     ORDER BY CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END,
              ordinal DESC, position DESC
     LIMIT ?`,
  );
  const liveCount = db.prepare<[], { n: number }>(
    `SELECT count(*) AS n FROM incidents
     WHERE (status IN ('detected', 'remediating') OR (status = 'failed' AND resolution = 'none')) AND origin = 'real'`,
  );
  const claimsOn = db.prepare<[string, number], ClaimRow>(
    'SELECT * FROM claims WHERE target = ? ORDER BY line DESC LIMIT ?',
  );
  const claimsFor = db.prepare<[string, number], ClaimRow>(
    'SELECT * FROM claims WHERE incident_id = ? ORDER BY line DESC LIMIT ?',
  );
  const newest = db.prepare<[number], ClaimRow>('SELECT * FROM claims ORDER BY line DESC LIMIT ?');
  const claimAfter = db.prepare<[number], { found: number }>('SELECT 1 AS found FROM claims WHERE line > ? LIMIT 1');
  const recent = db.prepare<[string, number], ControlRow>(
    'SELECT * FROM controls WHERE action = ? ORDER BY line DESC LIMIT ?',
  );
  // The condition stands as in the index. Bounded before it is filtered: with a long past all may be too old.
  const openings = db.prepare<OpeningParameters, OpeningMoment>(
    `SELECT subject, boot_id, elapsed_s, at FROM (
       SELECT subject, boot_id, elapsed_s, at FROM controls INDEXED BY controls_openings
       WHERE action = 'incident_opened' AND origin = @origin AND line > @after ORDER BY line DESC LIMIT @limit)
     WHERE coalesce(${AGE_S}, 0) < @within_s`,
  );
  const last = db.prepare<[string, string], ControlRow>(
    'SELECT * FROM controls WHERE subject = ? AND +action = ? ORDER BY line DESC LIMIT 1',
  );
  // The first condition stands as in the index.
  const newsOfLive = db.prepare<NewsParameters & { limit: number }, ControlRow>(
    `SELECT news.* FROM incidents JOIN controls AS news ON news.line = (
       SELECT line FROM controls WHERE subject = incident_id AND +action = @action ORDER BY line DESC LIMIT 1)
     WHERE (status IN ('detected', 'remediating') OR (status = 'failed' AND resolution = 'none'))
       AND incidents.origin = 'real'
       AND NOT EXISTS (
         SELECT 1 FROM controls AS later WHERE later.subject = incident_id AND later.line > news.line AND (
           +later.action IN (SELECT value FROM json_each(@over))
           OR (+later.action = '${ACTION.incidentNotified}' AND json_extract(later.decision, '$.event') = @event
               AND json_extract(later.decision, '$.by') = @by
               AND coalesce(json_extract(later.metadata, '$.about'), news.entry_id) = news.entry_id)))
     ORDER BY CASE severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, news.line
     LIMIT @limit`,
  );
  // The condition stands as in the index.
  const bearable = (whose: string) =>
    `SELECT * FROM controls AS said INDEXED BY controls_bearable
     WHERE action = 'incident_escalated' AND json_extract(decision, '$.bearable') = 1 ${whose}
       AND NOT EXISTS (
         SELECT 1 FROM controls AS later WHERE later.subject = said.subject AND later.line > said.line AND (
           +later.action IN ('${ACTION.incidentAcknowledged}', '${ACTION.incidentClosed}')
           OR (+later.action = 'incident_escalated' AND json_extract(later.decision, '$.bearable') = 1)))
       AND NOT EXISTS (
         SELECT 1 FROM claims WHERE incident_id = said.subject AND claims.line > said.line AND outcome = 'worked')
     ORDER BY line DESC LIMIT @limit`;
  const allBearable = db.prepare<{ limit: number }, ControlRow>(bearable(''));
  const bearableOf = db.prepare<{ limit: number; subject: string }, ControlRow>(bearable('AND subject = @subject'));
  const ofNews = `subject = @subject AND line >= @line
       AND json_extract(decision, '$.event') = @event AND (@by IS NULL OR json_extract(decision, '$.by') = @by)
       AND (@entry_id IS NULL OR coalesce(json_extract(metadata, '$.about'), @entry_id) = @entry_id)`;
  const taken = db.prepare<ToldParameters, ControlRow>(
    `SELECT * FROM controls INDEXED BY controls_of_subject
     WHERE ${ofNews} AND +action = '${ACTION.incidentNotified}' ORDER BY line DESC LIMIT 1`,
  );
  const tellingsOf = db.prepare<ToldParameters & { limit: number }, ControlRow>(
    `SELECT * FROM controls INDEXED BY controls_of_subject
     WHERE ${ofNews} AND +action IN (${TELLINGS}) ORDER BY line DESC LIMIT @limit`,
  );
  const tellingsBy = db.prepare<[string, number], ControlRow>(
    `SELECT * FROM controls INDEXED BY controls_told_by
     WHERE action IN (${TELLINGS}) AND json_extract(decision, '$.by') = ? ORDER BY line DESC LIMIT ?`,
  );
  // Ages as records/moment.ts has them: elapsed within a boot, by the dates across boots.
  const silences = db.prepare<PresentParameters, ControlRow>(
    `SELECT * FROM controls AS begun
     WHERE action = '${ACTION.silenceStarted}'
       AND ${AGE_S} < json_extract(metadata, '$.lasts_s')
       AND NOT EXISTS (
         SELECT 1 FROM controls AS over
         WHERE over.subject = begun.subject AND +over.action = '${ACTION.silenceEnded}' AND over.line > begun.line)
     ORDER BY line DESC`,
  );
  // Of open claims there are few; of those that a target ever had, there may be many.
  const openOn = db.prepare<[string, string], ClaimRow>(
    `SELECT * FROM claims INDEXED BY claims_open
     WHERE ended_at IS NULL AND (incident_id = ? OR target = ?) ORDER BY claim_id`,
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
    lastIncidentOf: (target, failure_mode, origin) => known(lastOf.get(target, failure_mode, origin)),
    liveIncidents: (limit) => live.all(limit).map(parsed),
    openClaims: (incident_id, target) => openOn.all(incident_id, target).map(claim),
    allOpenClaims: () => open.all().map(claim),
    recentClaims: (target, limit) => claimsOn.all(target, limit).map(placed),
    claimsOf: (incident_id, limit) => claimsFor.all(incident_id, limit).map(placed),
    youngClaims: ({ now, within_s, limit }) => {
      const young = newest.all(limit).map(placed);
      const known = new Set(young.map(({ claim_id }) => claim_id));
      const older = open.all().filter(({ claim_id }) => !known.has(claim_id));
      return [
        ...young.filter(({ ended, granted }) => ended === null || ageOf(granted, now) < within_s),
        ...older.map(placed),
      ];
    },
    hasClaimAfter: (line) => claimAfter.get(line) !== undefined,
    recentControls: (action, limit) => recent.all(action, limit).map(control),
    recentOpenings: (origin, after, { now, within_s, limit }) =>
      openings.all({ origin, after, limit, within_s, ...present(now) }),
    lastControl: (action, subject) => {
      const row = last.get(subject, action);
      return row && control(row);
    },
    newsOfLive: ({ over, ...wanted }, limit) =>
      newsOfLive.all({ ...wanted, over: JSON.stringify(over), limit }).map(control),
    bearable: (limit, subject) =>
      (subject === undefined ? allBearable.all({ limit }) : bearableOf.all({ limit, subject })).map(control),
    taken: (told) => {
      const row = taken.get(parametersOf(told));
      return row && control(row);
    },
    tellingsOf: (told, limit) => tellingsOf.all({ ...parametersOf(told), limit }).map(control),
    tellingsBy: (by, limit) => tellingsBy.all(by, limit).map(control),
    silences: (now) => silences.all(present(now)).map(control),
    liveCount: () => liveCount.get()?.n ?? 0,
    hasEndedClaim: (incident_id) => ended.get(incident_id) !== undefined,
    hasEntry: (action, resource) => entry.get(action, resource) !== undefined,
    sealedAs: () => wasAdopted.get('grace', ACTION.logAdopted) && adoption.get('grace', ACTION.logAdopted)?.resource,
    ...learningQueries(db),
    missingLines: () => auditGaps(db),
    auditLines: () => lines.get()?.n ?? 0,
  };
}

/** The same questions, each asked through `ask`, which may first see to it that the answer is of now. */
export function askedView(ask: <T>(question: (view: ControlView) => T) => T): ControlView {
  return {
    incident: (id) => ask((view) => view.incident(id)),
    incidentByRef: (source, ref) => ask((view) => view.incidentByRef(source, ref)),
    openIncidents: () => ask((view) => view.openIncidents()),
    lastIncidentOf: (target, failure_mode, origin) => ask((view) => view.lastIncidentOf(target, failure_mode, origin)),
    liveIncidents: (limit) => ask((view) => view.liveIncidents(limit)),
    openClaims: (incident_id, target) => ask((view) => view.openClaims(incident_id, target)),
    allOpenClaims: () => ask((view) => view.allOpenClaims()),
    recentClaims: (target, limit) => ask((view) => view.recentClaims(target, limit)),
    claimsOf: (incident_id, limit) => ask((view) => view.claimsOf(incident_id, limit)),
    youngClaims: (bounds) => ask((view) => view.youngClaims(bounds)),
    hasClaimAfter: (line) => ask((view) => view.hasClaimAfter(line)),
    recentControls: (action, limit) => ask((view) => view.recentControls(action, limit)),
    recentOpenings: (origin, after, bounds) => ask((view) => view.recentOpenings(origin, after, bounds)),
    lastControl: (action, subject) => ask((view) => view.lastControl(action, subject)),
    newsOfLive: (wanted, limit) => ask((view) => view.newsOfLive(wanted, limit)),
    bearable: (limit, incident_id) => ask((view) => view.bearable(limit, incident_id)),
    taken: (told) => ask((view) => view.taken(told)),
    tellingsOf: (told, limit) => ask((view) => view.tellingsOf(told, limit)),
    tellingsBy: (by, limit) => ask((view) => view.tellingsBy(by, limit)),
    silences: (now) => ask((view) => view.silences(now)),
    liveCount: () => ask((view) => view.liveCount()),
    hasEndedClaim: (incident_id) => ask((view) => view.hasEndedClaim(incident_id)),
    hasEntry: (action, resource) => ask((view) => view.hasEntry(action, resource)),
    sealedAs: () => ask((view) => view.sealedAs()),
    learnerEntries: (after, limit) => ask((view) => view.learnerEntries(after, limit)),
    dueEpisodes: (after, limit) => ask((view) => view.dueEpisodes(after, limit)),
    episodeAt: (opening, before) => ask((view) => view.episodeAt(opening, before)),
    standingArms: () => ask((view) => view.standingArms()),
    openProposals: () => ask((view) => view.openProposals()),
    missingLines: () => ask((view) => view.missingLines()),
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
