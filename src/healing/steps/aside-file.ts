import { closeSync, constants, fstatSync, ftruncateSync, openSync, renameSync, rmSync, type Stats } from 'node:fs';
import { writeWhole } from '../../core/journal/replace-file.js';
import type { FilePlace } from './file-place.js';

/** A file whose place on the disk is taken before there is anything to say in it. Not synced. Throws what the system says. */
export class AsideFile {
  readonly #at: string;
  readonly #named: string;
  readonly #fd: number;

  constructor(place: FilePlace, bytes: number) {
    this.#named = place.at;
    this.#at = place.beside('.new').at;
    rmSync(this.#at, { force: true });
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    this.#fd = openSync(this.#at, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
    try {
      writeWhole(this.#fd, Buffer.from(' '.repeat(bytes)), 0);
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  write(text: string): Stats {
    const bytes = Buffer.from(text);
    writeWhole(this.#fd, bytes, 0);
    ftruncateSync(this.#fd, bytes.length);
    return fstatSync(this.#fd);
  }

  /** Readers see the old file or the whole new one. */
  putInPlace(): void {
    renameSync(this.#at, this.#named);
    closeSync(this.#fd);
  }

  discard(): void {
    closeSync(this.#fd);
    rmSync(this.#at, { force: true });
  }
}
