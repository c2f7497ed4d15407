import type Database from 'better-sqlite3';
import { ACTION, CONTROL_ACTIONS, LASTING_ACTIONS } from '../records/audit-actions.js';
import { type AuditEntry, readAuditEntry } from '../records/audit-entry.js';
import { isJsonObject, type JsonObject } from '../records/json.js';
import { matchesOldLearningRule } from '../records/learning-keywords.js';
import { readClock } from '../records/moment.js';
import { decode, parseStrict } from '../records/strict-json.js';
import { foldTaskEntry, kindOfTaskEntry } from '../records/task.js';
import { canonicalInstant, namesNoZone } from '../records/time.js';
import type { LineFold, LinePlace } from './line-fold.js';
import { MustReadAgain } from './must-read-again.js';
import { TaskTable } from './task-table.js';

interface Sum {
  actor: string;
  action: string;
  own: 0 | 1;
  n: number;
  old_rule: number;
  old: number;
}

/** Folds lines of immutable_audit.jsonl into entries, their sums, bindings, claims and the tasks of other programs. */
export class AuditFold implements LineFold {
  readonly #insert: Database.Statement;
  readonly #addToSum: Database.Statement;
  readonly #addLegacyTask: Database.Statement;
  readonly #bind: Database.Statement;
  readonly #unvouched: Database.Statement<[string, number, number], { found: number }>;
  readonly #claim: Database.Statement;
  readonly #endClaim: Database.Statement;
  readonly #control: Database.Statement;
  readonly #isKnown: Database.Statement<[string, string, string], { found: number }>;
  readonly #open: Database.Statement;
  readonly #touch: Database.Statement;
  readonly #learn: Database.Statement;
  readonly #tasks: TaskTable;
  /** Sums of the present batch; written at its end. */
  readonly #sums = new Map<string, Sum>();
  #claims = 0;
  #openClaims = 0;

