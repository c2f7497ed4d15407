import { createHash } from 'node:crypto';
import { closeSync, existsSync, fdatasyncSync, fstatSync, fsyncSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EXIT, OperatorError } from './errors.js';
import type { Clock } from './host/clock.js';
import { napMs } from './host/nap.js';
import { appendBytes, logFailed } from './journal/append.js';
import { prepareDirectory } from './journal/directory.js';
import { ProcessLock } from './journal/lock.js';
import { LEDGER_LOCK_FILE, LOG_FILE, LOG_NAMES, type LogName, logPath, MAX_LINE_BYTES } from './journal/log-files.js';
import { type OpenLog, openForAppending } from './journal/open-log.js';
import { listSegments } from './journal/segments.js';
import { syncData } from './journal/sync.js';
import { ACTION } from './records/audit-actions.js';
import {
  type AuditDraft,
  type AuditEntry,
  entryId,
  MAX_AUDIT_LINE_BYTES,
  readAuditEntry,
} from './records/audit-entry.js';
import type { Checked } from './records/checked.js';
import { type NewIncident, readIncident } from './records/incident.js';
import type { JsonObject } from './records/json.js';
import { parseStrict } from './records/strict-json.js';
import { formatInstant } from './records/time.js';
import type { Loss } from './registry/plan.js';
import type { ControlView } from './registry/queries/control.js';
import { Registry, type RegistryOptions } from './registry/registry.js';
import type { Tail } from './registry/sync.js';

const DEFAULT_LOCK_TIMEOUT_S = 30;

export interface LedgerOptions extends RegistryOptions {
  readonly dir: string;
  readonly clock: Clock;
  /** The command as typed, for hints that can be pasted. */
  readonly invocation: string;
  readonly lock_timeout_s?: number;
}

/** A snapshot to append, and the hash of the one it follows; `null` opens the incident. */
export interface SnapshotDraft {
  readonly record: NewIncident;
  readonly after: string | null;
}

/** What a decision wants written. Nothing at all is a decision too. */
export interface Draft<T> {
  readonly incidents?: readonly SnapshotDraft[];
  readonly entries?: readonly AuditDraft[];
  readonly value: T;
}

/** What stands on the disk when {@link Ledger.transact} returns. */
export interface Receipt<T> {
  readonly value: T;
  readonly entries: readonly AuditEntry[];
  /** Line hashes of the appended snapshots, in order. */
  readonly hashes: readonly string[];
}

/**
 * The one door through which every fact is written. Under the lock between processes: catch up, decide against what the
 * logs say at that moment, append the incident lines and then the audit entries that vouch for them. Then, with the lock
 * released so that those who wait share one sync, wait until the bytes are on the disk. Only that is an acknowledgement.
 * Projecting the new lines is left to whoever reads next.
 */
export class Ledger {
  readonly registry: Registry;
  readonly #options: LedgerOptions;
  readonly #lock: ProcessLock;
  #logs: Record<LogName, OpenLog> | undefined;
  #caughtUp = false;
  readonly #recovered: AuditEntry[] = [];
  /** Whether this process has looked under the lock at the older files, too, which may end in a torn line. */
  #lookedAtAll = false;
  /** Logs that a rotation replaced; a sync may still be under way on them. */
  readonly #retired: OpenLog[] = [];

