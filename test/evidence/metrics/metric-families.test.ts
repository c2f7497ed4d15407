import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { openMetricsText, prometheusText } from '../../../src/evidence/metrics/exposition.js';
import {
  BUCKETS_S,
  type MetricFacts,
  metricFamilies,
  newestTick,
} from '../../../src/evidence/metrics/metric-families.js';

const NONE: MetricFacts = {
  sums: { position: '', incidents: [], recoveries: [], remedies: [], withheld: [] },
  state: {
    live: [],
    needs_person: 0,
    brake_on: false,
    silences: [],
    logs: [
      { log: 'incidents', lines: 0 },
      { log: 'audit', lines: 0 },
    ],
    quarantined: 0,
    last_entry_at: null,
  },
  recent: [],
  now: { boot_id: 'b', elapsed_s: 100, ms: Date.UTC(2026, 10, 23) },
  last_tick_ms: undefined,
  watch_running: false,
  version: '0.1.0',
};

const withSums = (sums: Partial<MetricFacts['sums']>): MetricFacts => ({ ...NONE, sums: { ...NONE.sums, ...sums } });
const withState = (state: Partial<MetricFacts['state']>): MetricFacts => ({
  ...NONE,
  state: { ...NONE.state, ...state },
});
const within = (mttr_seconds: number) => BUCKETS_S.map((le) => (mttr_seconds <= le ? 1 : 0));

/** Lines of the text that are samples of names that begin so. */
const samples = (facts: MetricFacts, begins: string) =>
  prometheusText(metricFamilies(facts))
    .split('\n')
    .filter((line) => line.startsWith(begins));

const FULL: MetricFacts = {
  sums: {
    position: '',
    incidents: [{ origin: 'real', failure_mode: 'disk_full', severity: 'high', n: 7 }],
    recoveries: [{ failure_mode: 'disk_full', n: 1, sum_s: 3, within: within(3) }],
    remedies: [{ origin: 'real', playbook_id: 'clean', outcome: 'worked', n: 5 }],
    withheld: [
      { rails: ['cap', 'cooldown'], n: 2 },
      { rails: ['cap'], n: 3 },
    ],
  },
  state: {
    live: [{ origin: 'real', status: 'failed', n: 1 }],
    needs_person: 1,
    brake_on: true,
    silences: [],
    logs: [{ log: 'audit', lines: 12 }],
    quarantined: 2,
    last_entry_at: null,
  },
  recent: [{ failure_mode: 'disk_full', mttr_seconds: 3 }],
  now: NONE.now,
  last_tick_ms: 1_700_000_000_500,
  watch_running: true,
  version: '0.1.0',
};

test('where there is no sample there is no series', () => {
  expect(prometheusText(metricFamilies(NONE)).match(/^grace.*$/gm)).toEqual([
    'grace_brake_on 0',
    'grace_silences_active 0',
    'grace_needs_person 0',
    'grace_watch_running 0',
    'grace_log_lines{log="incidents"} 0',
    'grace_log_lines{log="audit"} 0',
    'grace_quarantined_lines 0',
    'grace_build_info{version="0.1.0"} 1',
  ]);
});

test('everything there is', () => {
  const text = openMetricsText(metricFamilies(FULL));
  const lines = text.split('\n').filter((line) => !line.startsWith('#') && !line.includes('_bucket'));
  expect(lines).toEqual([
    'grace_incidents_total{origin="real",failure_mode="disk_full",severity="high"} 7',
    'grace_incidents_open{origin="real",status="failed"} 1',
    'grace_time_to_recover_seconds_sum{failure_mode="disk_full"} 3',
    'grace_time_to_recover_seconds_count{failure_mode="disk_full"} 1',
    'grace_time_to_recover_seconds_quantile{quantile="0.5",failure_mode="disk_full"} 3',
    'grace_time_to_recover_seconds_quantile{quantile="0.9",failure_mode="disk_full"} 3',
    'grace_time_to_recover_seconds_quantile{quantile="0.99",failure_mode="disk_full"} 3',
    'grace_time_to_recover_seconds_quantile_sum{failure_mode="disk_full"} 3',
    'grace_time_to_recover_seconds_quantile_count{failure_mode="disk_full"} 1',
    'grace_time_to_recover_quantile_recoveries{failure_mode="disk_full"} 1',
    'grace_remedies_total{playbook="clean",outcome="worked",origin="real"} 5',
    'grace_suppressed_total{rail="cap"} 5',
    'grace_suppressed_total{rail="cooldown"} 2',
    'grace_brake_on 1',
    'grace_silences_active 0',
    'grace_needs_person 1',
    'grace_last_tick_timestamp_seconds 1700000000.5',
    'grace_watch_running 1',
    'grace_log_lines{log="audit"} 12',
    'grace_quarantined_lines 2',
    'grace_build_info{version="0.1.0"} 1',
    '',
  ]);
});

