import { CompactRange } from '../../core/audit/compact-range.js';
import { HASH_BYTES } from '../../core/audit/hash.js';

/** The leaves that the sidecar remembers, `from` to `to`, concatenated; `undefined` where it has none. */
export type Remembered = (from: number, to: number) => Buffer | undefined;

export interface BadLine {
  /** 1-based, over all files. */
  readonly line: number;
  /** What became of it, as far as its neighbours tell. */
  readonly kind: 'edited' | 'dropped' | 'inserted' | 'swapped';
  /** Leaf hashes, hex. */
  readonly expected: string;
  readonly found: string;
  /** How many of the lines that were read with it are not what was sealed in their place. */
  readonly among: number;
}

/** Lines that are not there, though their hashes are; 1-based, both ends included. */
export interface AbsentLines {
  readonly from: number;
  readonly to: number;
}

export interface LeafFindings {
  /** Lines of the tree that were reached: those that are there, those read earlier, those that are absent. */
  readonly reached: number;
  /** Lines after the sealed ones. */
  readonly unsealed: number;
  readonly root: Buffer;
  /** At the sizes that were asked for, as far as the log reaches. */
  readonly roots: ReadonlyMap<number, Buffer>;
  readonly firstBad: BadLine | undefined;
  /** Lines of files that are gone, each up to where the next file says that it begins. */
  readonly absent: readonly AbsentLines[];
  /** Leaves that the sidecar did not remember. */
  readonly unremembered: number;
}

/** How far after a file's first line its place in the tree is looked for. */
const LOOK_BYTES = 256 * HASH_BYTES;

/**
 * Holds the leaves of a log, given in order, against a tree of `size` leaves and against those that the sidecar
 * remembers. Which of the two is right is for the signed root to say.
 */
export class LeafCheck {
  readonly #size: number;
  readonly #remembered: Remembered;
  readonly #range: CompactRange;
  readonly #marks: number[];
  readonly #roots = new Map<number, Buffer>();
  #unsealed = 0;
  #firstBad: BadLine | undefined;
  readonly #absent: AbsentLines[] = [];
  #unremembered = 0;

  /** `marks`: sizes at which the root is wanted, too. `start`: the tree of the lines before the first that is given. */
  constructor(size: number, remembered: Remembered, marks: readonly number[], start = new CompactRange()) {
    this.#size = size;
    this.#remembered = remembered;
    this.#range = start;
    this.#marks = [...new Set(marks)].filter((mark) => mark >= start.size).sort((a, b) => a - b);
    this.#passMarks();
  }

  /** The index of the next leaf. */
  get next(): number {
    return this.#range.size;
  }

  /**
   * The first file begins with these leaves, and with line `stated` (0-based) as some entry in it says. Where the lines
   * before it are gone, their remembered hashes stand for them; answers whether they do. Not between files: what is
   * gone there may be the very entry that names lines before it as another program's.
   */
  beginFile(leaves: Buffer, stated: number | undefined): boolean {
    if (this.next > 0 || stated === undefined || stated === 0 || stated >= this.#size) return false;
    const [first, from] = [leaves.subarray(0, Math.min(leaves.length, LOOK_BYTES)), this.next];
    const n = Math.min(first.length / HASH_BYTES, this.#size - stated);
    const there = this.#remembered(stated, stated + n);
    const gone = this.#remembered(from, stated);
    if (!gone || !there?.equals(first.subarray(0, n * HASH_BYTES))) return false;
    this.#grow(gone);
    this.#absent.push({ from: from + 1, to: stated });
    return true;
  }

  add(leaves: Buffer): void {
    const lines = leaves.length / HASH_BYTES;
    const sealed = Math.min(lines, this.#size - this.next);
    this.#unsealed += lines - sealed;
    if (sealed === 0) return;
    const found = leaves.subarray(0, sealed * HASH_BYTES);
    if (!this.#firstBad) this.#compare(found, leaves);
    this.#grow(found);
  }

  findings(): LeafFindings {
    return {
      reached: this.next,
      unsealed: this.#unsealed,
      root: this.#range.root(),
      roots: this.#roots,
      firstBad: this.#firstBad,
      absent: this.#absent,
      unremembered: this.#unremembered,
    };
  }

  #grow(leaves: Buffer): void {
    for (let at = 0; at < leaves.length; at += HASH_BYTES) {
      this.#range.append(leaves.subarray(at, at + HASH_BYTES));
      if (this.#range.size === this.#marks[0]) this.#passMarks();
    }
  }

  #passMarks(): void {
    while (this.#marks[0] === this.#range.size) this.#roots.set(this.#marks.shift() as number, this.#range.root());
  }

  #compare(found: Buffer, andAfter: Buffer): void {
    const from = this.next;
    const expected = this.#remembered(from, from + found.length / HASH_BYTES);
    if (!expected) this.#unremembered += found.length / HASH_BYTES;
    if (!expected || expected.equals(found)) return;
    let at = 0;
    while (hashAt(expected, at)?.equals(hashAt(found, at) as Buffer)) at++;
    const wanted = hashAt(expected, at) as Buffer;
    const is = hashAt(found, at) as Buffer;
    // What comes next may stand in the following range, and is then taken for an edit.
    const [nextWanted, nextIs] = [this.#remembered(from + at + 1, from + at + 2), hashAt(andAfter, at + 1)];
    const moved = { up: nextWanted?.equals(is) === true, down: nextIs?.equals(wanted) === true };
    const kind = moved.up && moved.down ? 'swapped' : moved.up ? 'dropped' : moved.down ? 'inserted' : 'edited';
    let among = 0;
    for (let i = at; i * HASH_BYTES < found.length; i++) {
      if (!hashAt(expected, i)?.equals(hashAt(found, i) as Buffer)) among++;
    }
    this.#firstBad = {
      line: from + at + 1,
      kind,
      expected: wanted.toString('hex'),
      found: is.toString('hex'),
      among,
    };
  }
}

function hashAt(hashes: Buffer, at: number): Buffer | undefined {
  return at * HASH_BYTES < hashes.length ? hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES) : undefined;
}