  constructor(options: LedgerOptions) {
    this.#options = options;
    prepareDirectory(options.dir, options.invocation);
    this.registry = new Registry(options.dir, options);
    this.#lock = new ProcessLock(join(options.dir, LEDGER_LOCK_FILE), {
      clock: options.clock,
      timeout_s: options.lock_timeout_s ?? DEFAULT_LOCK_TIMEOUT_S,
      jitter: options.jitter,
    });
  }

  /**
   * `decide` is called once, under the lock, and must not wait for anything. Throws {@link OperatorError} when the
   * record cannot be made durable; it is then not acknowledged, though its bytes may be there.
   */
  async transact<T>(decide: (view: ControlView) => Draft<T>): Promise<Receipt<T>> {
    // Most of the catching up happens before the lock is taken, but only once: what is written while this process
    // lives is little, and doing it twice would only make writers compete for the registry.
    if (!this.#caughtUp) this.registry.sync();
    this.#caughtUp = true;
    const { receipt, logs, losses } = await this.#lock.run(() => this.#decideAndAppend(decide));
    await this.#sync(logs);
    if (losses) this.registry.acceptLosses();
    return receipt;
  }

  /** What this ledger has written down about the logs themselves: torn tails that it ended, bytes that were gone. */
  get recovered(): readonly AuditEntry[] {
    return this.#recovered;
  }

  /** Writes down whatever an earlier crash left in the logs: torn tails, bytes that are gone. */
  async recover(): Promise<readonly AuditEntry[]> {
    const { entries } = await this.transact(() => ({ value: undefined }));
    return entries;
  }

  close(): void {
    this.registry.close();
    this.#lock.close();
    for (const log of [...this.#retired, ...Object.values(this.#logs ?? {})]) closeSync(log.fd);
    this.#retired.length = 0;
    this.#logs = undefined;
  }

  #decideAndAppend<T>(decide: (view: ControlView) => Draft<T>) {
    const logs = this.#openLogs();
    const found = this.#catchUp(logs);
    const draft = this.registry.control(decide);
    const now = this.#options.clock.now();

    const snapshots = this.#snapshotLines(logs.incidents, draft.incidents ?? []);
    const drafts = [...found.entries, ...snapshots.bindings, ...(draft.entries ?? [])];
    const firstLine = found.auditLines + 1;
    const entries = drafts.map((entry, i): AuditEntry => {
      const { actor, action, resource, decision, metadata } = entry;
      const entry_id = entryId(firstLine + i, now);
      return { entry_id, timestamp: formatInstant(now), actor, action, resource, decision, metadata };
    });
    const auditBytes = Buffer.concat(entries.map((entry) => lineOf(entry, readAuditEntry, MAX_AUDIT_LINE_BYTES)));

    // Everything was put into bytes before the first of them is written: a record that cannot be, harms no other.
    this.#lock.requireHeld();
    if (snapshots.bytes.length > 0) {
      appendBytes(logs.incidents, snapshots.bytes);
      // Before anything vouches for them: after a power cut the audit log must not tell of lines that are not there.
      syncNow(logs.incidents);
    }
    if (auditBytes.length > 0) appendBytes(logs.audit, auditBytes);
    this.#recovered.push(...entries.slice(0, found.entries.length));
    const own = entries.slice(found.entries.length + snapshots.bindings.length);
    const receipt: Receipt<T> = {
      value: draft.value,
      entries: own.length > 0 ? own : entries.slice(0, found.entries.length),
      hashes: snapshots.hashes,
    };
    return { receipt, logs, losses: found.losses };
  }

  /** Folds what others have written since, ends torn tails, and says what has to be written down about both. */
  #catchUp(logs: Record<LogName, OpenLog>) {
    const { tails } = this.registry.sync({ quick: this.#lookedAtAll });
    this.#lookedAtAll = true;
    const entries = tails.flatMap((tail): AuditDraft[] => {
      const live = logs[tail.log];
      return isTailOf(tail, live) ? endTail(tail, live) : endRotatedTail(tail);
    });
    if (tails.length > 0) this.registry.sync();

    const { losses } = this.registry.notes;
    return this.registry.control((view) => {
      for (const loss of losses) {
        if (!view.hasEntry(ACTION.logLossNoted, lossName(loss))) entries.push(lossEntry(loss));
      }
      return { entries, auditLines: view.auditLines(), losses: losses.length > 0 };
    });
  }

  #snapshotLines(log: OpenLog, drafts: readonly SnapshotDraft[]) {
    let offset = fstatSync(log.fd).size;
    const lines: Buffer[] = [];
    const bindings: AuditDraft[] = [];
    const hashes: string[] = [];
    const ids = new Set<string>();
    for (const { record, after } of drafts) {
      const id = record.incident_id;
      if (ids.has(id)) throw new Error(`incident ${id} stands twice in one draft`);
      ids.add(id);
      const before = this.registry.control((view) => view.incident(id))?.hash ?? null;
      if (before !== after) throw new Error(`incident ${id}: decided on ${after}, the last is ${before}`);
      const line = lineOf(record, readIncident, MAX_LINE_BYTES);
      const length = line.length - 1;
      const sha256 = createHash('sha256').update(line.subarray(0, length)).digest('hex');
      lines.push(line);
      hashes.push(sha256);
      bindings.push({
        actor: 'grace',
        action: ACTION.incidentSnapshot,
        resource: id,
        decision: { status: record.status },
        metadata: { offset, length, sha256 },
      });
      offset += line.length;
    }
    return { bytes: Buffer.concat(lines), bindings, hashes };
  }

  /** Opens the logs, anew where a rotation has put another file under the name. */
  #openLogs(): Record<LogName, OpenLog> {
    const { dir } = this.#options;
    const logs = this.#logs ?? { incidents: openLog(dir, 'incidents'), audit: openLog(dir, 'audit') };
    for (const log of LOG_NAMES) {
      const { path, dev, ino } = logs[log];
      const now = statSync(path, { throwIfNoEntry: false });
      if (now?.dev === dev && now.ino === ino) continue;
      // What we decide now may rest on bytes of the former file that another process has not synced yet.
      syncNow(logs[log]);
      this.#retired.push(logs[log]);
      logs[log] = openLog(dir, log);
    }
    this.#logs = logs;
    return { ...logs };
  }

  /** Both, always: what was decided may rest on bytes of the other log, or of another process, not yet synced. */
  async #sync(logs: Record<LogName, OpenLog>): Promise<void> {
    await Promise.all(
      LOG_NAMES.map(async (log) => {
        try {
          await syncData(logs[log].fd);
        } catch (error) {
          throw logFailed(logs[log].path, 'synced', error);
        }
      }),
    );
  }
}

