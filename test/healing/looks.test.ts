import { expect, test } from 'vitest';
import { NOTHING_SEEN } from '../../src/healing/engine/soft-state.js';
import { looksOf } from '../../src/healing/looks.js';

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
