import { allPids, isStillThere, type ProcessRow, processRow } from './process-row.js';

/**
 * The processes that come from some that are known: whose parent is one of them, or whose session one of them leads. Neither
 * can be feigned: nobody gets another parent than who started them, or the first process, and nobody enters another's session.
 * Who is found stays known when their parent ends.
 */
export class Kin {
  readonly #known = new Map<number, ProcessRow>();
  readonly #spared: ReadonlySet<number>;
  /** Of the last look: the members of each process group. */
  #groups = new Map<number, number[]>();

  /** Those of the `spared` pids are never of the kin, and nobody is because of them. */
  constructor(spared: ReadonlySet<number>) {
    this.#spared = spared;
  }

  /** It is known from elsewhere that this one is of them. */
  add(row: ProcessRow | undefined): void {
    if (row !== undefined && !this.#spared.has(row.pid)) this.#known.set(row.pid, row);
  }

  /** Looks who has come; answers those who have not ended. Throws what the kernel says when /proc cannot be read. */
  look(): ProcessRow[] {
    const rows = allPids().flatMap((pid) => processRow(pid) ?? []);
    const now = new Map(rows.map((row) => [row.pid, row]));
    this.#groups = new Map();
    for (const { pid, group } of rows) this.#groups.set(group, [...(this.#groups.get(group) ?? []), pid]);
    for (const [pid, { start_time }] of this.#known) {
      const row = now.get(pid);
      if (row?.start_time === start_time) this.#known.set(pid, row);
      else this.#known.delete(pid);
    }
    let others = rows.filter(({ pid }) => !this.#known.has(pid) && !this.#spared.has(pid));
    for (;;) {
      const found = others.filter((row) => this.#comesFromOne(row));
      if (found.length === 0) return [...this.#known.values()].filter(({ ended }) => !ended);
      for (const row of found) this.#known.set(row.pid, row);
      others = others.filter(({ pid }) => !this.#known.has(pid));
    }
  }

  /**
   * Whether a process group is theirs, as it was at the last look: one of them leads it, or nobody else is in it. Who is in a
   * group need not have made it.
   */
  owns(group: number): boolean {
    const members = this.#groups.get(group) ?? [];
    return this.#known.has(group) || (members.length > 0 && members.every((pid) => this.#known.has(pid)));
  }

  #comesFromOne({ parent, session }: ProcessRow): boolean {
    return [parent, session].some((pid) => {
      const one = this.#known.get(pid);
      // Still there after the row was read: then that number was nobody else's when it was.
      return one !== undefined && isStillThere(one);
    });
  }
}
