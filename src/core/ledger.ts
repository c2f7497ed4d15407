import { closeSync, existsSync, fstatSync, fsyncSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { leafHash } from './audit/hash.js';
import { formatVerifierKey } from './audit/keys.js';
import { EXIT, OperatorError, systemErrorSentence } from './errors.js';
import type { Clock } from './host/clock.js';
import { napMs } from './host/nap.js';
import { bootId } from './host/process-identity.js';
import { logFailed } from './journal/append.js';
import { appendAt, InterruptedAppend } from './journal/append-at.js';
import { prepareDirectory } from './journal/directory.js';
import { ProcessLock } from './journal/lock.js';
import { LEDGER_LOCK_FILE, LOG_NAMES, type LogName, logPath, REKEY_LOCK_FILE } from './journal/log-files.js';
import { type OpenLog, openForAppending } from './journal/open-log.js';
import { fillReserve, isReserved, useReserve } from './journal/reserve.js';
import { listSegments } from './journal/segments.js';
import { syncData } from './journal/sync.js';
import { lineOf, type SnapshotDraft, snapshotLines } from './ledger-lines.js';
import { ACTION } from './records/audit-actions.js';
import {
  type AuditDraft,
  type AuditEntry,
  entryId,
  MAX_AUDIT_LINE_BYTES,
  readAuditEntry,
} from './records/audit-entry.js';
import { formatInstant } from './records/time.js';
import { adoptionEntry } from './recovery/adoption.js';
import { rotated, takeInForeignLines } from './recovery/foreign-lines.js';
import { lossEntry, lossName } from './recovery/losses.js';
import { stillStanding } from './recovery/still-standing.js';
import { endTail } from './recovery/torn-tail.js';
import { askedView, type ControlView } from './registry/queries/control.js';
import type { AuditGap } from './registry/queries/health.js';
import { Registry, type RegistryOptions } from './registry/registry.js';
import type { KeyPlace } from './seal/key-file.js';
import { LogSeal } from './seal/log-seal.js';
import type { Position, WrittenFile } from './seal/position.js';
import type { SealEvent } from './seal/seal-event.js';
import { makeNextKey } from './seal/seal-keys.js';
import { verifierKeys } from './seal/verifier-keys.js';
import { shellArguments } from './shell-quoted.js';

const DEFAULT_LOCK_TIMEOUT_S = 30;

export interface LedgerOptions extends RegistryOptions {
  readonly dir: string;
  readonly clock: Clock;
  /** The command as typed, for hints that can be pasted. */
  readonly invocation: string;
  readonly lock_timeout_s?: number;
  /** Where the key is that signs; without one records are kept, and nobody signs for them. */
  readonly keys?: KeyPlace;
  readonly onSealEvent?: (event: SealEvent) => void;
}

/** What a decision wants written. Nothing at all is a decision too. */
export interface Draft<T> {
  readonly incidents?: readonly SnapshotDraft[];
  readonly entries?: readonly AuditDraft[];
  readonly value: T;
  /** It may use the space that is kept for making space. */
  readonly reserve?: boolean;
}

export interface TransactOptions {
  /** Whatever is decided may use the reserve, and so may what has to be put right in the logs before that. */
  readonly reserve?: boolean;
}

/** What stands on the disk when {@link Ledger.transact} returns. */
export interface Receipt<T> {
  readonly value: T;
  readonly entries: readonly AuditEntry[];
  /** Line hashes of the appended snapshots, in order. */
  readonly hashes: readonly string[];
}

/**
 * The one door through which every fact is written. Under the lock between processes: take in what others wrote, decide
 * against what the logs say at that moment, append the incident lines and then the audit entries that vouch for them.
 * Then, with the lock released so that those who wait share one sync, wait until the bytes are on the disk, and until a
 * signed note that covers them is, too. Only that is an acknowledgement. Projecting the new lines is left to whoever
 * reads next.
 */
export class Ledger {
  readonly registry: Registry;
  readonly #options: LedgerOptions;
  readonly #lock: ProcessLock;
  readonly #seal: LogSeal;
  #logs: Record<LogName, OpenLog> | undefined;
  #caughtUp = false;
  /** Acts of this process that are under way. */
  #acts = 0;
  /** The audit log is known to say that it is sealed. */
  #adoptionIsTold = false;
  /** The former seal is out of the way, and the log is to be sealed once more. */
  #sealsAnew = false;
  readonly #recovered: AuditEntry[] = [];
  /** Whether this process has looked under the lock at the older files, too, which may end in a torn line. */
  #lookedAtAll = false;
  /** Logs that a rotation replaced; a sync may still be under way on them. */
  readonly #retired: OpenLog[] = [];

  get dir(): string {
    return this.#options.dir;
  }

  constructor(options: LedgerOptions) {
    this.#options = options;
    const { dir, keys = {}, onSealEvent = () => undefined } = options;
    prepareDirectory(dir, options.invocation);
    this.registry = new Registry(dir, options);
    this.#lock = new ProcessLock(join(dir, LEDGER_LOCK_FILE), {
      clock: options.clock,
      timeout_s: options.lock_timeout_s ?? DEFAULT_LOCK_TIMEOUT_S,
      jitter: options.jitter,
    });
    this.#seal = new LogSeal({ dir, keys, onEvent: onSealEvent });
  }

  /**
   * `decide` is called under the lock and must not wait for anything; once, unless another program appends at the very
   * moment, which voids what was decided. Throws {@link OperatorError} when the
   * record cannot be made durable; it is then not acknowledged, though its bytes may be there.
   */
  async transact<T>(
    decide: (view: ControlView) => Draft<T>,
    { reserve = false }: TransactOptions = {},
  ): Promise<Receipt<T>> {
    // Before anything else: looking at the logs takes a few bytes, too.
    if (reserve) useReserve(this.#options.dir);
    // Most of the catching up happens before the lock is taken, but only once: what is written while this process
    // lives is little, and doing it twice would only make writers compete for the registry.
    if (!this.#caughtUp) this.registry.sync();
    this.#caughtUp = true;
    this.#acts++;
    try {
      // A lone act waits for nothing but the disk, in this thread: many in a row would let nothing else have its turn.
      await nextTurn();
      const receipt = await this.#act((view) => {
        const draft = decide(view);
        return reserve ? { ...draft, reserve } : draft;
      });
      // The disk may have been freed just now; whoever fills it again does so at once.
      if (reserve) fillReserve(this.#options.dir);
      return receipt;
    } catch (error) {
      // Whatever the disk refused on the way, in the logs or beside them: nothing was acknowledged.
      throw logFailed(this.#options.dir, 'read', error);
    } finally {
      this.#acts--;
    }
  }

  async #act<T>(decide: (view: ControlView) => Draft<T>): Promise<Receipt<T>> {
    const { receipt, logs, losses, position } = await this.#alone(() => this.#decideAndAppend(decide));
    // As of now, before the sync begins: it covers what others have appended meanwhile, and one note may, too.
    const others = this.#seal.glance();
    await this.#sync(logs.audit);
    if (position) await this.#sealUpTo(position, others);
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

  /**
   * Has another key sign from now on, and says so in the log. Where the seal itself is gone or broken, the log is sealed
   * anew. Answers the new public key in note form; `undefined` when there is no place for one.
   */
  async replaceKey(): Promise<string | undefined> {
    const { keys = {} } = this.#options;
    const { dir, clock, jitter, lock_timeout_s: timeout_s = DEFAULT_LOCK_TIMEOUT_S } = this.#options;
    // Two at once would each put the other's key out of place.
    const alone = new ProcessLock(join(dir, REKEY_LOCK_FILE), { clock, timeout_s, jitter });
    try {
      return await alone.hold(() => this.#replaceKeyNow(keys));
    } finally {
      alone.close();
    }
  }

  async #replaceKeyNow(keys: KeyPlace): Promise<string | undefined> {
    const seal = this.#seal;
    const { dir } = this.#options;
    this.registry.sync();
    if (!(await this.#lock.run(() => this.#canGoOn()))) return this.#sealAnew(seal);
    const next = makeNextKey({ dir, keys, onMissing: () => undefined });
    if (!next) return undefined;
    const oldKey = seal.hasKey ? 'present' : 'gone';
    await this.transact(() => ({
      entries: [
        {
          actor: 'grace',
          action: ACTION.keyReplaced,
          resource: next.key.name,
          decision: { old_key: oldKey },
          metadata: { old: next.before ?? null, new: next.vkey },
        },
      ],
      value: undefined,
    }));
    const named = seal.glance()?.audit.lines ?? 0;
    await this.#sync(this.#openLogs().audit);
    await this.#lock.run(() => seal.changeKey(next, named));
    return next.vkey;
  }

  async #sealAnew(seal: LogSeal): Promise<string | undefined> {
    await this.#lock.run(() => seal.setAside(`broken-${this.#options.clock.now()}`));
    this.#sealsAnew = true;
    try {
      await this.transact(() => ({ value: undefined }));
    } finally {
      this.#sealsAnew = false;
    }
    return verifierKeys(this.#options.dir)
      .map((key) => formatVerifierKey(key))
      .at(-1);
  }

  close(): void {
    this.#copyNewestNote();
    this.registry.close();
    this.#lock.close();
    this.#seal.close();
    for (const log of [...this.#retired, ...Object.values(this.#logs ?? {})]) closeSync(log.fd);
    this.#retired.length = 0;
    this.#logs = undefined;
  }

  /** Under the lock; once more when a program that knows no lock has written at the same moment. */
  async #alone<T>(work: () => T): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#lock.run(work);
      } catch (error) {
        if (!(error instanceof InterruptedAppend)) throw error;
        if (attempt === MOST_ATTEMPTS) throw outrun(error.path);
      }
    }
  }

  #decideAndAppend<T>(decide: (view: ControlView) => Draft<T>) {
    const logs = this.#openLogs();
    const found = this.#takeIn(logs);
    const known = askedView((question) => {
      found.catchUp();
      return this.registry.control(question);
    });
    const view = { ...known, missingLines: () => [...known.missingLines(), ...found.cut] };
    const draft = decide(view);
    const { clock } = this.#options;
    const now = clock.now();

    const snapshots = snapshotLines(view, () => fstatSync(logs.incidents.fd).size, draft.incidents ?? []);
    const housekeeping = [...found.entries, ...this.#lossEntries(view, found)];
    const wanted = [...snapshots.bindings, ...(draft.entries ?? [])];
    // Before the log is sealed for the first time: that writes, too.
    if (housekeeping.length + wanted.length > 0) this.#requireSpace(draft.reserve === true);
    const isFirst = !found.position && (this.#sealsAnew || housekeeping.length + wanted.length > 0);
    const adopted = isFirst ? this.#adopt(view, logs.incidents) : this.#tellAdoption(view, found.position);
    const before = adopted?.position ?? found.position;
    const told = adopted?.entries ?? [];
    const isRotated = [...told, ...housekeeping].some(({ action }) => action === ACTION.logRotated);
    const standing = isRotated
      ? stillStanding(view, { ...{ boot_id: bootId(), ms: now }, elapsed_s: clock.elapsed() })
      : [];
    const drafts = [...told, ...housekeeping, ...standing, ...wanted];
    const firstLine = (before?.audit.lines ?? (drafts.length > 0 ? view.auditLines() : 0)) + 1;
    const entries = drafts.map((entry, i): AuditEntry => {
      const { actor, action, resource, decision, metadata } = entry;
      const entry_id = entryId(firstLine + i, now);
      return { entry_id, timestamp: formatInstant(now), actor, action, resource, decision, metadata };
    });
    const auditLines = entries.map((entry) => lineOf(entry, readAuditEntry, MAX_AUDIT_LINE_BYTES));

    // Everything was put into bytes before the first of them is written: a record that cannot be, harms no other.
    if (!found.isAsLeft || found.isCaughtUp) this.#lock.requireHeld();
    // A rotation came between the opening and the look: nothing is written into a file that is not the one that counts.
    if (before && !isSameFile(before.audit, logs.audit)) throw new InterruptedAppend(logs.audit.path);
    if (snapshots.bytes.length > 0) {
      appendAt(logs.incidents, snapshots.bytes, snapshots.offset);
      // Before anything vouches for them: after a power cut the audit log must not tell of lines that are not there.
      syncNow(logs.incidents);
    }
    if (auditLines.length > 0) appendAt(logs.audit, Buffer.concat(auditLines), before?.audit.bytes);
    const incidents = this.#incidentsNow(found, logs.incidents, snapshots.bytes.length);
    const position = before && this.#moveOn({ ...before, incidents }, auditLines, found.isAsLeft);

    const ownFrom = entries.length - (draft.entries?.length ?? 0);
    const kept = entries.slice(told.length, told.length + housekeeping.length);
    this.#recovered.push(...kept);
    const own = entries.slice(ownFrom);
    const receipt: Receipt<T> = {
      value: draft.value,
      entries: own.length > 0 ? own : kept,
      hashes: snapshots.hashes,
    };
    return { receipt, logs, losses: found.losses, position };
  }

  /** A full disk is told before anything is written to it, as long as the reserve is there to tell. */
  #requireSpace(mayUseReserve: boolean): void {
    const { dir } = this.#options;
    if (mayUseReserve) useReserve(dir);
    else if (isReserved(dir)) throw outOfSpace(dir);
  }

  /**
   * Looks whether anything stands in the logs that grace has not written: torn tails, lines of others, bytes that are
   * gone. When all is as grace left it, nothing is read; the registry is caught up when a question is asked of it.
   */
  #takeIn(logs: Record<LogName, OpenLog>) {
    const { standing, isAsLeft, cut } = this.#standing(logs);
    const found: Found = {
      position: standing,
      isAsLeft,
      cut,
      entries: [],
      losses: false,
      isCaughtUp: false,
      catchUp: () => undefined,
    };
    found.catchUp = () => {
      if (found.isCaughtUp) return;
      found.isCaughtUp = true;
      const { tails } = this.registry.sync({ quick: this.#lookedAtAll });
      this.#lookedAtAll = true;
      // The audit log's own end is looked after by who knows where grace stands in it.
      const torn = standing ? tails.filter(({ log }) => log === 'incidents') : tails;
      found.entries.push(...torn.flatMap((tail) => endTail(tail, logs[tail.log])));
      if (torn.length > 0) this.registry.sync();
    };
    if (this.#lookedAtAll && isAsLeft) return found;
    found.catchUp();
    if (standing) {
      const taken = takeInForeignLines(this.#options.dir, standing, logs.audit, (index, leaves) =>
        this.#seal.addLeaves(index, leaves),
      );
      found.position = taken.position;
      found.entries.push(...taken.entries);
    }
    return found;
  }

  /** Where grace stands in the audit log, if it is sealed, and whether both logs still end there. */
  #standing(logs: Record<LogName, OpenLog>): Standing {
    const position = this.#seal.position();
    if (!position) return { standing: undefined, isAsLeft: false, cut: [] };
    if (endsThere(position, logs)) return { standing: position, isAsLeft: true, cut: [] };
    const { dev, ino, bytes, first, lines } = position.audit;
    const stands = listSegments(this.#options.dir, 'audit').find((file) => file.dev === dev && file.ino === ino);
    const isWhole = stands !== undefined && stands.size >= bytes;
    this.#seal.untold(this.registry.control((view) => view.sealedAs()));
    const standing = isWhole ? position : this.#seal.relocate();
    const cut = standing === undefined && lines > first ? [{ from: first + 1, to: lines }] : [];
    return { standing: standing ?? position, isAsLeft: false, cut };
  }

  /** The seal is there, and what it says belongs to the log. */
  #canGoOn(): boolean {
    try {
      return this.#standing(this.#openLogs()).standing !== undefined;
    } catch (error) {
      if (error instanceof OperatorError && error.exit === EXIT.auditBroken) return false;
      throw error;
    }
  }

  /** Where the incident log ends now. */
  #incidentsNow({ position, isAsLeft }: Found, { dev, ino, fd }: OpenLog, appended: number): WrittenFile {
    if (isAsLeft && position) return { dev, ino, bytes: position.incidents.bytes + appended };
    return { dev, ino, bytes: fstatSync(fd).size };
  }

  #lossEntries(view: ControlView, found: Found): AuditDraft[] {
    if (!found.isCaughtUp) return [];
    const { losses } = this.registry.notes;
    found.losses = losses.length > 0;
    return losses.filter((loss) => !view.hasEntry(ACTION.logLossNoted, lossName(loss))).map(lossEntry);
  }

  /** Seals the log from here on, unless it says that it was sealed before: a seal that is gone is not made again. */
  #adopt(view: ControlView, incidents: OpenLog) {
    const replaces = view.sealedAs();
    if (replaces !== undefined && !this.#sealsAnew) {
      this.#seal.missing();
      return undefined;
    }
    const { dev, ino, fd } = incidents;
    const adopted = this.#seal.adopt({ dev, ino, bytes: fstatSync(fd).size });
    if (!adopted) return undefined;
    const { position, origin, vkey } = adopted;
    return { position, entries: this.#adoptionEntries({ origin, vkey, replaces }, position) };
  }

  /** The entry that a crash has kept from being written, between the first note and it. */
  #tellAdoption(view: ControlView, position: Position | undefined) {
    if (!position || this.#adoptionIsTold) return undefined;
    const replaces = view.sealedAs();
    const key = this.#seal.untold(replaces);
    this.#adoptionIsTold = true;
    if (!key) return undefined;
    const told = { origin: key.name, vkey: formatVerifierKey(key), replaces };
    return { position, entries: this.#adoptionEntries(told, position) };
  }

  /** Where older files are there, too, where this one begins: they may be put away one day. */
  #adoptionEntries(told: Parameters<typeof adoptionEntry>[1], { audit }: Position): AuditDraft[] {
    const { dir } = this.#options;
    const adoption = adoptionEntry(dir, told, audit.lines);
    return audit.first > 0 ? [adoption, rotated(logPath(dir, 'audit'), audit.first)] : [adoption];
  }

  /** The leaves of what was just appended, and then that it is ours. */
  #moveOn(before: Position, auditLines: readonly Buffer[], isAsLeft: boolean): Position {
    // An empty file does not show that the one before it has gone: grace stands there when it has written into it.
    const isEmpty = before.audit.first > 0 && before.audit.lines === before.audit.first;
    if (auditLines.length === 0 && (isAsLeft || isEmpty)) return before;
    const { audit } = before;
    if (auditLines.length > 0) {
      this.#seal.addLeaves(
        audit.lines,
        auditLines.map((line) => leafHash(line.subarray(0, line.length - 1))),
      );
    }
    const bytes = auditLines.reduce((sum, line) => sum + line.length, audit.bytes);
    const position: Position = { ...before, audit: { ...audit, bytes, lines: audit.lines + auditLines.length } };
    this.#seal.moveTo(position);
    return position;
  }

  /** All lines up to there are on the disk; a note that covers them comes next, and is waited for. */
  async #sealUpTo(own: Position, others: Position | undefined): Promise<void> {
    const seal = this.#seal;
    const isSameFile = others?.audit.ino === own.audit.ino && others.audit.dev === own.audit.dev;
    const size = Math.max(own.audit.lines, isSameFile ? others.audit.lines : 0);
    // Who has no key signs nothing, which shows under the lock. Another act may have sealed this one's lines, too.
    const isCovered = () => (seal.glance()?.sealed ?? 0) >= own.audit.lines;
    await this.#lock.runUnless(isCovered, () => seal.seal(size));
    await seal.syncNotes(this.#acts <= 1);
  }

  #copyNewestNote(): void {
    if (!this.#seal.hasNewNotes) return;
    try {
      this.#lock.runBlocking(() => this.#seal.copyNewest());
    } catch (error) {
      // It is a copy: the note itself is where it belongs, and the next writer makes the copy anew.
      if (!(error instanceof OperatorError) && systemErrorSentence(error) === undefined) throw error;
    }
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

  /** Incident lines were synced before they were vouched for; what was decided may rest on audit lines of others. */
  async #sync(audit: OpenLog): Promise<void> {
    try {
      await syncData(audit.fd, this.#acts <= 1);
    } catch (error) {
      throw logFailed(audit.path, 'synced', error);
    }
  }
}