/** How long to leave it to a rotation to put a new file in the place of the one it has renamed. */
const ROTATION = { naps: 50, nap_ms: 1 };

function syncNow({ fd, path }: OpenLog): void {
  try {
    fsyncSync(fd);
  } catch (error) {
    throw logFailed(path, 'synced', error);
  }
}

function openLog(dir: string, log: LogName): OpenLog {
  const path = logPath(dir, log);
  // logrotate's `create` finds a file of ours in its way, moves it to a name no reader knows, and the next over that.
  for (let nap = 0; nap < ROTATION.naps && !existsSync(path) && listSegments(dir, log).length > 0; nap++) {
    napMs(ROTATION.nap_ms);
  }
  return openForAppending(path);
}

/** The bytes of a record. What would be quarantined when it is read is refused before it is written. */
function lineOf(record: object, read: (value: JsonObject) => Checked<unknown>, maxBytes: number): Buffer {
  const line = Buffer.from(`${JSON.stringify(record)}\n`);
  if (line.length - 1 > maxBytes) throw refusedRecord(`it has ${line.length} bytes, a line may have ${maxBytes}`);
  const parsed = parseStrict(line.subarray(0, line.length - 1));
  const checked = parsed.ok ? read(parsed.value) : parsed;
  if (!checked.ok) throw refusedRecord(checked.reason);
  return line;
}

function refusedRecord(reason: string): OperatorError {
  return new OperatorError('GRACE_RECORD_REFUSED', EXIT.invalidData, `a record cannot be written: ${reason}`, {
    hint: 'nothing was written; correct what was passed in',
  });
}

/** Ends a line that was cut off, so that the next record stands on a line of its own; the stub stays. */
function endTail({ log, offset, length }: Tail, file: OpenLog): AuditDraft[] {
  // Under the lock nothing grows; a file that is shorter by now was truncated, which the next look reports as a loss.
  if (fstatSync(file.fd).size !== offset + length) return [];
  const sha256 = hashRange(file, offset, length);
  appendBytes(file, Buffer.from('\n'));
  return [
    {
      actor: 'grace',
      action: ACTION.tailEnded,
      resource: basename(file.path),
      decision: { quarantined: true },
      metadata: { log, offset, length, sha256 },
    },
  ];
}

function isTailOf(tail: Tail, { dev, ino }: OpenLog): boolean {
  return tail.dev === dev && tail.ino === ino;
}

/** The same in a file that was renamed after it was torn. Synced at once: later syncs go to the live file alone. */
function endRotatedTail(tail: Tail): AuditDraft[] {
  const file = openForAppending(tail.path);
  try {
    // Renamed once more meanwhile: whoever writes next finds it.
    if (!isTailOf(tail, file)) return [];
    const entries = endTail(tail, file);
    fdatasyncSync(file.fd);
    return entries;
  } catch (error) {
    throw logFailed(file.path, 'synced', error);
  } finally {
    closeSync(file.fd);
  }
}

function lossName(loss: Loss): string {
  return `${LOG_FILE[loss.log]}#${loss.had.slice(0, 16)}`;
}

function lossEntry(loss: Loss): AuditDraft {
  const { log, kind, bytes_before, bytes_now, had } = loss;
  return {
    actor: 'grace',
    action: ACTION.logLossNoted,
    resource: lossName(loss),
    decision: { kind },
    metadata: { log, kind, bytes_before, bytes_now, had },
  };
}

function hashRange({ fd, path }: OpenLog, from: number, length: number): string {
  const hash = createHash('sha256');
  const chunk = Buffer.alloc(Math.min(length, 1 << 16));
  try {
    for (let done = 0; done < length; ) {
      const read = readSync(fd, chunk, 0, Math.min(chunk.length, length - done), from + done);
      if (read === 0) break;
      hash.update(chunk.subarray(0, read));
      done += read;
    }
  } catch (error) {
    throw logFailed(path, 'read', error);
  }
  return hash.digest('hex');
}
