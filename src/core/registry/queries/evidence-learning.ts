import type Database from 'better-sqlite3';
import { ACTION } from '../../records/audit-actions.js';
import type { Origin } from '../../records/incident.js';
import type { ControlEntry } from './control.js';
import type { Window } from './evidence-window.js';

/** What an account has changed, or decided about a change. */
export interface ChangeCount {
  /** `learner` or `operator:NAME`. */
  readonly account: string;
  readonly action: string;
  /** What allowed it; `null` where the entry does not say. */
  readonly rule: string | null;
  readonly n: number;
}

/** Outcomes that were written down alike. */
export interface LeftOutGroup {
  /** JSON: the list of words that say why they do not count for something. */
  readonly words: string;
  /** 1: they are compared all the same. */
  readonly effect: number;
  readonly n: number;
}

/** An `outcome_learned` entry, and the episode that it is about. */
export interface LearnedOutcome extends Pick<ControlEntry, 'line' | 'boot_id' | 'elapsed_s' | 'at'> {
  /** Entry id of the opening. */
  readonly opening: string;
}

export interface LearningFacts {
  /** `config_update` entries: since that day began, and all. */
  readonly versions: { readonly today: number; readonly overall: number };
  /** In the window. */
  readonly changes: readonly ChangeCount[];
  /** Proposals made, and what became of them; in the window. */
  readonly proposals: {
    readonly made: number;
    readonly approved: number;
    readonly rejected: number;
    readonly withdrawn: number;
  };
  /** Requests about a change that an account had no grant for; in the window. */
  readonly denied: readonly { readonly account: string; readonly n: number }[];
  /** Over everything. */
  readonly left_out: readonly LeftOutGroup[];
  /** Over everything; `attempted`: a remedy was claimed. */
  readonly incidents: readonly { readonly origin: Origin; readonly n: number; readonly attempted: number }[];
  /** Of the newest tick that wrote anything, however long ago. */
  readonly last_tick_at: string | null;
  /** Episodes with a claim from which nothing has been learned, over everything. */
  readonly unlearned: number;
  /** Lines of the audit log before the first that is there. */
  readonly lines_gone: number;
}

/** @param today Since when it is today, in the registry's spelling of an instant. */
export function learningFacts(db: Database.Database, window: Window, today: string): LearningFacts {
  const decided = db.prepare<Window, { action: string; n: number }>(PROPOSALS).all(window);
  const of = (action: string) => decided.find((row) => row.action === action)?.n ?? 0;
  const number = (sql: string) => db.prepare<[], { n: number }>(sql).get()?.n ?? 0;
  return {
    versions: db.prepare<[string], LearningFacts['versions']>(VERSIONS).get(today) ?? { today: 0, overall: 0 },
    changes: db.prepare<Window, ChangeCount>(CHANGES).all(window),
    proposals: {
      made: of(ACTION.changeProposed),
      approved: of(ACTION.changeApproved),
      rejected: of(ACTION.changeRejected),
      withdrawn: of(ACTION.changeWithdrawn),
    },
    // The sums first: nearly always there is none, and the entries are many.
    denied: number(WAS_DENIED) === 0 ? [] : db.prepare<Window, { account: string; n: number }>(DENIED).all(window),
    left_out: db.prepare<[], LeftOutGroup>(LEFT_OUT).all(),
    incidents: db.prepare<[], LearningFacts['incidents'][number]>(INCIDENTS).all(),
    last_tick_at: db.prepare<[], { at: string }>(LAST_TICK).get()?.at ?? null,
    unlearned: number('SELECT count(*) AS n FROM episodes WHERE claimed = 1 AND learned = 0'),
    lines_gone: number("SELECT coalesce(min(first), 0) AS n FROM segments WHERE log = 'audit'"),
  };
}

/** Outcomes that were learned in the window, newest first. */
export function learnedOutcomes(db: Database.Database, { since }: Window, limit: number): LearnedOutcome[] {
  return db.prepare<Window & { readonly limit: number }, LearnedOutcome>(LEARNED).all({ since, limit });
}

const VERSIONS = `
  SELECT count(*) AS overall, count(*) FILTER (WHERE at >= ?) AS today
  FROM controls WHERE action = '${ACTION.configUpdate}'`;

const CHANGES = `
  SELECT actor AS account, action, rule, count(*) AS n FROM (
    SELECT actor, action,
           iif(json_type(decision, '$.rule') = 'text', json_extract(decision, '$.rule'), NULL) AS rule
    FROM controls
    WHERE action IN ('${ACTION.configUpdate}', '${ACTION.changeApproved}', '${ACTION.changeRejected}')
      AND (@since IS NULL OR at >= @since))
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;

const PROPOSALS = `
  SELECT action, count(*) AS n FROM controls
  WHERE action IN (
    '${ACTION.changeProposed}', '${ACTION.changeApproved}', '${ACTION.changeRejected}', '${ACTION.changeWithdrawn}')
    AND (@since IS NULL OR at >= @since)
  GROUP BY action`;

const WAS_DENIED = `SELECT count(*) AS n FROM audit_sums WHERE action = '${ACTION.requestDenied}' AND own = 1`;

// Versions are v1, v2 …, proposals p1, p2 …
const DENIED = `
  SELECT actor AS account, count(*) AS n FROM audit_entries
  WHERE action = '${ACTION.requestDenied}' AND own = 1 AND (@since IS NULL OR at >= @since)
    AND (resource = 'learning' OR (resource GLOB '[pv][0-9]*' AND substr(resource, 2) NOT GLOB '*[^0-9]*'))
  GROUP BY actor ORDER BY actor`;

const LEFT_OUT = `
  SELECT words, effect, count(*) AS n FROM (
    SELECT coalesce(json_extract(decision, '$.left_out'), '[]') AS words,
           coalesce(json_extract(decision, '$.counts.effect'), 0) AS effect
    FROM controls WHERE action = '${ACTION.outcomeLearned}')
  GROUP BY 1, 2 ORDER BY 1, 2`;

const INCIDENTS = `
  SELECT origin, count(*) AS n,
         count(*) FILTER (WHERE EXISTS (
           SELECT 1 FROM claims WHERE claims.incident_id = incidents.incident_id)) AS attempted
  FROM incidents GROUP BY origin ORDER BY origin`;

const LAST_TICK = `SELECT at FROM controls WHERE action = '${ACTION.learningTick}' ORDER BY line DESC LIMIT 1`;

const LEARNED = `
  SELECT line, at, boot_id, elapsed_s, json_extract(metadata, '$.opening') AS opening FROM controls
  WHERE action = '${ACTION.outcomeLearned}' AND json_type(metadata, '$.opening') = 'text'
    AND (@since IS NULL OR at >= @since)
  ORDER BY line DESC LIMIT @limit`;
