import type { Moment, Now } from '../../core/records/moment.js';
import { ageOf } from '../../core/records/moment.js';
import { formatInstant } from '../../core/records/time.js';
import type { Probe, ProbeStatus } from '../check.js';
import type { ConfirmRule } from '../confirm.js';
import { confirm } from '../confirm.js';
import { flapping, MOST_SEEN } from './flapping.js';

/** A probe as it is remembered. */
export interface Seen extends Moment {
  readonly status: ProbeStatus;
}

/**
 * What the last probes of a check say, before anything has been confirmed. It is no evidence: losing it only means that a
 * failure is confirmed anew.
 */
export interface SoftState {
  /** The last 21 that could run, oldest first, since the counters were last started again. */
  readonly seen: readonly Seen[];
  /** The last 21 that could run, whatever came in between: `true` is critical. For flapping. */
  readonly states: readonly boolean[];
  readonly flapping: boolean;
  /** Passes in a row. */
  readonly passes: number;
  /** Failures do not count for so long from then on. */
  readonly grace: { readonly since: Moment; readonly for_s: number } | null;
  /** The last probe of all, one that could not run included. */
  readonly last: (Seen & { readonly summary: string; readonly duration_s: number }) | null;
}

export const NOTHING_SEEN: SoftState = {
  seen: [],
  states: [],
  flapping: false,
  passes: 0,
  grace: null,
  last: null,
};

export interface SoftRules {
  readonly confirm: ConfirmRule;
  readonly flapping: { readonly low: number; readonly high: number };
}

/** The state after one more probe, which began at `now`. */
export function afterProbe(before: SoftState, probe: Probe, now: Now, rules: SoftRules): SoftState {
  const moment = { boot_id: now.boot_id, elapsed_s: now.elapsed_s, at: formatInstant(now.ms) };
  const seen: Seen = { ...moment, status: probe.status };
  const last = { ...seen, summary: probe.summary, duration_s: probe.duration_s };
  // It says nothing about what is looked at: neither better nor worse than before.
  if (probe.status === 'unknown') return { ...before, passes: 0, last };
  const inGrace = before.grace !== null && ageOf(before.grace.since, now) < before.grace.for_s;
  const grace = inGrace ? before.grace : null;
  if (inGrace && probe.status === 'critical') return { ...before, grace, passes: 0, last };
  const states = [...before.states, probe.status === 'critical'].slice(-MOST_SEEN);
  return {
    seen: [...before.seen, seen].slice(-MOST_SEEN),
    states,
    flapping: flapping(states, before.flapping, rules.flapping),
    passes: probe.status === 'ok' ? before.passes + 1 : 0,
    grace,
    last,
  };
}

/**
 * After a remedy, or after it turned out that another process is at work: what was seen before says nothing any more, but
 * that it changes too often.
 */
export function startAgain(before: SoftState, now: Now, grace_s: number): SoftState {
  const since = { boot_id: now.boot_id, elapsed_s: now.elapsed_s, at: formatInstant(now.ms) };
  const { states, flapping, last } = before;
  return { ...NOTHING_SEEN, states, flapping, last, grace: grace_s > 0 ? { since, for_s: grace_s } : null };
}

/** A failure that counts. */
export interface Failure {
  /** The first failing probe of those that count. */
  readonly onset: Moment;
  /** The newest failing probe: whoever has acted since then has acted on what it saw. */
  readonly newest: Moment;
  readonly bad: number;
  readonly of: number;
  readonly summary: string;
  /** Seconds from the onset until it was confirmed. */
  readonly confirm_s: number;
  /** Monotonic seconds of this boot, when it was confirmed. */
  readonly confirmed_s: number;
}

/** `undefined` unless the newest probe failed and, with those before it, often enough. */
export function confirmedFailure(state: SoftState, rule: ConfirmRule, now: Now): Failure | undefined {
  const { last } = state;
  if (last?.status !== 'critical') return undefined;
  const window = state.seen.slice(-rule.of);
  const newest = window.at(-1);
  // A probe within the start period is seen and does not count.
  if (newest?.elapsed_s !== last.elapsed_s || newest.boot_id !== last.boot_id) return undefined;
  if (
    confirm(
      window.map(({ status }) => status),
      rule,
    ) !== 'confirmed'
  )
    return undefined;
  const bad = window.filter(({ status }) => status === 'critical');
  const [onset] = bad;
  if (onset === undefined) return undefined;
  const confirm_s = ageOf(onset, now);
  return { onset, newest, bad: bad.length, of: rule.of, summary: last.summary, confirm_s, confirmed_s: now.elapsed_s };
}

/** Something failed, and whether that counts is not known yet. */
export function isUndecided(state: SoftState, rule: ConfirmRule): boolean {
  if (state.last?.status === 'unknown') return false;
  const window = state.seen.slice(-rule.of).map(({ status }) => status);
  // What came before a failure leaves the window before that failure does.
  return window.some((status, i) => status === 'critical' && confirm(window.slice(i), rule) === 'undecided');
}
