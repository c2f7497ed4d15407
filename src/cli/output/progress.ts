import { escapeText } from './escape.js';
import type { Out } from './streams.js';
import { displayWidth, truncate } from './width.js';

const QUIET_MS = 1000;
const REDRAW_MS = 100;

export interface Progress {
  /** `total` 0: not known. */
  update(done: number, total: number): void;
  /** Leaves no trace of it on the terminal. */
  end(): void;
}

/**
 * One line that says a long piece of work is going on: only on a terminal, only when somebody has waited a second, at
 * most ten times a second. It is erased with blanks, not with an escape sequence, for terminals that know none.
 */
export function createProgress(err: Out, label: string, clock: () => number): Progress {
  const started = clock();
  let drawnAt = Number.NEGATIVE_INFINITY;
  let drawnWidth = 0;
  let ended = false;
  return {
    update(done, total) {
      if (!err.isTTY || ended) return;
      const now = clock();
      if (now - started < QUIET_MS || now - drawnAt < REDRAW_MS) return;
      // The last column stays free: some terminals go to the next line when it is written.
      const line = truncate(`${escapeText(label)}: ${amount(done, total)}`, err.columns - 1);
      const width = displayWidth(line);
      err.write(`\r${line}${' '.repeat(Math.max(0, Math.min(drawnWidth, err.columns - 1) - width))}`);
      drawnAt = now;
      drawnWidth = width;
    },
    end() {
      if (!ended && drawnWidth > 0) err.write(`\r${' '.repeat(Math.min(drawnWidth, err.columns - 1))}\r`);
      ended = true;
    },
  };
}

/** Rounded down: 100 % is said of finished work only. */
function amount(done: number, total: number): string {
  return total > 0 ? `${done} of ${total} (${Math.floor((done / total) * 100)} %)` : `${done}`;
}
