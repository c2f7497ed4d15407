import { createHash } from 'node:crypto';
import type Database from 'better-sqlite3';
import { type Incident, isVerified, originOf, readIncident, sortable } from '../records/incident.js';
import { parseStrict } from '../records/strict-json.js';
import { taskOfIncident } from '../records/task.js';
import type { LineFold, LinePlace } from './line-fold.js';
import { TaskTable } from './task-table.js';

interface Known {
  line_hash: string;
  lines: number;
  duplicates: number;
  recoveries: number;
  status: string;
  bound: 0 | 1;
}

/** Folds lines of incidents.jsonl into incidents, their lines, their recoveries and their tasks. */
export class IncidentFold implements LineFold {
  readonly #find: Database.Statement<[string], Known>;
  readonly #seen: Database.Statement<[string], { found: number }>;
  readonly #vouched: Database.Statement<[string, number, number], { found: number }>;
  readonly #insertLine: Database.Statement;
  readonly #replace: Database.Statement;
  readonly #repeat: Database.Statement;
  readonly #recover: Database.Statement;
  readonly #tasks: TaskTable;
  #added = 0;

  constructor(db: Database.Database) {
    this.#find = db.prepare(
      'SELECT line_hash, lines, duplicates, recoveries, status, bound FROM incidents WHERE incident_id = ?',
    );
    this.#seen = db.prepare(
      'SELECT 1 AS found FROM incident_lines WHERE sha256 = ? AND (bound = 1 OR old = 1) LIMIT 1',
    );
    this.#vouched = db.prepare(
      'SELECT 1 AS found FROM bindings WHERE sha256 = ? AND position = ? AND length = ? LIMIT 1',
    );
    this.#insertLine = db.prepare('INSERT INTO incident_lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    this.#replace = db.prepare(
      `REPLACE INTO incidents VALUES (
         @incident_id, @line_hash, @bound, @lines, @duplicates, @recoveries, @detected_at, @status, @failure_mode, @severity,
         @origin, @verified, @acted, @resolution, @relapses, @playbook_id, @target, @trigger_source, @trigger_ref, @ordinal, @position, @snapshot)`,
    );
    this.#repeat = db.prepare(
      'UPDATE incidents SET lines = lines + 1, duplicates = duplicates + 1 WHERE incident_id = ?',
    );
    this.#recover = db.prepare(
      `REPLACE INTO recoveries VALUES (
         @incident_id, @episode, @detected_at, @origin, @failure_mode, @playbook_id, @verified, @acted, @resolution,
         @mttr_seconds, @confirm_s, @decide_s, @act_s, @verify_s)`,
    );
    this.#tasks = new TaskTable(db);
  }

  fold(bytes: Buffer, place: LinePlace): string | undefined {
    const parsed = parseStrict(bytes);
    if (!parsed.ok) return parsed.reason;
    const read = readIncident(parsed.value);
    if (!read.ok) return read.reason;
    this.#keep(read.record, bytes, place);
    return undefined;
  }

  takeTallies(): Record<string, number> {
    const added = this.#added;
    this.#added = 0;
    return { incidents: added };
  }

  #keep(incident: Incident, bytes: Buffer, place: LinePlace): void {
    const line_hash = createHash('sha256').update(bytes).digest('hex');
    const id = incident.incident_id;
    const duplicate = this.#seen.get(line_hash) ? 1 : 0;
    const old = incident.schema === undefined ? 1 : 0;
    const bound = this.#vouched.get(line_hash, place.position, place.length) ? 1 : 0;
    const success = incident.success ? 1 : 0;
    this.#insertLine.run(
      ...[place.ordinal, place.position, place.length, id, line_hash, duplicate, bound],
      ...[old, incident.status, success, incident.mttr_seconds],
    );
    const before = this.#find.get(id);
    // Nobody vouches for what this line says, though it could be; the old system's lines say what they can.
    const mayCount = bound === 1 || (old === 1 && before?.bound !== 1);
    if (!mayCount && !(before && duplicate)) return;
    if (!before) this.#added++;
    // What was said before is said again: it changes nothing about how the incident stands.
    else if (duplicate) {
      this.#repeat.run(id);
      return;
    }

    const recovered = incident.status === 'resolved';
    const recoveries = (before?.recoveries ?? 0) + (recovered && before?.status !== 'resolved' ? 1 : 0);
    this.#replace.run({
      ...columnsOf(incident),
      line_hash,
      bound,
      lines: (before?.lines ?? 0) + 1,
      duplicates: (before?.duplicates ?? 0) + duplicate,
      recoveries,
      ordinal: place.ordinal,
      position: place.position,
      snapshot: bytes.toString('utf8'),
    });
    if (recovered) this.#recover.run(recoveryOf(incident, recoveries));
    this.#tasks.put(taskOfIncident(incident));
  }
}

function columnsOf(incident: Incident) {
  return {
    incident_id: incident.incident_id,
    detected_at: sortable(incident.detected_at),
    status: incident.status,
    failure_mode: incident.failure_mode,
    severity: incident.severity,
    origin: originOf(incident),
    verified: isVerified(incident) ? 1 : 0,
    acted: hasRecordedAction(incident) ? 1 : 0,
    resolution: typeof incident.resolution === 'string' ? incident.resolution : null,
    relapses: incident.relapses ?? 0,
    playbook_id: incident.playbook_id,
    target: incident.target ?? null,
    trigger_source: incident.trigger?.source ?? null,
    trigger_ref: incident.trigger?.ref ?? null,
  };
}

function recoveryOf(incident: Incident, episode: number) {
  const { confirm_s = null, decide_s = null, act_s = null, verify_s = null } = incident.timings ?? {};
  const { incident_id, detected_at, origin, failure_mode, playbook_id, verified, acted, resolution } =
    columnsOf(incident);
  return {
    ...{ incident_id, episode, detected_at, origin, failure_mode, playbook_id, verified, acted, resolution },
    mttr_seconds: incident.mttr_seconds,
    ...{ confirm_s, decide_s, act_s, verify_s },
  };
}

function hasRecordedAction(incident: Incident): boolean {
  return incident.actions_taken.length > 0;
}
