import { closeSync, constants, fdatasyncSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { lastNotes, type StreamedNote } from '../audit/checkpoint-stream.js';
import { logFailed } from '../journal/append.js';
import { writeWhole } from '../journal/replace-file.js';
import { syncData } from '../journal/sync.js';
import { SIDECAR_FILE, sidecarPath } from './sidecar.js';

/** A note with two signatures has half of this. */
const TAIL_BYTES = 4096;
/** A crash leaves less than this after the last whole note. */
const MOST_REACH_BYTES = 1 << 24;
const LF = 0x0a;

/** Whether any note was ever written there; which ones, and by whom, it does not say. */
export function hasNotes(dir: string): boolean {
  try {
    return (statSync(sidecarPath(dir, SIDECAR_FILE.checkpoints), { throwIfNoEntry: false })?.size ?? 0) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw error;
  }
}

/** The file of all signed notes. Grows only, under the ledger's lock. */
export class NoteFile {
  readonly path: string;
  readonly #fd: number;
  /** Somebody was interrupted here since the last note: it is looked at how the file ends. */
  mayBeCut = true;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /** `undefined` when there is none. */
  static open(dir: string, how: 'read' | 'append' | 'create'): NoteFile | undefined {
    const path = sidecarPath(dir, SIDECAR_FILE.checkpoints);
    const flags = {
      read: constants.O_RDONLY,
      append: constants.O_RDWR | constants.O_APPEND,
      create: constants.O_RDWR | constants.O_APPEND | constants.O_CREAT,
    };
    try {
      return new NoteFile(path, openSync(path, flags[how] | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o640));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw logFailed(path, how === 'read' ? 'read' : 'written', error);
    }
  }

  get size(): number {
    return fstatSync(this.#fd).size;
  }

  /** The newest whole note, its signature not verified; looks further back past what a crash has left. */
  newest(origin: string): StreamedNote | undefined {
    const { size } = this;
    for (let reach = TAIL_BYTES; ; reach *= 4) {
      const from = Math.max(0, size - reach);
      const tail = this.#read(from, size - from);
      const [note] = lastNotes(tail, origin).notes;
      if (note || from === 0 || reach >= MOST_REACH_BYTES) return note && { ...note, offset: note.offset + from };
    }
  }

  /** Whether it begins with a whole note of whatever log. */
  holdsOthers(): boolean {
    const head = this.#read(0, Math.min(this.size, TAIL_BYTES));
    const origin = head.subarray(0, Math.max(0, head.indexOf(LF))).toString('utf8');
    return origin !== '' && lastNotes(head, origin).notes.length > 0;
  }

  /** The bytes of some note. */
  text({ offset, length }: Pick<StreamedNote, 'offset' | 'length'>): string {
    return this.#read(offset, length).toString('utf8');
  }

  /** Appends a note on a line of its own to a file of `size` bytes. Returns what it has then. */
  append(note: string, size: number): number {
    const isCut = this.mayBeCut && size > 0 && this.#read(size - 1, 1)[0] !== LF;
    this.mayBeCut = true;
    const bytes = Buffer.from(`${isCut ? '\n' : ''}${note}`);
    try {
      writeWhole(this.#fd, bytes);
    } catch (error) {
      throw logFailed(this.path, 'written', error);
    }
    this.mayBeCut = false;
    return size + bytes.length;
  }

  async sync(alone: boolean): Promise<void> {
    try {
      await syncData(this.#fd, alone);
    } catch (error) {
      throw logFailed(this.path, 'synced', error);
    }
  }

  syncNow(): void {
    try {
      fdatasyncSync(this.#fd);
    } catch (error) {
      throw logFailed(this.path, 'synced', error);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #read(from: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const read = readSync(this.#fd, bytes, done, length - done, from + done);
      if (read === 0) break;
      done += read;
    }
    return bytes.subarray(0, done);
  }
}
