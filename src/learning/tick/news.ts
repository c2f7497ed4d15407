import { ACTION } from '../../core/records/audit-actions.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import { readVersion } from '../governance/version.js';
import type { Outcome } from '../outcome/outcome.js';
import { readOutcome } from '../outcome/outcome-of.js';
import { slotOf } from './draft.js';

/**
 * What has been learned since the last tick that came to its end, by this one or by one that was cut off; and what the latter
 * had already done about it.
 */
export class News {
  readonly #checks = new Set<string>();
  readonly #observed = new Set<string>();
  readonly #changed = new Set<string>();
  /** The rollback for harm in which a tick was cut off: others may have been meant to follow. */
  readonly harm: HarmBegun | undefined;

  constructor(since: readonly ControlEntry[]) {
    const own = since.filter(({ actor }) => actor === 'learner');
    for (const entry of own) {
      const outcome = entry.action === ACTION.outcomeLearned ? readOutcome(entry) : undefined;
      if (outcome !== undefined) this.learned(outcome);
      const version = entry.action === ACTION.configUpdate ? readVersion(entry) : undefined;
      if (version?.kind === 'wait' && version.playbook !== null) {
        this.#changed.add(slotOf(version.check, version.playbook));
      }
    }
    this.harm = harmBegun(own);
  }

  learned({ check, counts, waits }: Outcome): void {
    this.#checks.add(check);
    if (counts.waits) for (const { playbook } of waits) this.#observed.add(slotOf(check, playbook));
  }

  /** Whether an outcome of this check was learned. */
  isOf(check: string): boolean {
    return this.#checks.has(check);
  }

  /** Whether there is a new observation of this wait that has not been answered: one observation moves it one step. */
  isObserved(check: string, playbook: string): boolean {
    const slot = slotOf(check, playbook);
    return this.#observed.has(slot) && !this.#changed.has(slot);
  }
}

export interface HarmBegun {
  /** The number of the newest. */
  readonly version: number;
  readonly checks: ReadonlySet<string>;
  /** All checks were to be rolled back, not only those with another order than the first. */
  readonly everywhere: boolean;
}

function harmBegun(own: readonly ControlEntry[]): HarmBegun | undefined {
  const last = own.at(-1);
  const newest = last?.action === ACTION.configUpdate ? readVersion(last) : undefined;
  // They are written one after another, so anything after them says that they were all written.
  if (last === undefined || newest === undefined || newest.reason !== 'harm') return undefined;
  const harmful = own.flatMap((entry) => {
    const version = entry.action === ACTION.configUpdate ? readVersion(entry) : undefined;
    return version?.reason === 'harm' ? [version.check] : [];
  });
  return { version: newest.number, checks: new Set(harmful), everywhere: last.metadata.everywhere === true };
}
