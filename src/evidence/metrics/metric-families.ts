import { isFailureMode } from '../../core/records/failure-modes.js';
import { ageOf, type Now } from '../../core/records/moment.js';
import { parseInstant } from '../../core/records/time.js';
import type { MetricState, MetricSums, RecentRecovery } from '../../core/registry/queries/metrics.js';
import type { Family, Sample } from './family.js';

/** Upper bounds of the buckets of times to recover, in seconds: from what grace itself can do to what takes a day. */
export const BUCKETS_S: readonly number[] = [
  ...[0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  ...[120, 300, 600, 1800, 3600, 14_400, 86_400],
];

const QUANTILES = [0.5, 0.9, 0.99] as const;

/** More names that nobody knows than this, and all of them are one: each is a series that somebody has to keep. */
const MOST_OTHER_MODES = 100;
const MOST_LABEL = 128;
const OTHER = 'other';

export interface MetricFacts {
  readonly sums: MetricSums;
  readonly state: MetricState;
  readonly recent: readonly RecentRecovery[];
  readonly now: Now;
  /** When grace was last seen to do something, in milliseconds since 1970; `undefined`: never. */
  readonly last_tick_ms: number | undefined;
  /** `undefined`: it is the watch that tells, and what it tells may be read long after it has ended. */
  readonly watch_running: boolean | undefined;
  readonly version: string;
}

/** Everything that grace says of itself to a monitoring system. Where there is no sample there is no series. */
export function metricFamilies(facts: MetricFacts): Family[] {
  const { sums, state, now, watch_running, version } = facts;
  const mode = modeLabel(facts);
  const flag = (on: boolean) => [gauge({}, on ? 1 : 0)];
  const active = state.silences.filter((silence) => ageOf(silence, now) < silence.lasts_s).length;
  const tick = facts.last_tick_ms;
  return [
    {
      name: 'grace_incidents',
      type: 'counter',
      help: 'Incidents in the log. Staged ones have the origin drill or simulated.',
      samples: summed(
        '_total',
        sums.incidents.map(({ origin, failure_mode, severity, n }) => [
          { origin, failure_mode: mode(failure_mode), severity },
          n,
        ]),
      ),
    },
    {
      name: 'grace_incidents_open',
      type: 'gauge',
      help: 'Incidents that have neither recovered nor been closed. failed: all remedies were tried in vain.',
      samples: state.live.map(({ origin, status, n }) => gauge({ origin, status }, n)),
    },
    ...timesToRecover(facts, mode),
    {
      name: 'grace_remedies',
      type: 'counter',
      help: 'Remedies that have ended. worked: the check that had failed passed again; unknown: grace ended in the middle.',
      samples: summed(
        '_total',
        sums.remedies.map(({ playbook_id, outcome, origin, n }) => [
          { playbook: labelText(playbook_id), outcome, origin },
          n,
        ]),
      ),
    },
    {
      name: 'grace_suppressed',
      type: 'counter',
      help: 'Decisions not to act, by each rail that held a remedy back; written once while the rails are the same.',
      samples: summed(
        '_total',
        sums.withheld.flatMap(({ rails, n }) => rails.map((rail) => [{ rail: labelText(rail) }, n] as const)),
      ),
    },
    {
      name: 'grace_brake_on',
      type: 'gauge',
      help: '1: nothing acts until a person releases the brake.',
      samples: flag(state.brake_on),
    },
    {
      name: 'grace_silences_active',
      type: 'gauge',
      help: 'Silences that have neither run out nor been ended.',
      samples: [gauge({}, active)],
    },
    {
      name: 'grace_needs_person',
      type: 'gauge',
      help: 'Open real incidents for which a person was asked and which nobody has acknowledged since.',
      samples: [gauge({}, state.needs_person)],
    },
    {
      name: 'grace_last_tick_timestamp_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'When grace last did something here, in seconds since 1970.',
      samples: tick === undefined ? [] : [gauge({}, tick / 1000)],
    },
    {
      name: 'grace_watch_running',
      type: 'gauge',
      help: '1: a process watches with these logs.',
      samples: watch_running === undefined ? [] : flag(watch_running),
    },
    {
      name: 'grace_log_lines',
      type: 'gauge',
      help: 'Lines in the files of each log, bad ones too.',
      samples: state.logs.map(({ log, lines }) => gauge({ log }, lines)),
    },
    {
      name: 'grace_quarantined_lines',
      type: 'gauge',
      help: 'Bad lines, which are not counted otherwise.',
      samples: [gauge({}, state.quarantined)],
    },
    {
      name: 'grace_build',
      type: 'info',
      help: 'The program that says this.',
      samples: [{ suffix: '_info', labels: { version }, value: 1 }],
    },
  ];
}

type Mode = (failure_mode: string) => string;

function timesToRecover({ sums, recent }: MetricFacts, mode: Mode): Family[] {
  const recoveries = merged(sums, mode);
  const windows = grouped(recent, mode);
  return [
    {
      name: 'grace_time_to_recover_seconds',
      type: 'histogram',
      unit: 'seconds',
      help: 'From the first failing probe to the verified recovery of real incidents.',
      samples: [...recoveries].flatMap(([failure_mode, { n, sum_s, within }]) => [
        ...BUCKETS_S.map((le, i) => bucket(failure_mode, floatText(le), within[i] ?? 0)),
        bucket(failure_mode, '+Inf', n),
        { suffix: '_sum', labels: { failure_mode }, value: sum_s } as const,
        { suffix: '_count', labels: { failure_mode }, value: n } as const,
      ]),
    },
    {
      name: 'grace_time_to_recover_seconds_quantile',
      // A gauge may not have the label quantile. As everywhere, sum and count are of all there are.
      type: 'summary',
      help: 'The same over at most the last 30 days and 10000 recoveries; observed values, nothing is interpolated.',
      samples: [...recoveries].flatMap(([failure_mode, { n, sum_s }]) => [
        ...quantiles(failure_mode, windows.get(failure_mode) ?? []),
        { suffix: '_sum', labels: { failure_mode }, value: sum_s } as const,
        { suffix: '_count', labels: { failure_mode }, value: n } as const,
      ]),
    },
    {
      name: 'grace_time_to_recover_quantile_recoveries',
      type: 'gauge',
      help: 'Of how many recoveries those quantiles are.',
      samples: [...windows].map(([failure_mode, { length }]) => gauge({ failure_mode }, length)),
    },
  ];
}

function quantiles(failure_mode: string, window: readonly RecentRecovery[]): Sample[] {
  if (window.length === 0) return [];
  const sorted = window.map(({ mttr_seconds }) => mttr_seconds).sort((a, b) => a - b);
  return QUANTILES.map((share) => ({
    suffix: '',
    labels: { quantile: String(share), failure_mode },
    value: sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? Number.NaN,
  }));
}

function grouped(recent: readonly RecentRecovery[], mode: Mode): Map<string, RecentRecovery[]> {
  const all = new Map<string, RecentRecovery[]>();
  for (const one of recent) {
    const label = mode(one.failure_mode);
    const group = all.get(label);
    if (group) group.push(one);
    else all.set(label, [one]);
  }
  return all;
}

/** By label: several failure modes may have one. */
function merged({ recoveries }: MetricSums, mode: Mode) {
  const all = new Map<string, { n: number; sum_s: number; within: number[] }>();
  for (const { failure_mode, n, sum_s, within } of recoveries) {
    const label = mode(failure_mode);
    const sum = all.get(label) ?? { n: 0, sum_s: 0, within: BUCKETS_S.map(() => 0) };
    all.set(label, {
      n: sum.n + n,
      sum_s: sum.sum_s + sum_s,
      within: sum.within.map((so_far, i) => so_far + (within[i] ?? 0)),
    });
  }
  return all;
}

/** Samples with the same labels are one. */
function summed(suffix: Sample['suffix'], counts: readonly (readonly [Sample['labels'], number])[]): Sample[] {
  const all = new Map<string, Sample>();
  for (const [labels, n] of counts) {
    const key = JSON.stringify(labels);
    all.set(key, { suffix, labels, value: n + (all.get(key)?.value ?? 0) });
  }
  return [...all.values()];
}

/** A log may name any failure, and the label is somebody's series for years. */
function modeLabel({ sums, recent }: MetricFacts): Mode {
  const others = new Set(
    [...sums.incidents, ...sums.recoveries, ...recent]
      .map(({ failure_mode }) => failure_mode)
      .filter((one) => !isFailureMode(one)),
  );
  const tooMany = others.size > MOST_OTHER_MODES;
  return (failure_mode) => (tooMany && others.has(failure_mode) ? OTHER : labelText(failure_mode));
}

const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** It may be shown on a terminal, which obeys what it does not show. */
function labelText(text: string): string {
  return text.slice(0, MOST_LABEL).replace(UNSEEN, '\ufffd');
}

function gauge(labels: Sample['labels'], value: number): Sample {
  return { suffix: '', labels, value };
}

function bucket(failure_mode: string, le: string, value: number): Sample {
  return { suffix: '_bucket', labels: { failure_mode, le }, value };
}

/** As OpenMetrics spells bounds, so that they are the same series everywhere. */
function floatText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** The newer one, in milliseconds since 1970; a text that is no instant counts for none. */
export function newestTick(at: string | null, ...others: readonly number[]): number | undefined {
  const of = at === null ? undefined : parseInstant(at);
  const all = of === undefined ? others : [of, ...others];
  return all.length === 0 ? undefined : Math.max(...all);
}