describe('times to recover', () => {
  test('each bucket holds those below its bound, and the last holds all', () => {
    const sum = { failure_mode: 'disk_full', n: 2, sum_s: 100_003, within: within(3) };
    const buckets = samples(withSums({ recoveries: [sum] }), 'grace_time_to_recover_seconds_bucket');
    expect(buckets).toHaveLength(BUCKETS_S.length + 1);
    expect(buckets.map((line) => line.replace(/.*le="([^"]+)"} (\d+)$/, '$1 $2'))).toEqual(
      expect.arrayContaining(['0.05 0', '1.0 0', '2.5 0', '5.0 1', '86400.0 1', '+Inf 2']),
    );
  });

  test('quantiles are observed values of the window; one without recoveries has none', () => {
    const recent = [5, 1, 4, 2, 3].map((mttr_seconds) => ({ failure_mode: 'disk_full', mttr_seconds }));
    const recoveries = ['disk_full', 'api_timeout'].map((failure_mode) => ({
      ...{ failure_mode, n: 9, sum_s: 45, within: within(5) },
    }));
    const facts = { ...withSums({ recoveries }), recent };
    expect(samples(facts, 'grace_time_to_recover_seconds_quantile{')).toEqual([
      'grace_time_to_recover_seconds_quantile{quantile="0.5",failure_mode="disk_full"} 3',
      'grace_time_to_recover_seconds_quantile{quantile="0.9",failure_mode="disk_full"} 5',
      'grace_time_to_recover_seconds_quantile{quantile="0.99",failure_mode="disk_full"} 5',
    ]);
    expect(samples(facts, 'grace_time_to_recover_quantile_recoveries')).toEqual([
      'grace_time_to_recover_quantile_recoveries{failure_mode="disk_full"} 5',
    ]);
  });
});

test('a silence counts until it has run out, by the clock that no change of the date moves', () => {
  const silence = (elapsed_s: number, boot_id = 'b') => ({
    at: '2026-11-22T23:59:00Z',
    boot_id,
    elapsed_s,
    lasts_s: 70,
  });
  const silences = [silence(31), silence(29), silence(0, 'another boot')];
  expect(samples(withState({ silences }), 'grace_silences_active')).toEqual(['grace_silences_active 2']);
});

describe('what a log names', () => {
  const incident = (failure_mode: string) => ({ origin: 'real', failure_mode, severity: 'low', n: 1 }) as const;

  test('is shown without what a terminal obeys, and two that look the same are one series', () => {
    const incidents = ['a\u001b[2J', 'a\u009b[2J', 'b"\\'].map(incident);
    expect(samples(withSums({ incidents }), 'grace_incidents_total')).toEqual([
      'grace_incidents_total{origin="real",failure_mode="a\ufffd[2J",severity="low"} 2',
      'grace_incidents_total{origin="real",failure_mode="b\\"\\\\",severity="low"} 1',
    ]);
  });

  test('makes no series without end: what nobody knows is one, what is known stays', () => {
    const many = Array.from({ length: 101 }, (_none, i) => `mode ${i}`);
    const recoveries = many.map((failure_mode) => ({ failure_mode, n: 1, sum_s: 2, within: within(2) }));
    const incidents = [...many, 'disk_full'].map(incident);
    expect(samples(withSums({ incidents, recoveries }), 'grace_incidents_total')).toEqual([
      'grace_incidents_total{origin="real",failure_mode="other",severity="low"} 101',
      'grace_incidents_total{origin="real",failure_mode="disk_full",severity="low"} 1',
    ]);
    expect(samples(withSums({ incidents, recoveries }), 'grace_time_to_recover_seconds_')).toContain(
      'grace_time_to_recover_seconds_bucket{failure_mode="other",le="2.5"} 101',
    );
    const few = { incidents: many.slice(1).map(incident) };
    expect(samples(withSums(few), 'grace_incidents_total')).toHaveLength(100);
  });
});

test('the last tick is the newest of what is known', () => {
  expect(newestTick(null)).toBeUndefined();
  expect(newestTick(null, 5)).toBe(5);
  expect(newestTick('1970-01-01T00:00:00.007000Z', 5)).toBe(7);
  expect(newestTick('no time', 5)).toBe(5);
});

// promtool is in Debian's package prometheus.
test.skipIf(spawnSync('promtool', ['--version']).error !== undefined)('promtool has nothing to say', () => {
  const input = prometheusText(metricFamilies(FULL));
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
  expect([status, stdout, stderr]).toEqual([0, '', '']);
});

const READ = `
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
print(' '.join(f'{family.name}:{family.type}' for family in text_string_to_metric_families(sys.stdin.read())))`;
const python = spawnSync('python3', ['-c', 'import prometheus_client.openmetrics.parser']);

// In Debian's package python3-prometheus-client.
test.skipIf(python.status !== 0)('the client library of Prometheus reads the OpenMetrics', () => {
  const input = openMetricsText(metricFamilies(FULL));
  const { stdout, stderr } = spawnSync('python3', ['-c', READ], { input, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout.trim().split(' ')).toEqual(metricFamilies(FULL).map(({ name, type }) => `${name}:${type}`));
});
