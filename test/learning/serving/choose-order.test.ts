import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Asked, chooseOrder, readArms } from '../../../src/learning/serving/choose-order.js';
import { seedOf } from '../../../src/learning/serving/seed-of.js';
import { moment } from '../outcome/episode.js';

const standing = {
  ...{ first: ['a', 'b', 'c'], incumbent: ['b', 'a', 'c'], candidate: ['c', 'b', 'a'], version: 3, holdout: 0.2 },
  ...{ waits: { a: 12.5 }, p: { a: 0.2, b: 0.6, c: 0.7 } },
};
const asked: Asked = {
  ...{ standing, listed: ['a', 'b', 'c'], mode: 'apply', learn: true, holdout: 0.2 },
  ...{ mayBeRandomised: () => true, seed: 'web 1' },
};
const author = {
  ...{ order: ['a', 'b', 'c'], arm: 'author', propensity: 1, version: null, holdout_share: 1 },
  ...{ predicted: null, waits: {} },
};
const onset = (i: number) => moment(1000 + i * 61.000123);
const onsets = (name: string, n: number) => Array.from({ length: n }, (_, i) => seedOf(name, onset(i)));

describe('the order of an incident', () => {
  it('is the author’s where nothing stands, nothing may, or what stands is of another list', () => {
    for (const other of [
      { standing: undefined },
      { standing: { ...standing, incumbent: ['b', 'x', 'c'] } },
      { mode: 'off' },
      { learn: false },
    ] as Partial<Asked>[]) {
      expect(chooseOrder({ ...asked, ...other })).toEqual(author);
    }
    for (const listed of [['b', 'a', 'c'], ['a', 'b'], ['a', 'b', 'c', 'd'], []]) {
      expect(chooseOrder({ ...asked, listed })).toEqual({ ...author, order: listed });
    }
  });

  it('is drawn by nobody in propose', () => {
    for (const seed of onsets('web', 200)) {
      expect(chooseOrder({ ...asked, mode: 'propose', seed })).toEqual({
        ...{ order: ['b', 'a', 'c'], arm: 'incumbent', propensity: 1, version: 3, holdout_share: 0 },
        ...{ predicted: 0.6, waits: { a: 12.5 } },
      });
      const first = { ...standing, incumbent: standing.first, version: 4 };
      expect(chooseOrder({ ...asked, mode: 'propose', seed, standing: first })).toMatchObject({
        ...{ order: ['a', 'b', 'c'], arm: 'author', propensity: 1, version: 4, holdout_share: 1, predicted: 0.2 },
      });
    }
  });

  it('is drawn by nobody where all arms are the first order', () => {
    const same = { ...standing, incumbent: standing.first, candidate: standing.first, version: null };
    expect(chooseOrder({ ...asked, standing: same })).toMatchObject({ arm: 'author', propensity: 1, holdout_share: 1 });
  });

  it('says of every arm how likely it was, and how likely the first order was over all arms', () => {
    const seen = new Map(
      onsets('web', 200)
        .map((seed) => chooseOrder({ ...asked, seed }))
        .map((one) => [one.arm, one]),
    );
    expect(seen.get('holdout')).toMatchObject({
      order: ['a', 'b', 'c'],
      propensity: 0.2,
      predicted: 0.2,
      version: null,
    });
    expect(seen.get('candidate')).toMatchObject({
      order: ['c', 'b', 'a'],
      propensity: 0.4,
      predicted: 0.7,
      version: null,
    });
    expect(seen.get('incumbent')).toMatchObject({
      order: ['b', 'a', 'c'],
      propensity: 0.4,
      predicted: 0.6,
      version: 3,
    });
    expect([...seen.values()].every(({ holdout_share }) => holdout_share === 0.2)).toBe(true);
    const share = (other: object) => chooseOrder({ ...asked, standing: { ...standing, ...other } }).holdout_share;
    expect(share({ candidate: standing.first })).toBe(0.6);
    expect(share({ candidate: standing.incumbent })).toBe(0.2);
    expect(share({ incumbent: standing.first, version: null })).toBe(0.6);
  });

  it('has no larger holdout than the author wants today, and none beyond what stands', () => {
    const share = (stands: number, today: number) =>
      chooseOrder({ ...asked, holdout: today, standing: { ...standing, holdout: stands } }).holdout_share;
    expect([share(0.2, 0.05), share(0.1, 0.5), share(0.2, 0), share(0, 0.2)]).toEqual([0.05, 0.1, 0, 0]);
  });

  it('leaves to chance only what may be', () => {
    for (const seed of onsets('web', 100)) {
      const careful = { ...asked, seed, mayBeRandomised: (id: string) => id !== 'c' };
      expect(chooseOrder(careful).arm).not.toBe('candidate');
      expect(chooseOrder({ ...careful, mayBeRandomised: () => false })).toMatchObject({
        ...{ arm: 'incumbent', propensity: 1, holdout_share: 0 },
      });
    }
  });

  it('gives the same answer for the same seed', () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        expect(chooseOrder({ ...asked, seed })).toEqual(chooseOrder({ ...asked, seed }));
      }),
    );
  });
});

