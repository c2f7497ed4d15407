import { closeSync, constants, existsSync, fstatSync, openSync, renameSync, statSync } from 'node:fs';
import type { Checkpoint } from '../audit/checkpoint.js';
import { CompactRange } from '../audit/compact-range.js';
import { HASH_BYTES } from '../audit/hash.js';
import { formatVerifierKey, type SigningKey, type VerifierKey } from '../audit/keys.js';
import { signCheckpoint } from '../audit/signed-checkpoint.js';
import { TILE_WIDTH } from '../audit/tile.js';
import { EXIT, OperatorError } from '../errors.js';
import { logFailed } from '../journal/append.js';
import { replaceFile, writeWhole } from '../journal/replace-file.js';
import { fsyncDirectory } from '../journal/sync.js';
import { shellArguments } from '../shell-quoted.js';
import { cutShort } from './cut-short.js';
import type { KeyPlace } from './key-file.js';
import { lastLeaves } from './last-leaves.js';
import { newestOwnNote, type OwnNote } from './newest-own-note.js';
import { hasNotes, NoteFile } from './note-file.js';
import { formatPosition, type Position, readPosition, UNKNOWN_FILE, type WrittenFile } from './position.js';
import { givesRoot, recoverTree, treeOfLog } from './recover-tree.js';
import { samePlace } from './same-place.js';
import type { SealEvent } from './seal-event.js';
import { keyForNewLog, type NextKey, putInPlace, retireNamed, type SealKeyOptions, signingKeyOf } from './seal-keys.js';
import { SIDECAR_FILE, sidecarPath } from './sidecar.js';
import { TreeFiles } from './tree-files.js';
import { verifierKeys } from './verifier-keys.js';

export interface LogSealOptions {
  readonly dir: string;
  readonly keys: KeyPlace;
  readonly onEvent: (event: SealEvent) => void;
}

interface OpenSeal {
  readonly origin: string;
  readonly ino: number;
  readonly positionFd: number;
  readonly notes: NoteFile;
  tree: TreeFiles;
  /** The tree as far as this process has followed it. */
  range: CompactRange;
  readonly key: SigningKey | undefined;
}

/**
 * The seal of one audit log, for the ledger: where grace stands in the log, the leaves of what it appends, and the signed
 * notes. Every method but {@link syncNotes} and {@link glance} is called under the ledger's lock.
 */
export class LogSeal {
  readonly #options: LogSealOptions & SealKeyOptions;
  #open: OpenSeal | undefined;
  readonly #retired: NoteFile[] = [];
  #told = false;
  /** Notes were signed of which `checkpoint` is not yet the copy. */
  #copyIsOld = false;

  constructor(options: LogSealOptions) {
    this.#options = { ...options, onMissing: (why) => this.#tell({ kind: 'unsigned', verdict: 'NO KEY', why }) };
  }

  /** Whether this process has the key that signs. */
  get hasKey(): boolean {
    return this.#open?.key !== undefined;
  }

  /** Where grace stands; `undefined` when the log is not sealed. Throws `GRACE_SEAL_BROKEN` when it cannot be told. */
  position(): Position | undefined {
    const seal = this.#openSeal();
    if (!seal) return undefined;
    const read = readPosition(seal.positionFd);
    const isRight = read?.notes === seal.notes.size;
    const position = isRight ? read : this.#putRight();
    if (!isRight) this.#require().notes.mayBeCut = true;
    this.#followTiles(position);
    return position;
  }

