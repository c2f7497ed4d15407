import { expect, test } from 'vitest';
import { ACTION } from '../../src/core/records/audit-actions.js';
import type { Moment } from '../../src/core/records/moment.js';
import type { ControlEntry, ControlView, KnownIncident, PlacedClaim } from '../../src/core/registry/queries/control.js';
import { EMPTY_CONTROL } from '../../src/core/registry/queries/empty-control.js';
import { NOTHING_SEEN } from '../../src/healing/engine/soft-state.js';
import { looksOf, overdueOf, waitsOf } from '../../src/healing/looks.js';

const now = { boot_id: 'b', elapsed_s: 1000, ms: Date.parse('2026-11-23T12:00:00Z') };
const seen = (ago_s: number, status: 'ok' | 'unknown') => ({
  ...NOTHING_SEEN,
  last: {
    boot_id: 'b',
    elapsed_s: 1000 - ago_s,
    at: '2026-11-23T11:00:00Z',
    status,
    summary: `it is ${status}`,
    duration_s: 0,
  },
});

test('the newest look, and what could not be checked; what is not in grace.yaml any more is left out', () => {
  const states = new Map([
    ['web', seen(5, 'ok')],
    ['disk', seen(60, 'unknown')],
    ['gone', seen(1, 'unknown')],
    ['never', NOTHING_SEEN],
  ]);
  expect(looksOf(states, now, (check) => check !== 'gone')).toEqual({
    last_look: { at: '2026-11-23T11:00:00Z', ago_s: 5 },
    unchecked: [{ check: 'disk', summary: 'it is unknown', at: '2026-11-23T11:00:00Z' }],
  });
  expect(looksOf(new Map(), now, () => true)).toEqual({ last_look: null, unchecked: [] });
});

const since = (ago_s: number) => ({ ...seen(ago_s, 'ok') });
const long = () => 900;

test('a look is overdue when three are missing and a quarter of a minute has passed', () => {
  const paces = new Map([['web', 10]]);
  const after = (ago_s: number) => overdueOf(new Map([['web', since(ago_s)]]), paces, now, long);
  expect(after(45)).toEqual([]);
  expect(after(45.1)).toEqual([{ check: 'web', every_s: 10, ago_s: expect.closeTo(45.1) }]);
  // A slow one takes its time each time.
  const slow = { ...since(60), last: { ...since(60).last, duration_s: 5 } };
  expect(overdueOf(new Map([['web', slow]]), paces, now, long)).toEqual([]);
  const slower = { ...since(60.1), last: { ...since(60.1).last, duration_s: 5 } };
  expect(overdueOf(new Map([['web', slower]]), paces, now, long)).toHaveLength(1);
});

test('what had to be waited for is no delay; a check that was never looked at is overdue once it had its time', () => {
  const paces = new Map([['web', 10]]);
  for (const states of [new Map([['web', since(900)]]), new Map([['web', NOTHING_SEEN]]), new Map()]) {
    expect(overdueOf(states, paces, now, () => 45)).toEqual([]);
    const ago_s = states.get('web')?.last?.status === 'ok' ? 900 : null;
    expect(overdueOf(states, paces, now, () => 45.1)).toEqual([{ check: 'web', every_s: 10, ago_s }]);
  }
});

test('the most overdue first, each by its own pace; a check that is not in grace.yaml is not looked at', () => {
  const states = new Map([
    ['slow', since(800)],
    ['fast', since(700)],
    ['well', since(5)],
    ['gone', since(900)],
  ]);
  const paces = new Map([
    ...([
      ['slow', 200],
      ['fast', 1],
      ['well', 1],
    ] as const),
  ]);
  const overdue = overdueOf(states, paces, now, long);
  expect(overdue.map(({ check }) => check)).toEqual(['fast', 'slow']);
  expect(overdueOf(states, paces, now, (check) => (check === 'fast' ? 0 : 900)).map(({ check }) => check)).toEqual([
    'slow',
  ]);
});

const moment = (ago_s: number): Moment => ({ boot_id: 'b', elapsed_s: 1000 - ago_s, at: '2026-11-23T11:00:00Z' });

/** A log in which the watch of `here` began, and loaded its configuration, so long ago; remedies on incidents of checks. */
function logged(
  begun: { readonly started?: number; readonly loaded?: number },
  remedies: readonly { readonly check: string | undefined; readonly ended: number | null }[] = [],
): ControlView {
  const entries: Record<string, number | undefined> = {
    [ACTION.watchStarted]: begun.started,
    [ACTION.configLoaded]: begun.loaded,
  };
  return {
    ...EMPTY_CONTROL,
    lastControl: (action, subject) => {
      const ago_s = subject === 'watch@here' ? entries[action] : undefined;
      return ago_s === undefined ? undefined : ({ action, subject, ...moment(ago_s) } as ControlEntry);
    },
    youngClaims: () =>
      remedies.map(
        ({ ended }, i) => ({ incident_id: `i${i}`, ended: ended === null ? null : moment(ended) }) as PlacedClaim,
      ),
    incident: (id) => {
      const check = remedies[Number(id.slice(1))]?.check;
      return check === undefined ? undefined : ({ record: { check } } as KnownIncident);
    },
  };
}

test('a check has been waited for since the watch had its configuration, and no remedy held it up', () => {
  expect(waitsOf(logged({ started: 500 }), now, 'here')('web')).toBe(500);
  expect(waitsOf(logged({ started: 500, loaded: 20 }), now, 'here')('web')).toBe(20);
  expect(waitsOf(logged({ loaded: 600, started: 30 }), now, 'here')('web')).toBe(30);
  // Nothing is known of a watch of another host.
  expect(waitsOf(logged({ started: 500 }), now, 'elsewhere')('web')).toBe(Infinity);
  const waits = waitsOf(
    logged({ started: 500 }, [
      ...[
        { check: 'web', ended: 90 },
        { check: 'web', ended: 70 },
        { check: 'web', ended: 80 },
      ],
      ...[
        { check: 'db', ended: null },
        { check: 'old', ended: 800 },
        { check: undefined, ended: null },
      ],
    ]),
    now,
    'here',
  );
  expect(['web', 'db', 'old', 'other', '__proto__'].map(waits)).toEqual([70, 0, 500, 500, 500]);
});
