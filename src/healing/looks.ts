import { ageOf, type Now } from '../core/records/moment.js';
import type { SoftState } from './engine/soft-state.js';

/** What is known of the looks at checks, besides incidents: that nothing is known to be wrong may mean that nobody looks. */
export interface Looks {
  /** The newest look at any check; `null`: there was none. */
  readonly last_look: { readonly at: string; readonly ago_s: number } | null;
  /** Checks that could not run when they were looked at last. */
  readonly unchecked: readonly { readonly check: string; readonly summary: string; readonly at: string }[];
}

/** After so long without any look, nobody can say that nothing is wrong. Seconds. */
export const STALE_S = 15 * 60;

/** `wanted`: whether a check is still in grace.yaml. */
export function looksOf(states: ReadonlyMap<string, SoftState>, now: Now, wanted: (check: string) => boolean): Looks {
  let newest: Looks['last_look'] = null;
  const unchecked: { check: string; summary: string; at: string }[] = [];
  for (const [check, { last }] of states) {
    if (last === null || !wanted(check)) continue;
    const ago_s = ageOf(last, now);
    if (newest === null || ago_s < newest.ago_s) newest = { at: last.at, ago_s };
    if (last.status === 'unknown') unchecked.push({ check, summary: last.summary, at: last.at });
  }
  return { last_look: newest, unchecked };
}
