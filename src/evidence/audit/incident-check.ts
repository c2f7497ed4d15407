import { createHash, hash } from 'node:crypto';
import { readSync } from 'node:fs';
import { readLines } from '../../core/journal/line-reader.js';
import { MAX_LINE_BYTES } from '../../core/journal/log-files.js';
import { INCIDENT_SCHEMA } from '../../core/records/incident.js';
import type { SnapshotFile } from './leaf-source.js';

/** What an audit entry vouches for. */
export interface Binding {
  /** Of the entry, 1-based. */
  readonly line: number;
  readonly incident_id: string;
  readonly offset: number;
  readonly length: number;
  readonly sha256: string;
}

/** The lines that stood in the incident log when the audit log was sealed. */
export interface AdoptedPrefix {
  readonly lines: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface IncidentFindings {
  /** Incident lines that an audit entry vouches for and that are what it says. */
  readonly bound: number;
  readonly altered: number;
  readonly missing: number;
  /** The first of those that are altered or missing. */
  readonly firstBad: Binding | undefined;
  /** Lines in grace's form for which nobody vouches; they have no effect. */
  readonly unbound: number;
  /** Other lines since the adoption: those of other programs. */
  readonly foreign: number;
  readonly adopted: { readonly lines: number; readonly intact: boolean };
  /** After the last line that is accounted for. */
  readonly end: FilePlace | undefined;
}

/** A place in some file. */
export interface FilePlace {
  readonly dev: number;
  readonly ino: number;
  readonly bytes: number;
}

const LF = 0x0a;
const SCHEMA = Buffer.from(`"schema":"${INCIDENT_SCHEMA}"`);

interface CheckedFile {
  readonly fd: number;
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  /** Up to here every line is accounted for. */
  accounted: number;
}

/** Holds the incident log against the entries that vouch for its lines, which are given in the order of the audit log. */
export class IncidentCheck {
  readonly #files: readonly CheckedFile[];
  /** Where the last bound line was found. */
  #at = 0;
  #bound = 0;
  #altered = 0;
  #missing = 0;
  #firstBad: Binding | undefined;
  #unbound = 0;
  #foreign = 0;
  readonly #adopted: { lines: number; intact: boolean };

  /** `from` of a file: where the last verification got to. */
  constructor(files: readonly SnapshotFile[], adopted: AdoptedPrefix) {
    this.#files = files.map(({ fd, dev, ino, size, from }) => ({ fd, dev, ino, size, accounted: from }));
    this.#adopted = { lines: adopted.lines, intact: this.#passAdopted(adopted) };
  }

  check(binding: Binding): void {
    const found = this.#find(binding);
    if (found !== undefined) {
      this.#bound++;
      const file = this.#files[found] as CheckedFile;
      this.#passUnbound(file, binding.offset);
      file.accounted = Math.max(file.accounted, binding.offset + binding.length + 1);
      this.#at = found;
      return;
    }
    this.#firstBad ??= binding;
    const end = binding.offset + binding.length;
    if (this.#files.slice(this.#at).some(({ size }) => size >= end)) {
      this.#altered++;
      const file = this.#files[this.#at];
      // What stands in its place is told as altered, and not as a line of nobody's too.
      if (file && file.accounted <= binding.offset) {
        this.#passUnbound(file, binding.offset);
        file.accounted = end + 1;
      }
    } else this.#missing++;
  }

  /** `isWhole`: no audit entry is on its way that may vouch for the last lines. */
  finish(isWhole: boolean): IncidentFindings {
    for (const file of this.#files) {
      if (isWhole || file !== this.#files.at(-1)) this.#passUnbound(file, file.size);
    }
    const last = this.#files.at(-1);
    return {
      end: last && { dev: last.dev, ino: last.ino, bytes: last.accounted },
      bound: this.#bound,
      altered: this.#altered,
      missing: this.#missing,
      firstBad: this.#firstBad,
      unbound: this.#unbound,
      foreign: this.#foreign,
      adopted: this.#adopted,
    };
  }

  /** In which file the line stands; a rotation may have begun a new one since the last. */
  #find(binding: Binding): number | undefined {
    for (let i = this.#at; i < this.#files.length; i++) if (isAt(this.#files[i] as CheckedFile, binding)) return i;
    for (let i = 0; i < this.#at; i++) if (isAt(this.#files[i] as CheckedFile, binding)) return i;
    return undefined;
  }

  /** Lines of nobody's up to an offset. */
  #passUnbound(file: CheckedFile, to: number): void {
    if (to <= file.accounted) return;
    const count = (isOurs: boolean) => {
      if (isOurs) this.#unbound++;
      else this.#foreign++;
    };
    file.accounted = readLines(file.fd, file.accounted, to, {
      line: (bytes) => count(bytes.includes(SCHEMA)),
      tooLong: () => count(false),
    });
  }

  #passAdopted({ bytes, sha256 }: AdoptedPrefix): boolean {
    const digest = createHash('sha256');
    const chunk = Buffer.allocUnsafe(1 << 16);
    let left = bytes;
    for (const file of this.#files) {
      // The last verification went over it.
      if (file.accounted > 0) return true;
      const here = Math.min(left, file.size);
      for (let at = 0; at < here; ) {
        const read = readSync(file.fd, chunk, 0, Math.min(chunk.length, here - at), at);
        if (read === 0) break;
        digest.update(chunk.subarray(0, read));
        at += read;
      }
      file.accounted = here;
      left -= here;
      if (left === 0) break;
    }
    return left === 0 && digest.digest('hex') === sha256;
  }
}

function isAt({ fd, size }: CheckedFile, { offset, length, sha256 }: Binding): boolean {
  if (offset + length >= size || length > MAX_LINE_BYTES) return false;
  // With what stands before and after it: a line begins and ends there.
  const before = offset === 0 ? 0 : 1;
  const bytes = Buffer.allocUnsafe(before + length + 1);
  if (readSync(fd, bytes, 0, bytes.length, offset - before) !== bytes.length) return false;
  if (bytes[bytes.length - 1] !== LF || (before === 1 && bytes[0] !== LF)) return false;
  return hash('sha256', bytes.subarray(before, before + length), 'hex') === sha256;
}
