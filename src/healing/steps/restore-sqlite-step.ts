import { lstat, rename, rm } from 'node:fs/promises';
import type { StepSpecs } from '../../core/config/schema/playbook-schema.js';
import type { Clock } from '../../core/host/clock.js';
import type { Step, StepOrder, StepResult } from '../playbook.js';
import { troubleOf } from '../regular-file.js';
import { lookAtSqlite, type SqliteState, settleSqlite } from '../sqlite-look.js';
import { copyBeside, whatStandsAt } from './copy-beside.js';
import { endFileHolders } from './end-file-holders.js';
import { findFileHolders } from './file-holders.js';
import { type FilePlace, openPlace } from './file-place.js';
import type { FileId } from './open-files.js';

export const RESTORE_SQLITE_TIMEOUT_S = 600;

/** A database that others write to is busy now and then. */
const LOCK_WITHIN_S = 2;
/** From SIGTERM to SIGKILL. */
const GRACE_S = 5;
/** Ends the name of the former database. */
const BEFORE = '.grace-before';
/** What SQLite keeps beside a database, in the order in which they are moved with it. */
const COMPANIONS = ['-journal', '-wal', '-shm'] as const;

export interface RestoreSqliteSpec {
  readonly name: string;
  readonly restore_sqlite: StepSpecs['restore_sqlite'];
  readonly timeout_s?: number | undefined;
  readonly repeatable?: boolean | undefined;
  /** A database is locked if no write lock can be had within so long. */
  readonly lock_within_s?: number | undefined;
  /** Holders get SIGTERM first, and SIGKILL after this time. */
  readonly grace_s?: number | undefined;
}

/**
 * Makes a database usable again with the least that will do: nothing if it is sound and can be written; ending who holds
 * it; working in its log of changes; and only if it is corrupt then, putting a backup in its place that was looked through
 * before. The former database stays beside it as `.grace-before`, with its companions.
 */
export function restoreSqliteStep(spec: RestoreSqliteSpec, clock: Clock): Step {
  const { name, restore_sqlite, timeout_s = RESTORE_SQLITE_TIMEOUT_S, repeatable = true } = spec;
  const { path, from, end_holders } = restore_sqlite;
  const holders =
    end_holders.length === 0 ? '' : `unsaved work of ${end_holders.join(' and ')}, if they hold ${path}; `;
  return {
    name,
    destroys: `${holders}if ${path} is corrupt, what was written to it since ${from} was made; it is kept as ${beforeOf(path)} until the next time`,
    repeatable,
    timeout_s,
    deletesData: true,
    async run({ stop, marker }) {
      const { lock_within_s = LOCK_WITHIN_S, grace_s = GRACE_S } = spec;
      const until = clock.elapsed() + timeout_s;
      const place = openPlace(path);
      if ('trouble' in place) return { outcome: 'failed', exit: `${path}: ${place.trouble.sentence}` };
      const backup = openPlace(from);
      const props = { clock, stop, marker, until, lock_within_s, grace_s };
      try {
        if ('trouble' in backup) return { outcome: 'failed', exit: `${from}: ${backup.trouble.sentence}` };
        const restoration = new Restoration(place, backup, end_holders, props);
        try {
          return await restoration.run();
        } catch (error) {
          return restoration.failed(`${path}: ${troubleOf(error).sentence}`);
        }
      } finally {
        await removeAside(place).catch(() => {});
        place.directory.close();
        if (!('trouble' in backup)) backup.directory.close();
      }
    },
  };
}

interface Props {
  readonly clock: Clock;
  readonly stop: StepOrder['stop'];
  readonly marker: string;
  /** Monotonic seconds. */
  readonly until: number;
  readonly lock_within_s: number;
  readonly grace_s: number;
}

class Restoration {
  readonly #place: FilePlace;
  readonly #from: FilePlace;
  readonly #mayEnd: readonly string[];
  readonly #props: Props;
  #ended: number[] = [];

  constructor(place: FilePlace, from: FilePlace, mayEnd: readonly string[], props: Props) {
    this.#place = place;
    this.#from = from;
    this.#mayEnd = mayEnd;
    this.#props = props;
  }

