import { describe, expect, it } from 'vitest';
import { type Claim, excluding, exitOf, type Verdict } from '../../src/evidence/claim.js';

const claim = (verdict: Verdict): Claim => ({
  id: verdict,
  verdict,
  headline: '',
  n: 0,
  numbers: {},
  excluded: [],
  reasons: [],
});
const exit = (
  verdicts: [Verdict, ...Verdict[]],
  change: { strict?: boolean; emptyIsOk?: boolean; empty?: boolean } = {},
) => {
  const { strict = false, emptyIsOk = false, empty = false } = change;
  const [first, ...rest] = verdicts;
  return exitOf({ claims: [claim(first), ...rest.map(claim)], empty }, { strict, emptyIsOk });
};

describe('the exit code', () => {
  it('is the code of the first claim', () => {
    expect(exit(['PASS', 'FAIL'])).toBe(0);
    expect(exit(['PARTIAL', 'FAIL'])).toBe(1);
    expect(exit(['FAIL', 'PASS'])).toBe(2);
    expect(exit(['INCONCLUSIVE', 'PASS'])).toBe(3);
  });

  it('is that of the worst claim when strict: FAIL, INCONCLUSIVE, PARTIAL, PASS', () => {
    expect(exit(['PASS', 'PASS'], { strict: true })).toBe(0);
    expect(exit(['PASS', 'PARTIAL'], { strict: true })).toBe(1);
    expect(exit(['PARTIAL', 'INCONCLUSIVE', 'PASS'], { strict: true })).toBe(3);
    expect(exit(['INCONCLUSIVE', 'PARTIAL', 'FAIL'], { strict: true })).toBe(2);
  });

  it('forgives an empty window only when told to, and only what could not be told', () => {
    expect(exit(['INCONCLUSIVE'], { empty: true })).toBe(3);
    expect(exit(['INCONCLUSIVE'], { empty: true, emptyIsOk: true })).toBe(0);
    expect(exit(['INCONCLUSIVE'], { empty: false, emptyIsOk: true })).toBe(3);
    expect(exit(['INCONCLUSIVE', 'FAIL'], { empty: true, emptyIsOk: true, strict: true })).toBe(2);
    expect(exit(['INCONCLUSIVE', 'PARTIAL'], { empty: true, emptyIsOk: true, strict: true })).toBe(1);
    expect(exit(['INCONCLUSIVE', 'PASS'], { empty: true, emptyIsOk: true, strict: true })).toBe(0);
  });
});

it('names only exclusions that left something out', () => {
  const some = { id: 'a', what: 'drill', n: 1, why: 'staged' };
  expect(excluding(some, { ...some, id: 'b', n: 0 })).toEqual([some]);
});
