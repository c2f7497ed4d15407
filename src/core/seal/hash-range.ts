import { hash } from 'node:crypto';
import { readSync } from 'node:fs';
import { HASH_BYTES } from '../audit/hash.js';
import { leafOfRange } from './line-leaves.js';

/** A part of one file. Its lines are those that begin in it; the last of them may end after it. */
export interface ByteRange {
  /** Open in this process; its threads read from it, too. */
  readonly fd: number;
  readonly from: number;
  readonly to: number;
  /** Where the file ended when it was looked at. */
  readonly size: number;
}

/** A line in which grace speaks of the log itself. */
export interface NamedLine {
  /** Counted from the first line of the range. */
  readonly line: number;
  readonly text: string;
}

export interface HashedRange {
  /** The leaves of its lines, concatenated. */
  readonly leaves: Uint8Array;
  readonly lines: number;
  /** Where its first line begins, and its last one ends. */
  readonly start: number;
  readonly end: number;
  /** Some entry in it may vouch for an incident line. */
  readonly hasBindings: boolean;
  readonly named: readonly NamedLine[];
}

const LF = 0x0a;
const READ_BYTES = 1 << 20;
/** A longer line is not held in memory. */
const LONGEST_HELD = 4 << 20;

const GRACE_SAYS = Buffer.from('"actor":"grace","action":"');
const BINDS = Buffer.from('incident_snapshot"');
const NAMES = ['audit_log_adopted"', 'foreign_lines_sealed"', 'log_rotated"', 'log_loss_noted"', 'audit_key_'].map(
  (s) => Buffer.from(s),
);

/**
 * Hashes the lines of a range into leaves: the loop that a verification spends its time in. The bytes are hashed where
 * they were read to, with the LF before a line turned into the prefix of the leaf.
 */
export function hashRange(range: ByteRange): HashedRange {
  return new RangeHasher(range).run();
}

class RangeHasher {
  readonly #range: ByteRange;
  /** One byte more than is read: there is always one before a line. */
  #buffer = Buffer.allocUnsafe(1 + READ_BYTES);
  #leaves = Buffer.allocUnsafe(HASH_BYTES << 12);
  #lines = 0;
  #hasBindings = false;
  readonly #named: NamedLine[] = [];

  constructor(range: ByteRange) {
    this.#range = range;
  }

  run(): HashedRange {
    const start = this.#firstLine();
    const end = start === undefined ? this.#range.to : this.#hashFrom(start);
    return {
      leaves: this.#leaves.subarray(0, this.#lines * HASH_BYTES),
      lines: this.#lines,
      start: start ?? this.#range.to,
      end,
      hasBindings: this.#hasBindings,
      named: this.#named,
    };
  }

  /** A line begins at the start of the file and after each LF. */
  #firstLine(): number | undefined {
    const { from, to } = this.#range;
    if (from === 0) return 0;
    for (let at = from - 1; at < to; ) {
      const bytes = this.#buffer.subarray(0, this.#read(at, Math.min(READ_BYTES, to - at), 0));
      const lf = bytes.indexOf(LF);
      if (lf !== -1) return at + lf + 1 < to ? at + lf + 1 : undefined;
      if (bytes.length === 0) return undefined;
      at += bytes.length;
    }
    return undefined;
  }

  #hashFrom(first: number): number {
    const { to, size } = this.#range;
    /** Offset of the first byte in the buffer that belongs to a line. */
    let lineStart = first;
    let held = 0;
    let position = first;
    while (lineStart < to && position < size) {
      const read = this.#read(position, Math.min(READ_BYTES, size - position), 1 + held);
      if (read === 0) break;
      position += read;
      const filled = 1 + held + read;
      const done = this.#hashLines(filled, 1 + held, lineStart);
      lineStart += done.bytes;
      held = filled - done.at;
      if (held > LONGEST_HELD) {
        const end = this.#passLongLine(lineStart, position);
        if (end === undefined) break;
        lineStart = end;
        position = end;
        held = 0;
      } else this.#keep(done.at, filled);
    }
    return lineStart;
  }

  /** Every whole line in the buffer that begins in the range. */
  #hashLines(filled: number, searchFrom: number, lineStart: number): { at: number; bytes: number } {
    const buffer = this.#buffer;
    const bytes = buffer.subarray(0, filled);
    const { to } = this.#range;
    let said = bytes.indexOf(GRACE_SAYS);
    let at = 1;
    for (let lf = bytes.indexOf(LF, searchFrom); lf !== -1; lf = bytes.indexOf(LF, at)) {
      if (lineStart + at - 1 >= to) break;
      if (said !== -1 && said < lf) {
        if (said >= at) this.#listen(bytes.subarray(said + GRACE_SAYS.length, lf), bytes, at, lf);
        said = bytes.indexOf(GRACE_SAYS, lf);
      }
      buffer[at - 1] = 0x00;
      this.#addLeaf(hash('sha256', buffer.subarray(at - 1, lf), 'binary'));
      at = lf + 1;
    }
    return { at, bytes: at - 1 };
  }

  #listen(action: Buffer, bytes: Buffer, at: number, lf: number): void {
    const begins = (word: Buffer) => action.subarray(0, word.length).equals(word);
    if (begins(BINDS)) this.#hasBindings = true;
    else if (NAMES.some(begins)) this.#named.push({ line: this.#lines, text: bytes.toString('utf8', at, lf) });
  }

  #addLeaf(leaf: string): void {
    const at = this.#lines * HASH_BYTES;
    if (at === this.#leaves.length) this.#leaves = Buffer.concat([this.#leaves], at * 2);
    this.#leaves.write(leaf, at, 'latin1');
    this.#lines++;
  }

  /** The rest of the buffer begins a line: to the front with it. */
  #keep(at: number, filled: number): void {
    const rest = filled - at;
    if (1 + rest + READ_BYTES > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(1 + rest + READ_BYTES);
      this.#buffer.copy(larger, 1, at, filled);
      this.#buffer = larger;
    } else this.#buffer.copyWithin(1, at, filled);
  }

  /** Looks for its end without holding it; where the next line begins. */
  #passLongLine(start: number, from: number): number | undefined {
    for (let at = from; at < this.#range.size; ) {
      const bytes = this.#buffer.subarray(0, this.#read(at, Math.min(READ_BYTES, this.#range.size - at), 0));
      if (bytes.length === 0) return undefined;
      const lf = bytes.indexOf(LF);
      if (lf !== -1) {
        this.#addLeaf(leafOfRange(this.#range.fd, start, at + lf - start).toString('latin1'));
        return at + lf + 1;
      }
      at += bytes.length;
    }
    return undefined;
  }

  #read(at: number, length: number, into: number): number {
    return readSync(this.#range.fd, this.#buffer, into, length, at);
  }
}
