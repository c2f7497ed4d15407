import type { Edit } from './bundle.js';

const LEDGER = 'src/core/ledger.ts';

/** Bugs that the harness has to find. Each is one that a hurried programmer could write. */

/** The next record glues itself to what a crash has left. */
export const NO_NEWLINE_GUARD: readonly Edit[] = [
  { file: 'src/core/recovery/torn-tail.ts', find: "appendBytes(file, Buffer.from('\\n'));", put: 'void appendBytes;' },
];

/** The next note glues itself to one that was cut short, where no reader finds it. */
export const NO_NOTE_GUARD: readonly Edit[] = [
  { file: 'src/core/seal/note-file.ts', find: "isCut ? '\\n' : ''", put: "isCut ? '' : ''" },
];

/** A record is acknowledged that only the page cache has seen. */
export const NO_SYNC: readonly Edit[] = [
  {
    file: 'src/core/journal/sync.ts',
    find: 'if (alone) {',
    put: 'if (fd >= 0) return;\n  if (alone) {',
  },
];

/** Entries vouch for incident lines that only the page cache has seen. */
export const VOUCHED_BEFORE_SYNC: readonly Edit[] = [
  { file: LEDGER, find: 'syncNow(logs.incidents);', put: 'void syncNow;' },
];

const SYNC = 'await this.#sync(logs.audit);';
const SEAL = 'if (position) await this.#sealUpTo(position, others);';

/** A note is signed for lines that only the page cache has seen. */
export const NOTE_BEFORE_SYNC: readonly Edit[] = [
  { file: LEDGER, find: SYNC, put: SEAL },
  { file: LEDGER, find: `others);\n    ${SEAL}`, put: `others);\n    ${SYNC}` },
];

/** A record is acknowledged, and its note comes when it comes. */
export const ACKNOWLEDGED_BEFORE_NOTE: readonly Edit[] = [
  {
    file: LEDGER,
    find: SEAL,
    put: 'if (position) setImmediate(() => this.#sealUpTo(position, others).catch(() => {}));',
  },
];

/** A note is written, and nobody waits until it is on the disk. */
export const NO_NOTE_SYNC: readonly Edit[] = [
  { file: 'src/core/seal/note-file.ts', find: 'await syncData(this.#fd, alone);', put: 'void [alone, syncData];' },
];

const APPEND_ENTRIES =
  'if (auditLines.length > 0) appendAt(logs.audit, Buffer.concat(auditLines), before?.audit.bytes);';
const MOVE_ON = `const incidents = this.#incidentsNow(found, logs.incidents, snapshots.bytes.length);
    const position = before && this.#moveOn({ ...before, incidents }, auditLines, found.isAsLeft);`;

/** Where grace stands is written down before it stands there. */
export const POSITION_FIRST: readonly Edit[] = [
  { file: LEDGER, find: `${APPEND_ENTRIES}\n    ${MOVE_ON}`, put: `${MOVE_ON}\n    ${APPEND_ENTRIES}` },
];

/** Whatever stands in the log when the next writer comes is taken for something that grace has written. */
export const FOREIGN_AS_OWN: readonly Edit[] = [
  {
    file: 'src/core/recovery/foreign-lines.ts',
    find: 'if (taken > 0) entries.push(',
    put: 'if (taken < 0) entries.push(',
  },
];

/** The cursor says that the rows are there, and they are not yet. */
export const CURSOR_APART: readonly Edit[] = [
  {
    file: 'src/core/registry/sync.ts',
    find: 'const fold = this.#foldOf(log);',
    put: `let ahead = 0;
    const reach = readLines(file.fd, folded, to, { line: () => void ahead++, tooLong: () => void ahead++ });
    const ends = fingerprint(file.fd, reach);
    this.#move.run(log, ordinal, file.dev, file.ino, reach, first, lines + ahead, ends.head, ends.tail);
    this.#db.exec('COMMIT');
    this.#db.exec('BEGIN IMMEDIATE');
    const fold = this.#foldOf(log);`,
  },
];

const LOCK = 'src/core/journal/lock.ts';

/** Look whether the holder of a file with a pid lives; if not, write our own. */
export const PID_FILE_LOCK: readonly Edit[] = [
  {
    file: LOCK,
    find: "import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';",
    put: "import { existsSync, lstatSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';",
  },
  { file: LOCK, find: 'this.#take.run();', put: 'if (!tookPidFile(this.path)) return false;' },
  { file: LOCK, find: 'this.#free.run();', put: 'rmSync(this.path + ".pid", { force: true });', times: 3 },
  {
    file: LOCK,
    find: 'function openLockFile(path: string)',
    put: `function tookPidFile(path: string): boolean {
  const file = path + '.pid';
  try {
    if (existsSync(file)) {
      process.kill(Number(readFileSync(file, 'utf8')), 0);
      return false;
    }
  } catch {
    // Its holder has died: take it over.
  }
  napMs(0.5);
  writeFileSync(file, String(process.pid));
  return true;
}

function openLockFile(path: string)`,
  },
];

/** Whoever asks may act. */
export const ALWAYS_GRANTED: readonly Edit[] = [
  {
    file: 'src/core/records/claim.ts',
    find: 'const { incident, open } = situation;',
    put: 'if (situation.incident) return { granted: true };\n  const { incident, open } = situation;',
  },
];

/** The lock guards the writing, not the deciding. */
export const DECIDED_OUTSIDE_THE_LOCK: readonly Edit[] = [
  {
    file: LEDGER,
    find: 'await this.#alone(() => this.#decideAndAppend(decide));',
    put: `await (async () => {
      this.registry.sync();
      const draft = this.registry.control(decide);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      return this.#alone(() => this.#decideAndAppend(() => draft));
    })();`,
  },
];