describe('the draws', () => {
  const n = 20_000;
  // With a holdout and a candidate, the thresholds cut [0, 1) anywhere: 20 bins by 19 holdouts.
  const binOf = (seed: string) => {
    let [low, high] = [0, 20];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      const holdout = middle / 20;
      const drawn = chooseOrder({ ...asked, holdout, standing: { ...standing, holdout }, seed });
      if (drawn.arm === 'holdout') high = middle;
      else low = middle;
    }
    return low;
  };
  const bins = (name: string) => onsets(name, n).map(binOf);
  /** Seeds of which the streams themselves begin alike. */
  const alike = (name: string) => Array.from({ length: n }, (_, i) => binOf(`${name} 4f1c-boot 123.${i}`));

  it.each([
    ['consecutive onsets', bins],
    ['seeds that differ in a digit', alike],
  ])(
    'are uniform over %s, whatever came before, and independent between checks',
    (_, drawn) => {
      const [web, wec] = [drawn('web'), drawn('wec')];
      const counts = (list: readonly number[], of: number) =>
        list.reduce((sums, bin) => sums.with(bin, (sums[bin] ?? 0) + 1), new Array<number>(of).fill(0));
      const chi = (list: readonly number[], of: number) =>
        counts(list, of).reduce((sum, count) => sum + (count - list.length / of) ** 2 / (list.length / of), 0);
      // The 99.9 % quantiles of χ² with 19 and with 24 degrees of freedom.
      expect(chi(web, 20)).toBeLessThan(43.8);
      expect(chi(wec, 20)).toBeLessThan(43.8);
      const fifths = (one: readonly number[], other: readonly number[]) =>
        one.map((bin, i) => Math.floor(bin / 4) * 5 + Math.floor((other[i] ?? 0) / 4));
      expect(chi(fifths(web, wec), 25)).toBeLessThan(51.2);
      expect(chi(fifths(web.slice(1), web), 25)).toBeLessThan(51.2);
    },
    60_000,
  );
});

describe('standing arms', () => {
  it('are read as they are written, and not at all where anything is wrong with them', () => {
    expect(readArms(standing)).toEqual(standing);
    expect(readArms({ ...standing, more: 1 })).toEqual(standing);
    const { holdout: _, ...without } = standing;
    for (const wrong of [
      ...[undefined, null, [], 'arms', {}, without],
      ...[
        { ...standing, first: 'a' },
        { ...standing, first: ['a', 'a', 'b', 'c'] },
        { ...standing, candidate: [] },
      ],
      ...[
        { ...standing, candidate: ['d'] },
        { ...standing, version: 0 },
        { ...standing, version: '3' },
      ],
      ...[
        { ...standing, holdout: 1.1 },
        { ...standing, holdout: Number.NaN },
        { ...standing, waits: { a: -1 } },
      ],
      ...[
        { ...standing, waits: { a: 0 } },
        { ...standing, waits: [] },
        { ...standing, p: { a: 2 } },
      ],
    ]) {
      expect(readArms(wrong)).toBeUndefined();
    }
  });

  it('may name a playbook like a built-in', () => {
    const text = JSON.stringify({ ...standing, first: ['__proto__', 'a'], incumbent: ['__proto__'], candidate: ['a'] });
    const arms = JSON.parse(text.replace('"p":{', '"p":{"__proto__":0.5,')) as unknown;
    const served = chooseOrder({ ...asked, standing: arms, listed: ['__proto__', 'a'], mode: 'propose' });
    expect(served).toMatchObject({ order: ['__proto__'], predicted: 0.5 });
    const unknown = { ...standing, first: ['constructor'], incumbent: ['constructor'], candidate: ['constructor'] };
    expect(chooseOrder({ ...asked, standing: unknown, listed: ['constructor'] }).predicted).toBeNull();
  });
});
