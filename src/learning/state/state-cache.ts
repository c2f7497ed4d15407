import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { openRegular, readSmallFile } from '../../core/journal/small-file.js';
import { ACTION } from '../../core/records/audit-actions.js';
import { isJsonObject } from '../../core/records/json.js';
import type { ControlEntry, ControlView } from '../../core/registry/queries/control.js';
import { foldEntry } from './fold.js';
import { type LearnState, NOTHING_LEARNED } from './learn-state.js';
import { stateHash } from './state-hash.js';

/** A copy of what the learner's entries come to. Nothing is lost with it but time. */
export const STATE_FILE = 'learning-state.json';

const SCHEMA = 'grace.learn_state/1';
/** Entries that are held at once: of a million outcomes, too, no more than a page. */
const PAGE = 500;
const MOST_BYTES = 1 << 27;
/** The first line of the file, which is all that most ticks read. */
const MOST_SEEN_BYTES = 4096;
/** What a writer left aside that was killed so long ago is removed. */
const LITTER_MS = 60_000;

/** The state behind one `learning_tick`, which stands on that line of the audit log and says that hash. */
export interface Checkpoint {
  readonly line: number;
  readonly sha256: string;
  readonly state: LearnState;
  /** Entry id of the first of the learner's entries: another one, and the beginning of the log has been put away. */
  readonly first: string;
}

/** A tick found nothing to do, and until when that holds unless something changes. */
export interface Seen {
  /** SHA-256 of everything that a tick rests on but the time. */
  readonly inputs: string;
  readonly boot_id: string;
  /** Milliseconds since 1970. */
  readonly from_ms: number;
  /** Whichever comes first on either clock. */
  readonly until: { readonly elapsed_s: number; readonly ms: number };
}

/** When stored probes were looked at last, and what was in force. */
export interface Advised {
  /** Milliseconds since 1970. */
  readonly ms: number;
  readonly config_version: string;
}

export interface Cached {
  readonly checkpoint: Checkpoint | undefined;
  readonly seen: Seen | undefined;
  readonly advised: Advised | undefined;
}

/** The learner's entries folded up to a line. */
export interface Folded {
  readonly line: number;
  readonly state: LearnState;
  readonly first: string | undefined;
  /** The newest tick among them, and the state there: not proven yet to be what it says. */
  readonly tick: Checkpoint | undefined;
}

const NOTHING_FOLDED: Folded = { line: 0, state: NOTHING_LEARNED, first: undefined, tick: undefined };

/** Folds what has come since. Begins anew where `before` is no part of this log. Total: what is malformed changes nothing. */
export function foldOn(view: ControlView, before: Folded | undefined): Folded {
  const first = view.learnerEntries(0, 1)[0]?.entry_id;
  let folded = before !== undefined && before.first === first ? before : { ...NOTHING_FOLDED, first };
  for (;;) {
    const entries = view.learnerEntries(folded.line, PAGE);
    for (const entry of entries) folded = withEntry(folded, entry);
    if (entries.length < PAGE) return folded;
  }
}

function withEntry({ state: before, first, tick }: Folded, entry: ControlEntry): Folded {
  const { line, action, metadata } = entry;
  const state = foldEntry(before, entry);
  const isTick = action === ACTION.learningTick && typeof metadata.state === 'string' && first !== undefined;
  return { line, state, first, tick: isTick ? { line, sha256: String(metadata.state), state, first } : tick };
}

/** What was folded up to the newest tick, as far as that tick says the same. */
export function checkpointOf({ tick }: Folded): Checkpoint | undefined {
  return tick !== undefined && stateHash(tick.state) === tick.sha256 ? tick : undefined;
}

/** Where to go on from. A state that no tick in the log vouches for is not looked at. */
export function startOf(view: ControlView, { checkpoint }: Cached): Folded | undefined {
  if (checkpoint === undefined) return undefined;
  const { line, sha256, state, first } = checkpoint;
  const [said] = view.learnerEntries(line - 1, 1);
  if (said?.line !== line || said.action !== ACTION.learningTick || said.metadata.state !== sha256) return undefined;
  if (!isState(state) || stateHash(state) !== sha256) return undefined;
  return { line, state, first, tick: checkpoint };
}

