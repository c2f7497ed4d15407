import type { Edit } from './bundle.js';

/** Bugs that the harness has to find. Each is one that a hurried programmer could write. */

/** The next record glues itself to what a crash has left. */
export const NO_NEWLINE_GUARD: readonly Edit[] = [
  { file: 'src/core/ledger.ts', find: "appendBytes(file, Buffer.from('\\n'));", put: 'void file;' },
];

/** A record is acknowledged that only the page cache has seen. */
export const NO_SYNC: readonly Edit[] = [
  {
    file: 'src/core/journal/sync.ts',
    find: 'fdatasync(fd, (error) => (error ? reject(error) : resolve()));',
    put: 'void [fd, fdatasync, reject]; resolve();',
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
    this.#move.run(log, ordinal, file.dev, file.ino, reach, lines + ahead, ends.head, ends.tail);
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
    find: "import { lstatSync, readFileSync, statSync } from 'node:fs';",
    put: "import { existsSync, lstatSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';",
  },
  { file: LOCK, find: "this.#db.exec('BEGIN IMMEDIATE');", put: 'if (!tookPidFile(this.path)) return false;' },
  { file: LOCK, find: "this.#db.exec('ROLLBACK');", put: 'rmSync(this.path + ".pid", { force: true });', times: 2 },
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
    file: 'src/core/ledger.ts',
    find: 'await this.#lock.run(() => this.#decideAndAppend(decide));',
    put: `await (async () => {
      this.registry.sync();
      const draft = this.registry.control(decide);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      return this.#lock.run(() => this.#decideAndAppend(() => draft));
    })();`,
  },
];
