import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ProbeStatus } from '../../src/healing/check.js';
import { type Confirmation, confirm } from '../../src/healing/confirm.js';

const [C, O, W, U] = ['critical', 'ok', 'warning', 'unknown'] as const;

describe('confirm', () => {
  test.each<[ProbeStatus[], number, number, Confirmation]>([
    [[C], 1, 1, 'confirmed'],
    [[O], 1, 1, 'dismissed'],
    [[C], 2, 3, 'undecided'],
    [[C, C], 2, 3, 'confirmed'],
    [[C, O], 2, 3, 'undecided'],
    [[C, O, C], 2, 3, 'confirmed'],
    [[C, O, O], 2, 3, 'dismissed'],
    [[C, W, U], 2, 3, 'dismissed'],
    [[O, O], 2, 3, 'dismissed'],
    [[C, C, O, O, C], 2, 3, 'dismissed'],
    [[O, O, O, C, C], 2, 3, 'confirmed'],
    [[], 2, 3, 'undecided'],
  ])('%j with %i of %i: %s', (history, need, of, expected) => {
    expect(confirm(history, { need, of })).toBe(expected);
  });

  test('looks at the last probes only, counts critical alone, and is decided when the window is full', () => {
    const statuses = fc.array(fc.constantFrom(C, O, W, U), { maxLength: 12 });
    const rule = fc
      .integer({ min: 1, max: 6 })
      .chain((of) => fc.record({ of: fc.constant(of), need: fc.integer({ min: 1, max: of }) }));
    fc.assert(
      fc.property(statuses, rule, (history, { need, of }) => {
        const verdict = confirm(history, { need, of });
        const bad = history.slice(-of).filter((status) => status === C).length;
        expect(verdict === 'confirmed').toBe(bad >= need);
        expect(
          confirm([O, C, ...history].slice(-Math.max(of, history.length)), { need, of }) === verdict ||
            history.length < of,
        ).toBe(true);
        if (history.length >= of) expect(verdict).not.toBe('undecided');
        expect(
          confirm(
            history.map((status) => (status === C ? C : O)),
            { need, of },
          ),
        ).toBe(verdict);
      }),
    );
  });
});
