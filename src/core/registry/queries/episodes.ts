import type Database from 'better-sqlite3';
import { ACTION, LEARNER_ACTIONS } from '../../records/audit-actions.js';
import {
  type ClaimRow,
  type ControlEntry,
  type ControlRow,
  control,
  type PlacedClaim,
  placed,
} from './control-rows.js';

/**
 * One failure of a real incident from its opening to whatever came of it, in which a remedy was claimed: what learning reads.
 * An incident that relapses has several.
 */
export interface EpisodeRecord {
  /** `incident_opened`. */
  readonly opening: ControlEntry;
  /** The next opening of the same incident: it has relapsed. */
  readonly next: ControlEntry | undefined;
  /** Oldest first; at most 200. */
  readonly claims: readonly PlacedClaim[];
  /** What was said of it that ends it or asks for a person: recovered, escalated, closed. Oldest first; at most 200. */
  readonly said: readonly ControlEntry[];
}

const MOST = 200;
/** After every line there can be. */
const END = Number.MAX_SAFE_INTEGER;

const quoted = (actions: readonly string[]) => actions.map((action) => `'${action}'`).join(', ');
const ENDS = quoted([ACTION.incidentRecovered, ACTION.incidentEscalated, ACTION.incidentClosed]);

/** The questions of learning. */
export function learningQueries(db: Database.Database) {
  const entries = db.prepare<[number, number], ControlRow>(
    `SELECT * FROM controls INDEXED BY controls_of_learner
     WHERE action IN (${quoted(LEARNER_ACTIONS)}) AND line > ? ORDER BY line LIMIT ?`,
  );
  const due = db.prepare<[number, number], { entry_id: string }>(
    'SELECT entry_id FROM episodes WHERE claimed = 1 AND learned = 0 AND line > ? ORDER BY line LIMIT ?',
  );
  const place = db.prepare<[string], { line: number; incident_id: string }>(
    'SELECT line, incident_id FROM episodes WHERE entry_id = ? ORDER BY line LIMIT 1',
  );
  const at = db.prepare<[number], ControlRow>('SELECT * FROM controls WHERE line = ?');
  const nextLine = db.prepare<[string, number, number], { line: number }>(
    'SELECT line FROM episodes WHERE incident_id = ? AND line > ? AND line < ? ORDER BY line LIMIT 1',
  );
  const claims = db.prepare<[string, number, number, number], ClaimRow>(
    'SELECT * FROM claims WHERE incident_id = ? AND line > ? AND line < ? ORDER BY line LIMIT ?',
  );
  const said = db.prepare<[string, number, number, number], ControlRow>(
    `SELECT * FROM controls INDEXED BY controls_of_subject
     WHERE subject = ? AND line > ? AND line < ? AND +action IN (${ENDS}) ORDER BY line LIMIT ?`,
  );
  const proposals = db.prepare<[], ControlRow>(
    `SELECT * FROM controls AS made WHERE action = '${ACTION.changeProposed}' AND NOT EXISTS (
       SELECT 1 FROM controls AS later WHERE later.subject = made.subject AND later.line > made.line
         AND +later.action IN (${quoted([ACTION.changeApproved, ACTION.changeRejected, ACTION.changeWithdrawn])}))
     ORDER BY line`,
  );
  const arms = db.prepare<[], ControlRow>(
    // From check to check in the index: of each there may be any number of older ones.
    `WITH RECURSIVE checks (name) AS (
       SELECT min(subject) FROM controls INDEXED BY controls_arms WHERE action = '${ACTION.learningArms}'
       UNION ALL
       SELECT (SELECT min(subject) FROM controls INDEXED BY controls_arms
               WHERE action = '${ACTION.learningArms}' AND subject > name)
       FROM checks WHERE name IS NOT NULL)
     SELECT controls.* FROM checks JOIN controls ON line = (
       SELECT max(line) FROM controls INDEXED BY controls_arms
       WHERE action = '${ACTION.learningArms}' AND subject = name)
     ORDER BY name`,
  );
  const episodeAt = (opening: string, before: number): EpisodeRecord | undefined => {
    const found = place.get(opening);
    const row = found && at.get(found.line);
    if (found === undefined || row === undefined || found.line >= before) return undefined;
    const { line, incident_id } = found;
    const next = nextLine.get(incident_id, line, before);
    const until = next?.line ?? before;
    const nextRow = next && at.get(next.line);
    return {
      opening: control(row),
      next: nextRow && control(nextRow),
      claims: claims.all(incident_id, line, until, MOST).map((row) => placed(asOf(row, before))),
      said: said.all(incident_id, line, until, MOST).map(control),
    };
  };
  return {
    learnerEntries: (after: number, limit: number) => entries.all(after, limit).map(control),
    dueEpisodes: (after: number, limit: number) =>
      due.all(after, limit).flatMap(({ entry_id }) => episodeAt(entry_id, END) ?? []),
    episodeAt,
    openProposals: () => proposals.all().map(control),
    standingArms: () => arms.all().map(control),
  };
}

/** What ended later had not ended then. */
function asOf(row: ClaimRow, before: number): ClaimRow {
  if (row.ended_line === null || row.ended_line < before) return row;
  const nothing = { act_s: null, verify_s: null, within_s: null, relapse_s: null };
  return { ...row, ...nothing, ended_at: null, ended_s: null, outcome: null, ended_line: null };
}