  constructor(db: Database.Database) {
    this.#insert = db.prepare('INSERT INTO audit_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#addToSum = db.prepare(
      `INSERT INTO audit_sums VALUES (@actor, @action, @own, @n, @old_rule, @old)
       ON CONFLICT DO UPDATE
       SET n = n + excluded.n, old_rule = old_rule + excluded.old_rule, old = old + excluded.old`,
    );
    this.#addLegacyTask = db.prepare(
      'INSERT INTO legacy_task_resources VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1',
    );
    this.#bind = db.prepare('INSERT INTO bindings VALUES (?, ?, ?, ?, ?)');
    this.#unvouched = db.prepare(
      'SELECT 1 AS found FROM incident_lines WHERE sha256 = ? AND position = ? AND length = ? AND bound = 0 LIMIT 1',
    );
    this.#claim = db.prepare(
      `INSERT OR IGNORE INTO claims VALUES (
         @claim_id, @incident_id, @target, @playbook_id, @at, @boot_id, @pid_ns, @time_ns, @pid, @start_time, @line,
         @elapsed_s, NULL, NULL, NULL, @forced, @config_version, NULL, NULL, NULL, NULL, NULL)`,
    );
    this.#endClaim = db.prepare(
      `UPDATE claims SET ended_at = @at, outcome = @outcome, ended_s = iif(boot_id = @boot_id, @elapsed_s, NULL),
         ended_line = @line, act_s = @act_s, verify_s = @verify_s, within_s = @within_s, relapse_s = @relapse_s
       WHERE claim_id = @claim AND ended_at IS NULL`,
    );
    this.#control = db.prepare(
      `INSERT INTO controls VALUES (
         @line, @action, @subject, @at, @actor, @entry_id, @boot_id, @elapsed_s, @origin, @decision, @metadata)`,
    );
    this.#isKnown = db.prepare(
      'SELECT 1 AS found FROM controls WHERE subject = ? AND +action = ? AND entry_id = ? LIMIT 1',
    );
    this.#open = db.prepare('INSERT INTO episodes VALUES (?, ?, ?, 0, 0)');
    this.#touch = db.prepare(
      `UPDATE episodes SET claimed = 1
       WHERE line = (SELECT line FROM episodes WHERE incident_id = ? ORDER BY line DESC LIMIT 1)`,
    );
    this.#learn = db.prepare('UPDATE episodes SET learned = 1 WHERE entry_id = ? AND incident_id = ?');
    this.#tasks = new TaskTable(db);
  }

  fold(bytes: Buffer, place: LinePlace): string | undefined {
    const parsed = parseStrict(bytes);
    if (!parsed.ok) return parsed.reason;
    const read = readAuditEntry(parsed.value);
    if (!read.ok) return read.reason;
    const entry = read.record;
    // A line of another program is data: it registers no task and decides nothing.
    const problem = place.foreign ? undefined : (this.#foldTask(entry) ?? this.#foldControl(entry, place));
    if (problem !== undefined) return problem;
    this.#keep(entry, bytes, place);
    return undefined;
  }

  takeTallies(): Record<string, number> {
    for (const sum of this.#sums.values()) this.#addToSum.run(sum);
    this.#sums.clear();
    const tallies = { claims: this.#claims, open_claims: this.#openClaims };
    this.#claims = 0;
    this.#openClaims = 0;
    return tallies;
  }

  #keep(entry: AuditEntry, bytes: Buffer, place: LinePlace): void {
    const { entry_id, timestamp, actor, action, resource } = entry;
    const old_rule = matchesOldLearningRule(decode(bytes) ?? '') ? 1 : 0;
    const old = namesNoZone(timestamp) ? 1 : 0;
    const at = canonicalInstant(timestamp) ?? timestamp;
    const { line, ordinal, position, length } = place;
    const own = place.foreign ? 0 : 1;
    this.#insert.run(line, ordinal, position, length, entry_id, at, actor, action, resource, old_rule, old, own);

    // The length keeps apart what a separator could not: an actor may contain any character.
    const key = `${own} ${actor.length} ${actor}${action}`;
    const sum = this.#sums.get(key);
    if (!sum) this.#sums.set(key, { actor, action, own, n: 1, old_rule, old });
    else {
      sum.n++;
      sum.old_rule += old_rule;
      sum.old += old;
    }
  }

  #foldTask(entry: AuditEntry): string | undefined {
    const kind = kindOfTaskEntry(entry);
    if (kind === undefined) return undefined;
    if (kind === 'legacy') {
      this.#addLegacyTask.run(entry.action, entry.resource);
      return undefined;
    }
    const id = entry.metadata.task_id;
    const step = foldTaskEntry(typeof id === 'string' ? this.#tasks.find('audit', id) : undefined, entry);
    if (!step.ok) return step.reason;
    this.#tasks.put(step.task);
    return undefined;
  }

  #foldControl(entry: AuditEntry, place: LinePlace): string | undefined {
    const m = entry.metadata;
    switch (entry.action) {
      case ACTION.incidentSnapshot:
        if (typeof m.offset !== 'number' || typeof m.length !== 'number' || typeof m.sha256 !== 'string') {
          return 'a binding needs metadata.offset, length and sha256';
        }
        // It was read between the writing of the two, and passed over because nobody vouched for it.
        if (this.#unvouched.get(m.sha256, m.offset, m.length)) {
          throw new MustReadAgain('an incident line was read before the entry that vouches for it');
        }
        this.#bind.run(place.line, entry.resource, m.offset, m.length, m.sha256);
        return undefined;
      case ACTION.remedyClaimed:
        return this.#foldClaim(entry, place);
      case ACTION.remedyEnded:
        if (typeof m.claim !== 'string' || typeof entry.decision.outcome !== 'string') {
          return 'an ended remedy needs metadata.claim and decision.outcome';
        }
        this.#openClaims -= this.#endClaim.run({
          at: canonicalInstant(entry.timestamp) ?? entry.timestamp,
          outcome: entry.decision.outcome,
          claim: m.claim,
          line: place.line,
          ...readClock(m),
          ...secondsOf(m),
        }).changes;
        return undefined;
      case ACTION.incidentOpened:
        if (m.origin === 'real') this.#open.run(place.line, entry.entry_id, entry.resource);
        this.#foldOther(entry, place);
        return undefined;
      case ACTION.outcomeLearned:
        if (typeof m.opening === 'string') this.#learn.run(m.opening, entry.resource);
        this.#foldOther(entry, place);
        return undefined;
      case ACTION.stillStands:
        return this.#foldOnceMore(m.entry, place);
      default:
        if (CONTROL_ACTIONS.has(entry.action)) this.#foldOther(entry, place);
        return undefined;
    }
  }

  /** What an older file says, too, counts once: as it stands there, as long as that is there. */
  #foldOnceMore(said: unknown, place: LinePlace): string | undefined {
    const read = isJsonObject(said) ? readAuditEntry(said) : undefined;
    if (!read?.ok || !LASTING_ACTIONS.has(read.record.action)) return 'what still stands needs metadata.entry';
    const { resource, action, entry_id } = read.record;
    if (this.#isKnown.get(resource, action, entry_id)) return undefined;
    return this.#foldControl(read.record, place);
  }

  #foldOther(entry: AuditEntry, place: LinePlace): void {
    const { action, resource, timestamp, actor, entry_id, decision, metadata } = entry;
    this.#control.run({
      ...{ line: place.line, action, subject: resource, at: canonicalInstant(timestamp) ?? timestamp, actor, entry_id },
      ...readClock(metadata),
      origin: typeof metadata.origin === 'string' ? metadata.origin : null,
      decision: JSON.stringify(decision),
      metadata: JSON.stringify(metadata),
    });
  }

  #foldClaim(entry: AuditEntry, place: LinePlace): string | undefined {
    const { incident_id, target, playbook_id, owner } = entry.metadata;
    if (
      typeof incident_id !== 'string' ||
      typeof target !== 'string' ||
      typeof playbook_id !== 'string' ||
      !isJsonObject(owner) ||
      typeof owner.boot_id !== 'string' ||
      typeof owner.pid !== 'number' ||
      typeof owner.start_time !== 'number'
    ) {
      return 'a claim needs metadata.incident_id, target, playbook_id and owner {boot_id, pid, start_time}';
    }
    const { boot_id, pid, start_time } = owner;
    const { changes } = this.#claim.run({
      ...{ claim_id: entry.entry_id, incident_id, target, playbook_id, boot_id, pid, start_time, line: place.line },
      at: canonicalInstant(entry.timestamp) ?? entry.timestamp,
      pid_ns: typeof owner.pid_ns === 'string' ? owner.pid_ns : null,
      time_ns: typeof owner.time_ns === 'string' ? owner.time_ns : null,
      elapsed_s: readClock(entry.metadata).elapsed_s,
      config_version: typeof entry.metadata.config_version === 'string' ? entry.metadata.config_version : null,
      forced: Array.isArray(entry.decision.passed_over) && entry.decision.passed_over.length > 0 ? 1 : 0,
    });
    if (changes > 0) this.#touch.run(incident_id);
    this.#claims += changes;
    this.#openClaims += changes;
    return undefined;
  }
}

/** How long the parts of a remedy took; nulls where the entry does not say. */
function secondsOf(m: JsonObject): Record<'act_s' | 'verify_s' | 'within_s' | 'relapse_s', number | null> {
  const of = (name: string) => {
    const value = m[name];
    return typeof value === 'number' && value >= 0 ? value : null;
  };
  return { act_s: of('act_s'), verify_s: of('verify_s'), within_s: of('within_s'), relapse_s: of('relapse_s') };
}