function outrun(path: string): OperatorError {
  return new OperatorError('GRACE_OUTRUN', EXIT.locked, `another program writes to ${path} all the time`, {
    hint: `fuser -v ${shellArguments(path)}   # grace could not get a line of its own in between`,
  });
}

function outOfSpace(dir: string): OperatorError {
  const message = `${dir} is on a full disk, and what is left is kept for what frees it: nothing was recorded`;
  return new OperatorError('GRACE_DISK_FULL', EXIT.badAnswer, message, { hint: `df -h ${shellArguments(dir)}` });
}

const MOST_ATTEMPTS = 20;

interface Standing {
  readonly standing: Position | undefined;
  readonly isAsLeft: boolean;
  /** Lines that grace has written into a file that is not there, or not as it was. */
  readonly cut: readonly AuditGap[];
}

/** What was found before the decision. */
interface Found {
  /** Where grace stands after it; `undefined` when the log is not sealed. */
  position: Position | undefined;
  /** Nothing was found: both logs end where grace left them. */
  readonly isAsLeft: boolean;
  readonly cut: readonly AuditGap[];
  entries: AuditDraft[];
  losses: boolean;
  isCaughtUp: boolean;
  catchUp: () => void;
}

function isSameFile(a: { dev: number; ino: number }, b: { dev: number; ino: number }): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** Both live files are those that grace wrote last, and no longer than it left them. */
function endsThere(position: Position, logs: Record<LogName, OpenLog>): boolean {
  return LOG_NAMES.every((log) => {
    const { dev, ino, bytes } = position[log];
    return logs[log].dev === dev && logs[log].ino === ino && fstatSync(logs[log].fd).size === bytes;
  });
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
