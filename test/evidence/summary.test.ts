import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { summarise } from '../../src/evidence/summary.js';

describe('a summary', () => {
  it('is nothing when nothing is recorded', () => {
    expect(summarise([])).toBeNull();
    expect(summarise([null, null])).toBeNull();
  });

  it('counts recorded values only', () => {
    expect(summarise([null, 4, null, 2])).toEqual({
      n: 2,
      mean_s: 3,
      p50_s: 2,
      p95_s: 4,
      fastest_s: 2,
      slowest_s: 4,
    });
  });

  it('takes percentiles by nearest rank', () => {
    const twenty = Array.from({ length: 20 }, (_, i) => i + 1);
    expect(summarise(twenty)).toMatchObject({ p50_s: 10, p95_s: 19 });
    expect(summarise([...twenty, 21])).toMatchObject({ p50_s: 11, p95_s: 20 });
    expect(summarise([7])).toMatchObject({ p50_s: 7, p95_s: 7 });
    // By size, not as text.
    expect(summarise([10, 9, 100])).toMatchObject({ p50_s: 10, fastest_s: 9, slowest_s: 100 });
  });

  it('agrees with the definition: the smallest value that enough of them do not exceed', () => {
    const seconds = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(seconds, { minLength: 1, maxLength: 60 }), (values) => {
        const byDefinition = (share: number) =>
          Math.min(...values.filter((v) => values.filter((other) => other <= v).length >= share * values.length));
        const summary = summarise(values);
        expect(summary?.n).toBe(values.length);
        expect(summary?.p50_s).toBe(byDefinition(0.5));
        expect(summary?.p95_s).toBe(byDefinition(0.95));
        expect(summary?.fastest_s).toBe(Math.min(...values));
        expect(summary?.slowest_s).toBe(Math.max(...values));
      }),
    );
  });
});
