import { ACTION } from '../../core/records/audit-actions.js';
import type { ControlEntry, ControlView } from '../../core/registry/queries/control.js';

/** Entries on the arms that are held of each check: an episode is learned from soon after it began. */
const HELD = 32;
const PAGE = 500;

interface Held {
  /** Oldest first. */
  readonly entries: ControlEntry[];
  /** Whether older ones were let go. */
  isCut: boolean;
}

/** Which arms stood when an episode began, while the learner's entries are read in their order. */
export class StandingHistory {
  readonly #log: Pick<ControlView, 'learnerEntries'>;
  readonly #checks = new Map<string, Held>();

  constructor(log: Pick<ControlView, 'learnerEntries'>) {
    this.#log = log;
  }

  /** A `learning_arms` entry, the next in the log. */
  add(entry: ControlEntry): void {
    const held = this.#checks.get(entry.subject) ?? { entries: [], isCut: false };
    this.#checks.set(entry.subject, held);
    held.entries.push(entry);
    if (held.entries.length <= HELD) return;
    held.entries.shift();
    held.isCut = true;
  }

  /** The last one on that check before that line; of what was added so far. */
  before(check: string, line: number): ControlEntry | undefined {
    const held = this.#checks.get(check);
    const found = held?.entries.findLast((entry) => entry.line < line);
    return found === undefined && held?.isCut ? this.#readAgain(check, line) : found;
  }

  #readAgain(check: string, line: number): ControlEntry | undefined {
    let found: ControlEntry | undefined;
    for (let after = 0; ; ) {
      const page = this.#log.learnerEntries(after, PAGE);
      for (const entry of page) {
        if (entry.line >= line) return found;
        if (entry.action === ACTION.learningArms && entry.subject === check) found = entry;
      }
      after = page.at(-1)?.line ?? after;
      if (page.length < PAGE) return found;
    }
  }
}
