import { expect, test } from 'vitest';
import { tieOf } from '../../../src/healing/steps/pidfile-tie.js';

const identity = { boot_id: 'b', pid: 7, start_time: 100_000 };
const booted_s = 1_800_000_000;
const started_ms = (booted_s + 1000) * 1000;
const HOUR_MS = 3_600_000;
const tie = (after_ms: number, noted?: typeof identity, life: 'alive' | 'gone' | 'unknown' = 'alive') =>
  tieOf({ identity, noted, written_ms: started_ms + after_ms, booted_s }, () => life);

test.each([
  [-HOUR_MS, 'younger'],
  [-2500, 'younger'],
  [-1500, 'likely'],
  [0, 'likely'],
  [59_000, 'likely'],
  [61_000, 'older'],
  // Its pid came round again, and the clock was set back by an hour since: nobody is taken for older than the file.
  [HOUR_MS - 5000, 'older'],
])('without a note, written %i ms after the start: %s', (after_ms, said) => {
  expect(tie(after_ms)).toBe(said);
});

test.each([-HOUR_MS, 0, HOUR_MS])('with a note, no date counts (%i ms)', (after_ms) => {
  expect(tie(after_ms, identity)).toBe('ours');
  expect(tie(after_ms, { ...identity, start_time: 1 }, 'gone')).toBe('reused');
});

test('a note that cannot be judged, or is of another pid, says nothing', () => {
  expect(tie(0, identity, 'unknown')).toBe('likely');
  expect(tie(HOUR_MS, { ...identity, pid: 8 }, 'gone')).toBe('older');
});
