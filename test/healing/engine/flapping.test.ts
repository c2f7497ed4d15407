import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flapping, MOST_SEEN, weightedChanges } from '../../../src/healing/engine/flapping.js';

/**
 * After the description of Nagios Core: 21 results are stored, 20 changes are possible between them; the newest possible
 * change weighs 1.2, the oldest 0.8, those between on a line. What is missing at the old end never changed.
 */
function described(states: readonly boolean[]): number {
  const stored = [...new Array<boolean | undefined>(21).fill(undefined), ...states].slice(-21);
  const weights = Array.from({ length: 20 }, (_, i) => 0.8 + (i * 0.4) / 19);
  return weights.reduce((sum, weight, i) => {
    const [older, newer] = [stored[i], stored[i + 1]];
    return older !== undefined && older !== newer ? sum + weight / 20 : sum;
  }, 0);
}

const states = fc.array(fc.boolean(), { maxLength: MOST_SEEN });
const bounds = fc
  .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) }));

describe('how much a check changes', () => {
  test.each([
    ['nothing was seen', [], 0],
    ['one state', [true], 0],
    ['never', new Array(21).fill(false), 0],
    ['always', Array.from({ length: 21 }, (_, i) => i % 2 === 0), 1],
    ['just now', [...new Array(20).fill(false), true], 0.06],
    ['just now, and little was seen', [false, true], 0.06],
    ['long ago', [true, ...new Array(20).fill(false)], 0.04],
  ] as const)('%s', (_what, seen, share) => {
    expect(weightedChanges(seen)).toBeCloseTo(share, 12);
  });

  test('is what the description says, for all histories', () => {
    fc.assert(
      fc.property(states, (seen) => {
        expect(weightedChanges(seen)).toBeCloseTo(described(seen), 12);
      }),
      { numRuns: 2000 },
    );
  });

  test('lies between 0 and 1, and is the same whichever of the two states is bad', () => {
    fc.assert(
      fc.property(states, (seen) => {
        const share = weightedChanges(seen);
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1 + 1e-12);
        expect(weightedChanges(seen.map((state) => !state))).toBe(share);
      }),
    );
  });

  test('a change that is older weighs less', () => {
    const at = (place: number) => weightedChanges(Array.from({ length: MOST_SEEN }, (_, i) => i >= place));
    for (let place = 2; place < MOST_SEEN; place++) expect(at(place)).toBeGreaterThan(at(place - 1));
  });
});

describe('flapping', () => {
  test('begins at high and ends below low; between them nothing changes', () => {
    fc.assert(
      fc.property(states, bounds, fc.boolean(), (seen, rule, before) => {
        const share = weightedChanges(seen);
        const expected = share >= rule.high ? true : share < rule.low ? false : before;
        expect(flapping(seen, before, rule)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test('a share that sways within the band does not make it flap itself', () => {
    const rule = { low: 0.2, high: 0.5 };
    let now = false;
    const said: boolean[] = [];
    let seen: boolean[] = [];
    // Calm, then up and down, then a change every fourth time, then calm.
    const course = [
      ...new Array(21).fill(false),
      ...Array.from({ length: 14 }, (_, i) => i % 2 === 0),
      ...Array.from({ length: 24 }, (_, i) => i % 8 < 4),
      ...new Array(30).fill(false),
    ];
    for (const state of course) {
      seen = [...seen, state].slice(-MOST_SEEN);
      now = flapping(seen, now, rule);
      said.push(now);
    }
    expect(said.filter((one, i) => i > 0 && one !== said[i - 1])).toEqual([true, false]);
  });
});
