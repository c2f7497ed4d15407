import { createHash, type Hash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeWhole } from '../../core/journal/replace-file.js';

const CHUNK_BYTES = 1 << 20;

/** Called now and then while much is copied, with the bytes since the last call; may throw to stop. */
export type Breathe = (bytes: number) => Promise<void>;

/** A new directory that is filled file by file, with a manifest that `sha256sum --check` reads. */
export class ExportFolder {
  readonly path: string;
  readonly #breathe: Breathe;
  readonly #manifest: number;
  readonly #manifestHash: Hash = createHash('sha256');
  readonly #made = new Set<string>();
  #files = 0;
  #bytes = 0;

  /** `path` is made, and must not be there. */
  constructor(path: string, breathe: Breathe) {
    this.path = path;
    this.#breathe = breathe;
    mkdirSync(path, { mode: 0o750 });
    this.#manifest = openSync(join(path, MANIFEST), 'wx', 0o640);
  }

  /** Files in it so far, without the manifest. */
  get files(): number {
    return this.#files;
  }

  get bytes(): number {
    return this.#bytes;
  }

  put(name: string, content: Buffer | string): void {
    const bytes = Buffer.from(content);
    const fd = this.#create(name);
    try {
      writeWhole(fd, bytes);
    } finally {
      closeSync(fd);
    }
    this.#list(name, bytes.length, createHash('sha256').update(bytes).digest('hex'));
  }

  /** The first bytes of an open file, as many as were there when it was looked at. */
  async copy(name: string, from: number, length: number): Promise<void> {
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(Math.min(length, CHUNK_BYTES));
    const to = this.#create(name);
    try {
      for (let done = 0; done < length; ) {
        const read = readSync(from, chunk, 0, Math.min(chunk.length, length - done), done);
        if (read === 0) throw new Error(`${name} became shorter while it was copied`);
        const bytes = chunk.subarray(0, read);
        hash.update(bytes);
        writeWhole(to, bytes);
        done += read;
        await this.#breathe(read);
      }
    } finally {
      closeSync(to);
    }
    this.#list(name, length, hash.digest('hex'));
  }

  /** Nothing is put in after this. Answers the SHA-256 of the manifest. */
  end(): string {
    closeSync(this.#manifest);
    return this.#manifestHash.digest('hex');
  }

  #create(name: string): number {
    const path = join(this.path, name);
    const folder = dirname(path);
    if (!this.#made.has(folder)) mkdirSync(folder, { recursive: true, mode: 0o750 });
    this.#made.add(folder);
    return openSync(path, 'wx', 0o640);
  }

  #list(name: string, bytes: number, sha256: string): void {
    const line = Buffer.from(`${sha256}  ${name}\n`);
    writeWhole(this.#manifest, line);
    this.#manifestHash.update(line);
    this.#files++;
    this.#bytes += bytes;
  }
}

const MANIFEST = 'MANIFEST';
