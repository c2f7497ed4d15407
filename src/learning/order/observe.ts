import { discounted, failedKey, own, plus, type Tallies } from './tally.js';

/**
 * What is known of the playbooks of one failure mode. Plain JSON, and a fold: it depends on the outcomes in their order
 * and on nothing else.
 */
export interface ModeState {
  /** Real incidents folded. */
  readonly incidents: number;
  readonly all: Tallies;
  /** By target: a part of `all`, discounted by the same incidents, so that `all` less it is what other targets saw. */
  readonly targets: Readonly<Record<string, Tallies>>;
}

/** A real incident whose relapse window has closed. */
export interface Outcome {
  readonly target: string;
  /** In the order they were tried; those with an unknown end left out. May be empty. */
  readonly tried: readonly Tried[];
}

export interface Tried {
  readonly playbook: string;
  /** Verified, and no relapse. */
  readonly worked: boolean;
  /** From its start to the verdict, the wait for verification included. */
  readonly seconds: number;
}

/** A target without an incident among so many of its mode is forgotten: at `keep` 0.95, 2e-6 of it would be left. */
const FORGOTTEN_AFTER = 256;

export const NOTHING_SEEN: ModeState = { incidents: 0, all: { at: 0, cells: {} }, targets: {} };

/** Discounts everything by one incident, then adds what was seen. */
export function observe(state: ModeState, outcome: Outcome, keep: number): ModeState {
  const at = state.incidents + 1;
  const { target, tried } = outcome;
  let all = discounted(state.all, at, keep);
  let mine = discounted(own(state.targets, target) ?? { at, cells: {} }, at, keep);
  const failed: string[] = [];
  for (const { playbook, worked, seconds } of tried) {
    const key = failedKey(failed.filter((id) => id !== playbook));
    const more = worked
      ? { s: 1, f: 0, worked_s: seconds, failed_s: 0 }
      : { s: 0, f: 1, worked_s: 0, failed_s: seconds };
    all = plus(all, key, playbook, more);
    mine = plus(mine, key, playbook, more);
    if (!worked) failed.push(playbook);
  }
  const targets = Object.entries({ ...state.targets, [target]: mine });
  return {
    incidents: at,
    all,
    targets: Object.fromEntries(targets.filter(([, tallies]) => at - tallies.at <= FORGOTTEN_AFTER)),
  };
}
