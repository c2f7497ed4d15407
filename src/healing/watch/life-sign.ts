import { existsSync } from 'node:fs';
import { readSmallFile } from '../../core/journal/small-file.js';

const MAX_PIDFILE_BYTES = 64;

/**
 * Whether the process of a pidfile has gone since it was last looked at. A reason to look at the check at once, and for
 * nothing else: what is to be thought of it, the check says.
 */
export class LifeSign {
  readonly #pidfile: string;
  #pid: string | undefined;

  constructor(pidfile: string) {
    this.#pidfile = pidfile;
  }

  /** The process that is there now. Never throws: without a process there is nothing that could go. */
  refresh(): void {
    this.#pid = undefined;
    try {
      const text = readSmallFile(this.#pidfile, MAX_PIDFILE_BYTES)?.toString('latin1').trim() ?? '';
      if (/^[1-9]\d{0,9}$/.test(text) && existsSync(`/proc/${text}`)) this.#pid = text;
    } catch {
      // It cannot be read: the check is looked at in its own time.
    }
  }

  /** True once. */
  hasGone(): boolean {
    if (this.#pid === undefined || existsSync(`/proc/${this.#pid}`)) return false;
    this.#pid = undefined;
    return true;
  }
}
