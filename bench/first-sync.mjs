import { appendFileSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { auditFile, moreLines } from './support/audit-lines.mjs';
import { hasTool, timed, timedWithPeak } from './support/command.mjs';
import { interleaved, median } from './support/stats.mjs';
import { ms, perSecond, result, skipped } from './support/table.mjs';
import { freshDirectory, GRACE } from './support/workspace.mjs';

const LINES = 1_000_000;
const FEW = 1000;
const ROUNDS = 2;
const SYNCS = 15;
const MORE_ROUNDS = 11;

/** What the registry keeps of an audit line, in SQL; of the same bytes, with the same indexes, as little protected. */
const IMPORT = (file, db) => `
.open ${db}
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA cache_size = -16384;
CREATE TEMP TABLE raw (line TEXT);
.mode ascii
.separator "\\037" "\\n"
.import ${file} raw
CREATE TABLE audit_entries (
  line INTEGER NOT NULL PRIMARY KEY, ordinal INTEGER NOT NULL, position INTEGER NOT NULL, length INTEGER NOT NULL,
  entry_id TEXT NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, resource TEXT NOT NULL,
  old_rule INTEGER NOT NULL, old INTEGER NOT NULL);
INSERT INTO audit_entries
SELECT rowid, 0, sum(length(CAST(line AS BLOB)) + 1) OVER (ORDER BY rowid) - length(CAST(line AS BLOB)) - 1,
       length(CAST(line AS BLOB)),
       json_extract(line, '$.entry_id'), json_extract(line, '$.timestamp') || 'Z', json_extract(line, '$.actor'),
       json_extract(line, '$.action'), json_extract(line, '$.resource'),
       line LIKE '%learn%' OR line LIKE '%train%' OR line LIKE '%improve%' OR line LIKE '%model%', 1
FROM raw WHERE json_valid(line);
CREATE INDEX audit_entries_by_time ON audit_entries (at);
CREATE INDEX audit_entries_by_id ON audit_entries (entry_id);
CREATE INDEX audit_entries_of_note ON audit_entries (resource)
  WHERE action IN ('escalated', 'incident_notified', 'log_loss_noted');
SELECT count(*) FROM audit_entries;
`;

/** The registry's first sync against the sqlite3 shell, and a later one at two sizes. */
export async function bench({ dir, programs }) {
  const file = auditFile(LINES);
  const many = logsOf(dir, 'many', file);
  const few = logsOf(dir, 'few', auditFile(FEW));
  const first = () => {
    for (const name of ['registry.db', 'registry.db-wal', 'registry.db-shm']) rmSync(join(many, name), { force: true });
    return timedWithPeak(dir, GRACE, ['registry', 'sync', '--logs', many]);
  };
  const shell = join(dir, 'shell.db');
  const imported = () => {
    rmSync(shell, { force: true });
    const run = timed('sqlite3', [], { input: IMPORT(file.path, shell), stdio: 'pipe' });
    if (run.stdout.trim().split('\n').at(-1) !== String(LINES)) throw new Error(`sqlite3 imported ${run.stdout}`);
    return run;
  };
  const withShell = hasTool('sqlite3');
  const samples = await interleaved(ROUNDS, { first, ...(withShell ? { imported } : {}) });
  const seconds = median(samples.first.map((run) => run.seconds));
  const rate = perSecond(LINES / seconds);
  const peak = Math.max(...samples.first.map((run) => run.peakMb));

  const rows = [
    result('first sync of 1,000,000 lines', LINES / seconds, {
      ...{ atLeast: 80_000, unit: 'lines/s', digits: 0 },
      medians: `${seconds.toFixed(1)} s`,
    }),
  ];
  if (withShell) {
    const shellSeconds = median(samples.imported.map((run) => run.seconds));
    const medians = `${rate} : ${perSecond(LINES / shellSeconds)}`;
    rows.push(result('first sync : sqlite3 .import + json_extract', shellSeconds / seconds, { atLeast: 1, medians }));
  } else rows.push(skipped('first sync : sqlite3 .import + json_extract', 'sqlite3 is not installed'));
  rows.push(result('memory, first sync of 1,000,000 lines', peak, { atMost: 100, unit: 'MB', digits: 1 }));
  return [...rows, ...(await later({ programs, many, few }))];
}

/** +100 lines at 1,000,000 and at 1,000. */
async function later({ programs, many, few }) {
  timed(process.execPath, [GRACE, 'registry', 'sync', '--logs', few]);
  const inProcess = (logs, from) => {
    const more = join(logs, '..', 'more.jsonl');
    writeFileSync(more, moreLines(from, SYNCS * 100));
    return JSON.parse(timed(process.execPath, [programs['sync-more'], logs, more]).stdout).seconds;
  };
  const sync = {
    many: inProcess(many, LINES),
    few: inProcess(few, FEW),
  };
  const command = (logs, from) => {
    appendFileSync(join(logs, 'immutable_audit.jsonl'), moreLines(from, 100));
    return timed(process.execPath, [GRACE, 'registry', 'sync', '--logs', logs]).seconds;
  };
  const whole = await interleaved(MORE_ROUNDS, {
    many: () => command(many, LINES),
    few: () => command(few, FEW),
  });
  return [
    compared('+100 lines at 1,000,000 : at 1,000, sync alone', sync, 2),
    compared('+100 lines at 1,000,000 : at 1,000, command', whole, 2),
  ];
}

function compared(measure, samples, atMost) {
  const [many, few] = [median(samples.many), median(samples.few)];
  return result(measure, many / few, { atMost, medians: `${ms(many)} : ${ms(few)}` });
}

/** A directory with a copy of the lines, since more are appended. */
function logsOf(dir, name, file) {
  const logs = freshDirectory(dir, name);
  copyFileSync(file.path, join(logs, 'immutable_audit.jsonl'));
  return logs;
}
