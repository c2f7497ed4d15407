import { ACTION } from '../core/records/audit-actions.js';
import { ageOf, type Now } from '../core/records/moment.js';
import type { ControlView } from '../core/registry/queries/control.js';
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

/** A check that the watch ought to have looked at by now, and no such look is recorded. */
export interface Overdue {
  readonly check: string;
  readonly every_s: number;
  /** Since its last recorded look; `null`: there was none. */
  readonly ago_s: number | null;
}

/** Looks that are missing at the same time are no hiccup; what was seen is written down every few seconds. */
const MISSED_LOOKS = 3;
const SPARE_S = 15;

/** The most overdue first. `waits`: for how many seconds nothing but the check itself has had to be waited for. */
export function overdueOf(
  states: ReadonlyMap<string, SoftState>,
  paces: ReadonlyMap<string, number>,
  now: Now,
  waits: (check: string) => number,
): Overdue[] {
  const found = [...paces].flatMap(([check, every_s]) => {
    const last = states.get(check)?.last ?? null;
    const ago_s = last === null ? null : ageOf(last, now);
    const late_s = Math.min(ago_s ?? Infinity, waits(check)) - MISSED_LOOKS * (every_s + (last?.duration_s ?? 0));
    return late_s > SPARE_S ? [{ late_s, overdue: { check, every_s, ago_s } }] : [];
  });
  return found.sort((a, b) => b.late_s - a.late_s).map(({ overdue }) => overdue);
}

const CLAIMS_WITHIN_S = 86_400;
const MOST_CLAIMS = 200;

/** Of a check: for how long a watch that runs has had its present configuration, and no remedy has held it up. */
export function waitsOf(view: ControlView, now: Now, host: string): (check: string) => number {
  const begun = [ACTION.watchStarted, ACTION.configLoaded].flatMap(
    (action) => view.lastControl(action, `watch@${host}`) ?? [],
  );
  const begun_s = Math.min(...begun.map((entry) => ageOf(entry, now)));
  const free_s = new Map<string, number>();
  for (const { incident_id, ended } of view.youngClaims({ now, within_s: CLAIMS_WITHIN_S, limit: MOST_CLAIMS })) {
    const check = view.incident(incident_id)?.record.check;
    if (check) free_s.set(check, Math.min(free_s.get(check) ?? Infinity, ended ? ageOf(ended, now) : 0));
  }
  return (check) => Math.min(begun_s, free_s.get(check) ?? Infinity);
}
