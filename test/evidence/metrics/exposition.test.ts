import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openMetricsText, prometheusText } from '../../../src/evidence/metrics/exposition.js';
import type { Family } from '../../../src/evidence/metrics/family.js';

const FAMILIES: Family[] = [
  {
    name: 'grace_incidents',
    type: 'counter',
    help: 'All of "them".\nEach \\ once.',
    samples: [{ suffix: '_total', labels: { origin: 'real', failure_mode: 'a "b" \\ c\nd' }, value: 3 }],
  },
  { name: 'grace_nothing', type: 'gauge', help: 'None.', samples: [] },
  {
    name: 'grace_time_to_recover_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'Time.',
    samples: [
      { suffix: '_bucket', labels: { le: '1.0' }, value: 1 },
      { suffix: '_bucket', labels: { le: '+Inf' }, value: 2 },
      { suffix: '_sum', labels: {}, value: 12.5 },
      { suffix: '_count', labels: {}, value: 2 },
    ],
  },
  {
    name: 'grace_build',
    type: 'info',
    help: 'This.',
    samples: [{ suffix: '_info', labels: { version: '1' }, value: 1 }],
  },
];

describe('OpenMetrics', () => {
  test('type, unit and help of each family that has samples, and an end', () => {
    expect(openMetricsText(FAMILIES)).toBe(`# TYPE grace_incidents counter
# HELP grace_incidents All of \\"them\\".\\nEach \\\\ once.
grace_incidents_total{origin="real",failure_mode="a \\"b\\" \\\\ c\\nd"} 3
# TYPE grace_time_to_recover_seconds histogram
# UNIT grace_time_to_recover_seconds seconds
# HELP grace_time_to_recover_seconds Time.
grace_time_to_recover_seconds_bucket{le="1.0"} 1
grace_time_to_recover_seconds_bucket{le="+Inf"} 2
grace_time_to_recover_seconds_sum 12.5
grace_time_to_recover_seconds_count 2
# TYPE grace_build info
# HELP grace_build This.
grace_build_info{version="1"} 1
# EOF
`);
  });
});

describe('the text format', () => {
  test('calls counters and infos by the names of their samples, which are the same', () => {
    expect(prometheusText(FAMILIES)).toBe(`# HELP grace_incidents_total All of "them".\\nEach \\\\ once.
# TYPE grace_incidents_total counter
grace_incidents_total{origin="real",failure_mode="a \\"b\\" \\\\ c\\nd"} 3
# HELP grace_time_to_recover_seconds Time.
# TYPE grace_time_to_recover_seconds histogram
grace_time_to_recover_seconds_bucket{le="1.0"} 1
grace_time_to_recover_seconds_bucket{le="+Inf"} 2
grace_time_to_recover_seconds_sum 12.5
grace_time_to_recover_seconds_count 2
# HELP grace_build_info This.
# TYPE grace_build_info gauge
grace_build_info{version="1"} 1
`);
  });

  test('of nothing is nothing', () => expect(prometheusText([])).toBe(''));
});

const promtool = spawnSync('promtool', ['--version']).error === undefined;

// promtool is in Debian's package prometheus.
describe.skipIf(!promtool)('as promtool reads it', () => {
  test('any text is a label', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 }).map((one) => one.replace(/\p{Cs}/gu, '?'));
    const samples = fc.sample(fc.uniqueArray(text, { minLength: 200, maxLength: 200 }), 1)[0] ?? [];
    const family: Family = {
      name: 'grace_silences_active',
      type: 'gauge',
      help: 'Help.',
      samples: [...samples, '"', '\\', '\\n', '\n', '\\"', '{}', ' # '].map((label) => ({
        suffix: '',
        labels: { label },
        value: 1,
      })),
    };
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: prometheusText([family]),
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
