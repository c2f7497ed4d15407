import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { Now } from '../../../src/core/records/moment.js';
import type { ControlEntry } from '../../../src/core/registry/queries/control.js';
import { secondsUntilDue } from '../../../src/healing/notify/due.js';

const NOW: Now = { boot_id: 'b', elapsed_s: 100_000, ms: 1_800_000_000_000 };
const LONG_AGO = 50_000;

type What = 'begun' | 'took' | 'failed';

/** What happened so many seconds ago, oldest first; the log has it the other way round. */
function log(...entries: [What, number][]): ControlEntry[] {
  const actions = {
    begun: ACTION.notificationBegun,
    took: ACTION.incidentNotified,
    failed: ACTION.notificationFailed,
  };
  return entries
    .map(([what, ago_s], line) => ({
      ...{ line, action: actions[what], subject: 'inc', actor: 'healer', entry_id: `e${line}`, origin: null },
      // A date that is of no use: somebody has set the clock.
      ...{ boot_id: 'b', elapsed_s: NOW.elapsed_s - ago_s, at: '2001-01-01T00:00:00.000000Z' },
      decision: {},
      metadata: what === 'begun' ? { owner: { boot_id: 'b', pid: 1, start_time: 1 } } : {},
    }))
    .reverse();
}

const failures = (times: number, last_ago_s: number): [What, number][] =>
  Array.from({ length: times }, (_, i): [What, number][] => [
    ['begun', last_ago_s + (times - 1 - i) * LONG_AGO],
    ['failed', last_ago_s + (times - 1 - i) * LONG_AGO],
  ]).flat();

const left = (ofNews: ControlEntry[], ofChannel = ofNews, alive = false) =>
  secondsUntilDue({ ofNews, ofChannel }, NOW, () => alive);

test('what nobody was told yet is due', () => {
  expect(left([])).toBe(0);
});

test.each([
  [1, 60],
  [2, 300],
  [3, 900],
  [4, 3600],
  [9, 3600],
])('after %d failures it is due %d s after the last', (times, wait_s) => {
  expect(left(log(...failures(times, wait_s - 1)))).toBe(1);
  expect(left(log(...failures(times, wait_s)))).toBe(0);
});

describe('a teller that wrote nothing more', () => {
  test('is waited for as long as it lives', () => {
    expect(left(log(['begun', LONG_AGO]), [], true)).toBeUndefined();
  });

  test('is replaced at once when it does not; the next ones not so soon', () => {
    expect(left(log(['begun', 0]))).toBe(0);
    expect(left(log(['begun', 10], ['begun', 0]))).toBe(60);
    expect(left(log(['begun', 10], ['begun', 5], ['begun', 0]))).toBe(300);
  });
});

describe('a channel that fails', () => {
  test('is not tried with other news meanwhile, but with new ones within 15 min', () => {
    expect(left([], log(...failures(1, 20)))).toBe(40);
    expect(left([], log(...failures(6, 20)))).toBe(880);
    expect(left(log(...failures(1, 2000)), log(...failures(6, 2000)))).toBe(1600);
  });

  test('has taken something since: what it was tried with before has waits of its own', () => {
    const took = log(...failures(6, 20), ['took', 10]);
    expect(left([], took)).toBe(0);
    expect(left(log(...failures(1, 60)), took)).toBe(0);
    expect(left(log(...failures(2, 60)), took)).toBe(240);
  });

  test('begins anew with short waits', () => {
    expect(left([], log(...failures(6, 90), ['took', 80], ['failed', 0]))).toBe(60);
  });
});