  /**
   * The public key of a seal that the log does not tell of, because a crash came between its first note and the entry.
   * `sealedAs` is what the log says. Throws `GRACE_SEAL_BROKEN` when the seal is that of another log.
   */
  untold(sealedAs: string | undefined): VerifierKey | undefined {
    const { origin, notes } = this.#require();
    if (sealedAs === origin) return undefined;
    const first = notes.newest(origin);
    const isNew = first?.offset === 0 && givesRoot(this.#options.dir, first.checkpoint);
    if (isNew) return verifierKeys(this.#options.dir).at(-1);
    // The file with the entry that told of it may have been put away.
    if (sealedAs === undefined) return undefined;
    throw broken(this.#options.dir, `it is the seal of ${origin}, and the log says that it was sealed as ${sealedAs}`);
  }

  /** The log has been sealed before, by what it says itself, and what sealed it is not there. */
  missing(): void {
    const { dir } = this.#options;
    const why = hasNotes(dir)
      ? `${sidecarPath(dir, SIDECAR_FILE.vkey)} is not there: it is the public key, as it was printed`
      : `${sidecarPath(dir)} holds no signed note`;
    this.#tell({ kind: 'unsigned', verdict: 'NO SEAL', why });
  }

  /**
   * Seals a log for the first time: its lines become leaves as they are, and a first note covers them. `undefined` when
   * there is no place for a key. `incidents` is where that log ends.
   */
  adopt(incidents: WrittenFile): { position: Position; origin: string; vkey: string } | undefined {
    return this.#writing(() => this.#adoptNow(incidents));
  }

  #adoptNow(incidents: WrittenFile) {
    const { dir } = this.#options;
    const made = keyForNewLog(this.#options);
    if (!made) return undefined;
    const { key, keyFile } = made;
    const vkey = formatVerifierKey(key);
    const { tree, audit } = treeOfLog(dir);
    const range = tree.rangeAt(audit.lines);
    const notes = NoteFile.open(dir, 'create');
    if (!range || !notes) throw new Error('the seal that was just written cannot be read');
    const note = signCheckpoint({ origin: key.name, size: audit.lines, root: range.root() }, [key]);
    const size = notes.append(note, notes.size);
    notes.syncNow();
    const position: Position = { audit, incidents, sealed: audit.lines, notes: size, tiles: tree.tiles };
    replaceFile(sidecarPath(dir, SIDECAR_FILE.position), formatPosition(position));
    tree.close();
    notes.close();
    this.#options.onEvent({ kind: 'created', vkey, keyFile, lines: audit.lines });
    this.#copyIsOld = true;
    return { position, origin: key.name, vkey };
  }

  /**
   * The file in which grace stood is gone or shorter: looks for the sealed lines in the files that are there now, where a
   * rotation or a restored copy has put them. `undefined` when some are lost; throws `GRACE_SEAL_BROKEN` when what is
   * left of them stands where others would be taken for new ones.
   */
  relocate(): Position | undefined {
    const { dir } = this.#options;
    const seal = this.#require();
    const position = readPosition(seal.positionFd);
    const same = position && samePlace(dir, seal.tree, position);
    if (same) {
      this.moveTo(same);
      return same;
    }
    const newest = seal.notes.newest(seal.origin);
    const recovered = newest && recoverTree(dir, newest.checkpoint, position);
    if (!newest || !recovered) {
      const cut = position && cutShort(dir, seal.tree, position);
      if (cut !== undefined) throw broken(dir, cut);
      return undefined;
    }
    const { tree, audit } = recovered;
    const sealed = newest.checkpoint.size;
    const right: Position = { audit, incidents: UNKNOWN_FILE, sealed, notes: seal.notes.size, tiles: tree.tiles };
    tree.close();
    this.moveTo(right);
    this.#putAway();
    return this.position();
  }

  /** The leaves of lines that were just appended. They count when {@link moveTo} says so. */
  addLeaves(index: number, leaves: readonly Buffer[]): void {
    const { tree } = this.#require();
    this.#writing(() => tree.writeLeaves(index, Buffer.concat(leaves)));
  }

  moveTo(position: Position): void {
    const { positionFd } = this.#require();
    this.#writing(() => writeWhole(positionFd, formatPosition(position), 0));
  }

  /** Signs a note of the first `size` lines, all of which are on the disk, unless one of as many stands. */
  seal(size: number): void {
    const position = this.position();
    const seal = this.#require();
    if (!position || !seal.key || position.sealed >= size) return;
    this.#follow(seal, size);
    const note = signCheckpoint({ origin: seal.origin, size, root: seal.range.root() }, [seal.key]);
    const notes = seal.notes.append(note, position.notes);
    this.#copyIsOld = true;
    this.#writing(() => {
      seal.tree = seal.tree.promote(size);
    });
    this.moveTo({ ...position, sealed: size, notes, tiles: seal.tree.tiles });
  }

  /**
   * Signs with `next` from now on, which an entry among the first `size` lines names. One note carries both signatures,
   * if the old key is still there.
   */
  changeKey(next: NextKey, size: number): void {
    const position = this.position();
    const seal = this.#require();
    if (!position) throw new Error('the log is not sealed');
    const keys = seal.key ? [seal.key, next.key] : [next.key];
    const covered = Math.max(position.sealed, size);
    this.#follow(seal, covered);
    this.#writing(() => putInPlace(this.#options.dir, next));
    const note = signCheckpoint({ origin: seal.origin, size: covered, root: seal.range.root() }, keys);
    const notes = seal.notes.append(note, position.notes);
    seal.notes.syncNow();
    this.#copyIsOld = true;
    // Another file: whoever has the old key open looks anew.
    const right = formatPosition({ ...position, sealed: covered, notes });
    this.#writing(() => replaceFile(sidecarPath(this.#options.dir, SIDECAR_FILE.position), right));
    this.#putAway();
  }

  /** Puts a seal that cannot be gone on with out of the way, so that the log can be sealed anew. */
  setAside(name: string): void {
    const { dir } = this.#options;
    this.#putAway();
    const path = sidecarPath(dir);
    this.#writing(() => retireNamed(this.#options.keys));
    if (existsSync(path)) this.#writing(() => renameSync(path, `${path}.${name}`));
    this.#writing(() => fsyncDirectory(dir));
  }

  /** Lines that a note covers, and lines altogether, as of now; without the lock. */
  glance(): Position | undefined {
    return this.#open && readPosition(this.#open.positionFd);
  }

  /** Waits until the notes are on the disk; `alone` as in {@link syncData}. */
  async syncNotes(alone: boolean): Promise<void> {
    // Another act of this process may have closed them, since it put another key in place or found the seal broken.
    const notes = this.#open?.notes ?? this.#retired.at(-1);
    await notes?.sync(alone);
  }

  /** Puts the newest note where everybody finds it. */
  copyNewest(): void {
    if (!this.#copyIsOld) return;
    const seal = this.#openSeal();
    const newest = seal?.notes.newest(seal.origin);
    if (seal && newest) replaceFile(sidecarPath(this.#options.dir, SIDECAR_FILE.checkpoint), seal.notes.text(newest));
    this.#copyIsOld = false;
  }

  get hasNewNotes(): boolean {
    return this.#copyIsOld;
  }

  close(): void {
    this.#putAway();
    for (const notes of this.#retired) notes.close();
    this.#retired.length = 0;
  }

  /** The notes stay open: a sync of them may still be under way. */
  #putAway(): void {
    if (!this.#open) return;
    closeSync(this.#open.positionFd);
    this.#retired.push(this.#open.notes);
    this.#open.tree.close();
    this.#open = undefined;
  }

  /** What {@link position} has looked at under this lock. */
  #require(): OpenSeal {
    const seal = this.#open ?? this.#openSeal();
    if (!seal) throw new Error('the log is not sealed');
    return seal;
  }

  /** Opened once; again when somebody has put other files in the place of the opened ones. */
  #openSeal(): OpenSeal | undefined {
    const path = sidecarPath(this.#options.dir, SIDECAR_FILE.position);
    const there = statSync(path, { throwIfNoEntry: false });
    if (this.#open && this.#open.ino === there?.ino) return this.#open;
    this.#putAway();
    this.#open = this.#writing(() => this.#load());
    return this.#open;
  }

  #load(): OpenSeal | undefined {
    const { dir } = this.#options;
    requireNotEverybodys(dir);
    const vkey = verifierKeys(dir).at(-1);
    const notes = vkey && NoteFile.open(dir, 'append');
    if (!vkey || !notes) return undefined;
    const opened: { close(): void }[] = [notes];
    try {
      const newest = newestOwnNote(notes, dir, vkey);
      if (newest?.ok === false) throw broken(dir, newest.why);
      if (newest) return this.#loadFrom(notes, newest, vkey, opened);
      // Nothing was ever sealed: a crash came before the first note.
      notes.close();
      return undefined;
    } catch (error) {
      for (const one of opened) one.close();
      throw error;
    }
  }

  /** `opened` is told what has to be closed if this fails. */
  #loadFrom(notes: NoteFile, newest: OwnNote, vkey: VerifierKey, opened: { close(): void }[]): OpenSeal {
    const { dir } = this.#options;
    const { checkpoint, signedBy } = newest;
    const path = sidecarPath(dir, SIDECAR_FILE.position);
    if (!existsSync(path)) replaceFile(path, '');
    const positionFd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
    opened.push({ close: () => closeSync(positionFd) });
    const left = readPosition(positionFd);
    const found = TreeFiles.open(dir, 'r+');
    if (found) opened.push(found);
    const position = left && found ? (samePlace(dir, found, left) ?? left) : left;
    const range = found && position ? rangeOfNote(dir, found, position, checkpoint) : undefined;
    const isLastSigner = signedBy.some(({ publicKey }) => publicKey.equals(vkey.publicKey));
    const key = signingKeyOf(this.#options, vkey, isLastSigner);
    const rest = { origin: vkey.name, ino: fstatSync(positionFd).ino, positionFd, notes, key };
    if (found && position && range) {
      // A note that was cut short, or that a power cut took, counts as if it had never been signed.
      const right = { ...position, sealed: checkpoint.size, notes: notes.size };
      writeWhole(positionFd, formatPosition(right), 0);
      return { ...rest, tree: found, range };
    }
    const recovered = recoverTree(dir, checkpoint, position);
    if (!recovered) throw broken(dir, `the log does not give the root of its newest note, of ${checkpoint.size} lines`);
    const { tree } = recovered;
    const sealed = checkpoint.size;
    // Lines of ours that no note covers yet stay ours.
    const isOurs = position && position.audit.lines >= sealed && writeLast(dir, tree, position, sealed);
    const audit = isOurs ? position.audit : recovered.audit;
    const right: Position = { audit, incidents: UNKNOWN_FILE, sealed, notes: notes.size, tiles: tree.tiles };
    writeWhole(positionFd, formatPosition(right), 0);
    if (found !== tree) found?.close();
    return { ...rest, tree, range: tree.rangeAt(sealed) ?? new CompactRange() };
  }

  /**
   * The notes are not as the position says: a process died between the two, or a power cut took the position back. The
   * files of hashes may have moved on, too: everything is looked at as if it were opened for the first time.
   */
  #putRight(): Position {
    this.#putAway();
    const again = this.#require();
    const right = readPosition(again.positionFd);
    if (right?.notes !== again.notes.size) throw broken(this.#options.dir, 'its notes do not belong to it');
    return right;
  }

  /** Another process has filled tiles since: its leaves stand in another file now. */
  #followTiles({ tiles }: Position): void {
    const seal = this.#open;
    if (!seal || seal.tree.tiles === tiles) return;
    const tree = TreeFiles.open(this.#options.dir, 'r+');
    if (tree?.tiles !== tiles) throw broken(this.#options.dir, 'its files of hashes do not belong together');
    seal.tree.close();
    seal.tree = tree;
  }

  /** Takes in the leaves that this process or others have written, up to `size`. */
  #follow(seal: OpenSeal, size: number): void {
    const leaves = seal.tree.leaves(seal.range.size, size);
    if (!leaves) throw broken(this.#options.dir, 'leaves are missing');
    for (let at = 0; at < leaves.length; at += HASH_BYTES) seal.range.append(leaves.subarray(at, at + HASH_BYTES));
  }

  #tell(event: SealEvent): void {
    if (!this.#told) this.#options.onEvent(event);
    this.#told = true;
  }

  #writing<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw logFailed(sidecarPath(this.#options.dir), 'written', error);
    }
  }
}

/** The tree of a note from the files of hashes; `undefined` when they do not give its root. */
function rangeOfNote(dir: string, tree: TreeFiles, position: Position, note: Checkpoint): CompactRange | undefined {
  if (position.audit.lines < note.size || position.tiles !== tree.tiles) return undefined;
  const range = writeLast(dir, tree, position, note.size) ? tree.rangeAt(note.size) : undefined;
  return range?.root().equals(note.root) ? range : undefined;
}

/**
 * Writes the leaves that no note covers yet once more, from the log: after a power cut the file of leaves may be older
 * than the position. `false` when their lines are not there.
 */
function writeLast(dir: string, tree: TreeFiles, { audit }: Position, sealed: number): boolean {
  if (audit.lines === sealed) return true;
  const leaves = lastLeaves(dir, audit, audit.lines - sealed);
  if (!leaves) return false;
  // What stands in full tiles already is not written again.
  const tiled = Math.max(0, tree.tiles * TILE_WIDTH - sealed);
  const inTiles = tree.leaves(sealed, sealed + Math.min(tiled, leaves.length));
  if (!inTiles?.equals(Buffer.concat(leaves.slice(0, tiled)))) return false;
  if (leaves.length > tiled) tree.writeLeaves(sealed + tiled, Buffer.concat(leaves.slice(tiled)));
  return true;
}

/** Whoever may write there may take notes away. */
function requireNotEverybodys(dir: string): void {
  for (const name of ['', SIDECAR_FILE.checkpoints, SIDECAR_FILE.vkey, SIDECAR_FILE.position]) {
    const path = sidecarPath(dir, name);
    if (((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o002) === 0) continue;
    throw new OperatorError('GRACE_LOGS_WORLD_WRITABLE', EXIT.refused, `${path} can be written by everybody`, {
      hint: `chmod o-w ${shellArguments(path)}`,
    });
  }
}

function broken(dir: string, why: string): OperatorError {
  return new OperatorError('GRACE_SEAL_BROKEN', EXIT.auditBroken, `the seal of the audit log is broken: ${why}`, {
    hint: `grace evidence audit --logs ${shellArguments(dir)}   # tells what was changed; nothing is recorded until it is put back`,
  });
}