  async run(): Promise<StepResult> {
    const { path } = this.#place;
    const from = this.#from.path;
    const standing = await whatStandsAt(this.#place);
    if (standing.kind === 'refused') return this.failed(standing.reason);
    const backup = await whatStandsAt(this.#from);
    if (backup.kind === 'refused') return this.failed(backup.reason);
    if (backup.kind === 'nothing') return this.failed(`the backup ${from} is missing`);
    if (standing.kind === 'file') {
      const { stats } = standing;
      if (stats.dev === backup.stats.dev && stats.ino === backup.stats.ino) {
        return this.failed(`${from} and ${path} are one and the same file`);
      }
    }
    const found = await this.#look();
    if (found.kind === 'sound') return this.#worked(`${path} is sound and can be written; nothing was restored`);
    if (isOver(found)) return this.#over(found);
    if (found.kind === 'unreadable') return this.failed(`${path}: ${found.detail}`);

    // Before anybody is ended for it.
    const isGone = found.kind === 'missing' || found.kind === 'corrupt';
    const early = isGone ? await this.#prepare() : undefined;
    if (early !== undefined) return early;
    const held = await this.#endHolders(await idsOf(this.#place));
    if (held !== undefined) return held;

    if (found.kind !== 'missing') {
      const settled = await settleSqlite(this.#place.real, this.#order());
      if (settled.kind === 'sound') return this.#worked(`${path} is sound; nothing was restored`);
      if (isOver(settled)) return this.#over(settled);
      // Anything but damage a backup does not mend.
      if (settled.kind !== 'corrupt') return this.failed(`${path}: ${detailOf(settled)}; nothing was restored`);
    }
    const late = isGone ? undefined : await this.#prepare();
    return late ?? this.#replace();
  }

  #look(): Promise<SqliteState> {
    const lock_within_ms = this.#props.lock_within_s * 1000;
    return lookAtSqlite(this.#place.real, { ...this.#order(), integrity: 'full', lock_within_ms });
  }

  /** Makes the copy that will take the place, whole and looked through; `undefined` if it is there. */
  async #prepare(): Promise<StepResult | undefined> {
    const from = this.#from.path;
    const standing = await whatStandsAt(this.#place);
    const aside = asideOf(this.#place);
    await removeAside(this.#place);
    const journal = await whatStandsAt(this.#from.beside('-journal'));
    if (journal.kind === 'file' && journal.stats.size > 0) {
      return this.failed(`the backup ${from} was taken in the middle of a change: ${from}-journal lies beside it`);
    }
    const like = standing.kind === 'file' ? standing.stats : undefined;
    for (const suffix of ['', '-wal']) {
      const part = this.#from.beside(suffix);
      if (suffix !== '' && (await whatStandsAt(part)).kind === 'nothing') continue;
      const copied = await copyBeside({ from: part, to: aside.beside(suffix), like, ...this.#props });
      if (copied.kind === 'refused') return this.failed(copied.reason);
      if (copied.kind !== 'copied') return this.#over(copied);
    }
    const state = await settleSqlite(aside.real, this.#order());
    if (isOver(state)) return this.#over(state);
    if (state.kind === 'sound') return undefined;
    return this.failed(`the backup ${from} is not sound: ${detailOf(state)}; nothing was replaced`);
  }

  async #replace(): Promise<StepResult> {
    const { path } = this.#place;
    const from = this.#from.path;
    const former = await idsOf(this.#place);
    const { holders, hiddenLockers } = await findFileHolders(former);
    const [holder] = [...holders.map(({ pid }) => pid), ...hiddenLockers];
    if (holder !== undefined) return this.failed(`pid ${holder} has opened ${path} meanwhile; nothing was replaced`);
    if (this.#props.stop.aborted) return this.#over({ kind: 'stopped' });
    if (this.#props.clock.elapsed() >= this.#props.until) return this.#over({ kind: 'timed_out' });

    await replace(this.#place);

    // Who came between the last look and the replacing works on a file that nobody else sees.
    const held = await this.#endHolders(former);
    if (held !== undefined) return { ...held, exit: `restored ${path} from ${from}, but ${held.exit}` };
    const state = await this.#look();
    // Whoever was started anew may have it locked already: of its structure nothing bad was found before.
    if (state.kind !== 'sound' && state.kind !== 'locked') {
      return this.failed(`restored ${path} from ${from}, but afterwards: ${detailOf(state)}`);
    }
    const kept = former.length === 0 ? 'there was none before' : `the former one is kept as ${beforeOf(path)}`;
    return this.#worked(`restored ${path} from ${from}; ${kept}`);
  }

  async #endHolders(files: readonly FileId[]): Promise<StepResult | undefined> {
    const { path } = this.#place;
    const result = await endFileHolders({ files, path, only: this.#mayEnd, ...this.#props });
    this.#ended.push(...result.ended);
    if (result.kind === 'free') return undefined;
    if (result.kind === 'timed_out') return { outcome: 'timed_out', exit: this.#told(result.reason) };
    return this.failed(result.reason);
  }

  failed(reason: string): StepResult {
    return { outcome: 'failed', exit: this.#told(reason) };
  }

  #worked(what: string): StepResult {
    return { outcome: 'worked', exit: this.#told(what) };
  }

  #over({ kind }: { kind: 'timed_out' | 'stopped' }): StepResult {
    if (kind === 'stopped') return this.failed('interrupted; nothing was replaced');
    return { outcome: 'timed_out', exit: this.#told('out of time; nothing was replaced') };
  }

  /** An act must not go unmentioned. */
  #told(what: string): string {
    return this.#ended.length === 0 ? what : `${what}; ended ${this.#ended.map((pid) => `pid ${pid}`).join(', ')}`;
  }

  #order() {
    const { clock, stop, marker, until } = this.#props;
    return { clock, stop, marker, timeout_ms: Math.max(1, Math.round((until - clock.elapsed()) * 1000)) };
  }
}

/**
 * The former database goes before its log of changes: without that log it may be half of what it was. And the log goes
 * before the new database comes, into which it would be worked. What a run that was cut off here has moved already stays.
 */
async function replace(place: FilePlace): Promise<void> {
  const before = place.beside(BEFORE);
  const moved: string[] = [];
  try {
    if ((await whatStandsAt(place)).kind === 'file') {
      for (const suffix of ['', ...COMPANIONS]) await rm(before.beside(suffix).at, { force: true });
      await rename(place.at, before.at);
      moved.push('');
    }
    for (const suffix of COMPANIONS) {
      const companion = place.beside(suffix);
      if ((await whatStandsAt(companion)).kind !== 'file') continue;
      await rename(companion.at, before.beside(suffix).at);
      moved.push(suffix);
    }
    await rename(asideOf(place).at, place.at);
  } catch (error) {
    for (const suffix of moved.reverse()) {
      await rename(before.beside(suffix).at, place.beside(suffix).at).catch(() => {});
    }
    throw error;
  }
  place.syncName();
}

/** Of the database and its companions, as far as they are there. */
async function idsOf(place: FilePlace): Promise<FileId[]> {
  const ids: FileId[] = [];
  for (const suffix of ['', ...COMPANIONS]) {
    try {
      const { dev, ino } = await lstat(place.beside(suffix).at, { bigint: true });
      ids.push({ dev, ino });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return ids;
}

async function removeAside(place: FilePlace): Promise<void> {
  for (const suffix of ['', ...COMPANIONS]) await rm(asideOf(place).beside(suffix).at, { force: true });
}

function isOver(state: SqliteState): state is Extract<SqliteState, { kind: 'timed_out' | 'stopped' }> {
  return state.kind === 'timed_out' || state.kind === 'stopped';
}

function detailOf(state: SqliteState): string {
  return 'detail' in state ? state.detail : state.kind;
}

function beforeOf(path: string): string {
  return `${path}${BEFORE}`;
}

function asideOf(place: FilePlace): FilePlace {
  return place.beside('.grace-new');
}
