-- The registry is a projection of the two logs and of nothing else: every row below follows from their bytes, and none
-- depends on when or in which order the two were read. Times are UTC text that sorts; hashes are hex.

-- How far each file of each log has been folded. Moves in the same transaction as the rows.
CREATE TABLE segments (
  log      TEXT    NOT NULL,
  ordinal  INTEGER NOT NULL, -- 0 is the oldest file of the log
  dev      INTEGER NOT NULL,
  ino      INTEGER NOT NULL,
  folded   INTEGER NOT NULL, -- bytes; always the end of a line
  first    INTEGER NOT NULL, -- lines of the log before the first one of this file
  lines    INTEGER NOT NULL, -- LF-terminated lines in those bytes, bad ones too
  head     TEXT    NOT NULL, -- SHA-256 of the first bytes that were folded
  tail     TEXT    NOT NULL, -- SHA-256 of the last bytes that were folded
  PRIMARY KEY (log, ordinal)
) WITHOUT ROWID;

-- How many rows the small tables hold. A cache whose tables disagree with this is damaged and is rebuilt.
CREATE TABLE tallies (
  name TEXT    NOT NULL PRIMARY KEY,
  n    INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO tallies VALUES ('incidents', 0), ('claims', 0), ('open_claims', 0);

CREATE TABLE quarantine (
  log      TEXT    NOT NULL,
  ordinal  INTEGER NOT NULL,
  position INTEGER NOT NULL, -- byte offset in that file
  length   INTEGER NOT NULL, -- bytes without the LF
  reason   TEXT    NOT NULL,
  PRIMARY KEY (log, ordinal, position)
) WITHOUT ROWID;

CREATE TABLE incident_lines (
  ordinal     INTEGER NOT NULL,
  position    INTEGER NOT NULL,
  length      INTEGER NOT NULL,
  incident_id TEXT    NOT NULL,
  sha256      TEXT    NOT NULL,
  duplicate   INTEGER NOT NULL, -- 1: the same bytes came before
  bound       INTEGER NOT NULL, -- 1: an audit entry vouches for it, here; 0 and not old: it has no effect
  old         INTEGER NOT NULL, -- 1: written by the old system, it names no schema
  status      TEXT    NOT NULL, -- this and the two below: as the line says, for what a count of lines would say
  success     INTEGER NOT NULL,
  mttr_seconds REAL,
  PRIMARY KEY (ordinal, position)
) WITHOUT ROWID;
CREATE INDEX incident_lines_by_hash ON incident_lines (sha256);
CREATE INDEX incident_lines_unbound ON incident_lines (ordinal, position) WHERE bound = 0 AND old = 0 AND duplicate = 0;

-- The last snapshot of each incident. With row ids: without them a row of this length takes two pages.
CREATE TABLE incidents (
  incident_id    TEXT    NOT NULL PRIMARY KEY,
  line_hash      TEXT    NOT NULL,
  bound          INTEGER NOT NULL, -- 1: an audit entry vouches for the line
  lines          INTEGER NOT NULL,
  duplicates     INTEGER NOT NULL,
  recoveries     INTEGER NOT NULL,
  detected_at    TEXT    NOT NULL,
  status         TEXT    NOT NULL,
  failure_mode   TEXT    NOT NULL,
  severity       TEXT    NOT NULL,
  origin         TEXT    NOT NULL,
  verified       INTEGER NOT NULL,
  acted          INTEGER NOT NULL, -- 1: an action is recorded
  resolution     TEXT,             -- how it was resolved; old lines do not say
  relapses       INTEGER NOT NULL,
  playbook_id    TEXT,
  target         TEXT,
  trigger_source TEXT,
  trigger_ref    TEXT,
  ordinal        INTEGER NOT NULL, -- where the line stands: the order of incidents is the order in the log
  position       INTEGER NOT NULL,
  snapshot       TEXT    NOT NULL  -- the line
);
CREATE INDEX incidents_by_time ON incidents (detected_at);
CREATE INDEX incidents_open ON incidents (status, target) WHERE status IN ('detected', 'remediating');
CREATE INDEX incidents_of_target ON incidents (target, failure_mode, origin, ordinal, position);
-- Those that the healing engine has to do with: neither recovered nor closed.
CREATE INDEX incidents_live ON incidents (target, failure_mode)
  WHERE status IN ('detected', 'remediating') OR (status = 'failed' AND resolution = 'none');
CREATE INDEX incidents_by_ref ON incidents (trigger_source, trigger_ref) WHERE trigger_ref IS NOT NULL;

-- Each passage of an incident into `resolved`; an incident that relapses has several.
CREATE TABLE recoveries (
  incident_id  TEXT    NOT NULL,
  episode      INTEGER NOT NULL,
  detected_at  TEXT    NOT NULL,
  origin       TEXT    NOT NULL,
  failure_mode TEXT    NOT NULL,
  playbook_id  TEXT,
  verified     INTEGER NOT NULL,
  acted        INTEGER NOT NULL,
  resolution   TEXT,
  mttr_seconds REAL,
  confirm_s    REAL,
  decide_s     REAL,
  act_s        REAL,
  verify_s     REAL,
  PRIMARY KEY (incident_id, episode)
) WITHOUT ROWID;

CREATE TABLE audit_entries (
  line     INTEGER NOT NULL PRIMARY KEY, -- 1-based, over all files of the log
  ordinal  INTEGER NOT NULL,
  position INTEGER NOT NULL,
  length   INTEGER NOT NULL,
  entry_id TEXT    NOT NULL,
  at       TEXT    NOT NULL,
  actor    TEXT    NOT NULL,
  action   TEXT    NOT NULL,
  resource TEXT    NOT NULL,
  old_rule INTEGER NOT NULL, -- 1: the old report would have counted the line as learning
  old      INTEGER NOT NULL, -- 1: written by the old system, its time names no zone
  own      INTEGER NOT NULL  -- 0: sealed as another program's: data, and nothing else
);

-- Sums over audit_entries, so that a report over everything does not read every row.
CREATE TABLE audit_sums (
  actor     TEXT    NOT NULL,
  action    TEXT    NOT NULL,
  own       INTEGER NOT NULL, -- as in audit_entries
  n         INTEGER NOT NULL,
  old_rule  INTEGER NOT NULL, -- how many of them the old report would have counted as learning
  old       INTEGER NOT NULL, -- how many of them the old system wrote
  PRIMARY KEY (actor, action, own)
) WITHOUT ROWID;

-- Entries of the old system that look like a task's series and belong to none.
CREATE TABLE legacy_task_resources (
  action   TEXT    NOT NULL,
  resource TEXT    NOT NULL,
  n        INTEGER NOT NULL,
  PRIMARY KEY (action, resource)
) WITHOUT ROWID;

-- Which audit entry vouches for which incident line.
CREATE TABLE bindings (
  line        INTEGER NOT NULL PRIMARY KEY,
  incident_id TEXT    NOT NULL,
  position    INTEGER NOT NULL,
  length      INTEGER NOT NULL,
  sha256      TEXT    NOT NULL
);
CREATE INDEX bindings_by_hash ON bindings (sha256);

CREATE TABLE claims (
  claim_id    TEXT    NOT NULL PRIMARY KEY,
  incident_id TEXT    NOT NULL,
  target      TEXT    NOT NULL,
  playbook_id TEXT    NOT NULL,
  claimed_at  TEXT    NOT NULL,
  boot_id     TEXT    NOT NULL,
  pid_ns      TEXT,
  time_ns     TEXT,
  pid         INTEGER NOT NULL,
  start_time  INTEGER NOT NULL,
  line        INTEGER NOT NULL, -- of the granting entry
  elapsed_s   REAL,             -- monotonic seconds of that boot, when it was granted
  ended_at    TEXT,
  ended_s     REAL,             -- the same, when it ended, if it ended in that boot
  outcome     TEXT,
  forced      INTEGER NOT NULL, -- 1: a person passed over a rail that held
  config_version TEXT,          -- under which it was granted
  act_s       REAL,             -- seconds that its steps took, and that it was waited for health; null: it was not
  verify_s    REAL,
  within_s    REAL,             -- how long it would have been waited for health at most
  ended_line  INTEGER,          -- of the entry that ended it
  relapse_s   REAL              -- the same failure within it is the same incident
) WITHOUT ROWID;
CREATE INDEX claims_open ON claims (incident_id, target) WHERE ended_at IS NULL;
CREATE INDEX claims_by_line ON claims (line);
CREATE INDEX claims_of_target ON claims (target, line);
CREATE INDEX claims_of_incident ON claims (incident_id, line);

-- Real incidents, once for each time they were opened: what learning has yet to learn from.
CREATE TABLE episodes (
  line        INTEGER NOT NULL PRIMARY KEY, -- of the opening
  entry_id    TEXT    NOT NULL,
  incident_id TEXT    NOT NULL,
  claimed     INTEGER NOT NULL, -- 1: a remedy was claimed in it
  learned     INTEGER NOT NULL  -- 1: an entry says what it has taught
);
CREATE INDEX episodes_of_incident ON episodes (incident_id, line);
CREATE INDEX episodes_by_id ON episodes (entry_id);
CREATE INDEX episodes_due ON episodes (line) WHERE claimed = 1 AND learned = 0;

-- The entries on which later decisions rest: openings, escalations, brake, silences, approvals and their like.
CREATE TABLE controls (
  line        INTEGER NOT NULL PRIMARY KEY,
  action      TEXT    NOT NULL,
  subject     TEXT    NOT NULL, -- what it is about: the entry's resource
  at          TEXT    NOT NULL,
  actor       TEXT    NOT NULL,
  entry_id    TEXT    NOT NULL,
  boot_id     TEXT,
  elapsed_s   REAL,             -- monotonic seconds of that boot
  origin      TEXT,
  decision    TEXT    NOT NULL, -- JSON
  metadata    TEXT    NOT NULL  -- JSON
);
CREATE INDEX controls_of_action ON controls (action, line);
-- With all that is asked of an opening: the brake counts many of them at each decision.
CREATE INDEX controls_openings ON controls (origin, line, subject, boot_id, elapsed_s, at) WHERE action = 'incident_opened';
CREATE INDEX controls_of_subject ON controls (subject, line);
-- The newest word on the orders of each check.
CREATE INDEX controls_arms ON controls (subject, line) WHERE action = 'learning_arms';
-- The learner's own entries in their order. The condition stands as in its query.
CREATE INDEX controls_of_learner ON controls (line) WHERE action IN (
  'outcome_learned', 'learning_arms', 'config_update', 'change_proposed', 'change_approved', 'change_rejected',
  'change_withdrawn', 'learning_tick');

CREATE TABLE tasks (
  source                TEXT    NOT NULL, -- the log it was projected from
  task_id               TEXT    NOT NULL,
  task_type             TEXT    NOT NULL,
  subsystem             TEXT    NOT NULL,
  title                 TEXT    NOT NULL,
  description           TEXT,
  created_by            TEXT    NOT NULL,
  assigned_to           TEXT,
  status                TEXT    NOT NULL,
  priority              INTEGER NOT NULL,
  created_at            TEXT    NOT NULL,
  started_at            TEXT,
  completed_at          TEXT,
  duration_seconds      REAL,
  cpu_seconds           REAL,
  memory_peak_mb        REAL,
  memory_avg_mb         REAL,
  disk_read_mb          REAL,
  disk_write_mb         REAL,
  progress              REAL,
  verification_required INTEGER NOT NULL,
  verification_status   TEXT,
  sla_deadline          TEXT,
  sla_met               INTEGER,
  error_message         TEXT,
  task_metadata         TEXT    NOT NULL,
  tags                  TEXT    NOT NULL,
  PRIMARY KEY (source, task_id)
) WITHOUT ROWID;
CREATE INDEX tasks_by_time ON tasks (created_at);
-- The learner's that have not ended: a tick looks after those of one that was cut off.
CREATE INDEX tasks_of_learner ON tasks (task_id)
  WHERE source = 'audit' AND subsystem = 'learning' AND status IN ('pending', 'active');