/** Not what it holds, which its hash vouches for: only that there is something to be hashed. */
function isState(state: unknown): state is LearnState {
  return isJsonObject(state);
}

export function readCached(dir: string): Cached {
  try {
    const text = readSmallFile(join(dir, STATE_FILE), MOST_BYTES)?.toString('utf8');
    const value: unknown = text === undefined ? undefined : JSON.parse(text);
    if (!isJsonObject(value) || value.schema !== SCHEMA) return NOTHING_CACHED;
    const { line, sha256, first, state, seen, advised } = value;
    const isWhole =
      Number.isSafeInteger(line) && typeof sha256 === 'string' && typeof first === 'string' && isState(state);
    const checkpoint = isWhole ? { line: Number(line), sha256, first, state } : undefined;
    return { checkpoint, seen: seenOf(seen), advised: advisedOf(advised) };
  } catch {
    return NOTHING_CACHED;
  }
}

export const NOTHING_CACHED: Cached = { checkpoint: undefined, seen: undefined, advised: undefined };

/** The same without the state, which may be large: it stands behind the first line. */
export function readSeen(dir: string): Seen | undefined {
  try {
    const fd = openRegular(join(dir, STATE_FILE), constants.O_RDONLY);
    if (fd === undefined) return undefined;
    const bytes = Buffer.alloc(MOST_SEEN_BYTES);
    const text = bytes.toString('utf8', 0, readOnce(fd, bytes));
    const value: unknown = JSON.parse(`${text.slice(0, text.indexOf('\n')).replace(/,$/, '')}}`);
    return isJsonObject(value) && value.schema === SCHEMA ? seenOf(value.seen) : undefined;
  } catch {
    return undefined;
  }
}

function readOnce(fd: number, into: Buffer): number {
  try {
    return readSync(fd, into, 0, into.length, 0);
  } finally {
    closeSync(fd);
  }
}

function seenOf(value: unknown): Seen | undefined {
  if (!isJsonObject(value) || !isJsonObject(value.until)) return undefined;
  const { inputs, boot_id, from_ms } = value;
  const { elapsed_s, ms } = value.until;
  if (typeof inputs !== 'string' || typeof boot_id !== 'string' || typeof from_ms !== 'number') return undefined;
  if (typeof elapsed_s !== 'number' || typeof ms !== 'number') return undefined;
  return { inputs, boot_id, from_ms, until: { elapsed_s, ms } };
}

function advisedOf(value: unknown): Advised | undefined {
  if (!isJsonObject(value)) return undefined;
  const { ms, config_version } = value;
  return typeof ms === 'number' && typeof config_version === 'string' ? { ms, config_version } : undefined;
}

/**
 * Only what has been acknowledged. Nothing rests on it: that it cannot be written is no error, and it is not synced.
 * `unique` is a text that no other process uses at this time.
 */
export function writeCached(dir: string, { checkpoint, seen, advised }: Cached, unique: string): void {
  const { line = 0, sha256 = null, first = null, state = null } = checkpoint ?? {};
  const head = JSON.stringify({ schema: SCHEMA, advised: advised ?? null, seen: seen ?? null });
  const rest = JSON.stringify({ line, sha256, first, state });
  const aside = join(dir, `${STATE_FILE}.${unique}.new`);
  try {
    removeLitter(dir);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const fd = openSync(aside, flags, 0o640);
    try {
      writeAll(fd, Buffer.from(`${head.slice(0, -1)},\n${rest.slice(1)}\n`));
    } finally {
      closeSync(fd);
    }
    renameSync(aside, join(dir, STATE_FILE));
  } catch {
    rmQuietly(aside);
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}

function removeLitter(dir: string): void {
  for (const name of readdirSync(dir)) {
    if (!name.startsWith(`${STATE_FILE}.`) || !name.endsWith('.new')) continue;
    const stat = statSync(join(dir, name), { throwIfNoEntry: false });
    // By the clock of the file system alone: no other is known here.
    const now = statSync(dir).mtimeMs;
    if (stat !== undefined && now - stat.mtimeMs > LITTER_MS) rmQuietly(join(dir, name));
  }
}

function rmQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It is in nobody's way.
  }
}
