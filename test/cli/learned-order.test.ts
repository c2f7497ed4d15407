import { describe, expect, it } from 'vitest';
import { learnedOrder } from '../../src/cli/learned-order.js';
import type { OrderFacts } from '../../src/healing/engine/situation.js';
import type { LearnableCheck } from '../../src/learning/tick/facts.js';
import { control, plainPlaybook, plainWatched } from '../healing/engine/situations.js';

const playbooks = ['worst', 'middle', 'best'].map((id) => plainPlaybook(id));
const watched = plainWatched({ playbooks });
const FIRST = ['worst', 'middle', 'best'];
const LEARNED = ['best', 'middle', 'worst'];

const learnable = (change: Partial<LearnableCheck> = {}): LearnableCheck => ({
  ...{ name: 'web', target: 'http://web/', mode: 'api_timeout', learn: true },
  playbooks: FIRST.map((id) => ({
    ...{ id, declared_s: 30, risk: 'low', may_randomise: true, within_s: 1, bounds: null },
  })),
  ...change,
});

const standing = (change: Record<string, unknown> = {}) =>
  control('learning_arms', 5, 9, {
    subject: 'web',
    decision: {
      ...{ first: FIRST, incumbent: LEARNED, candidate: LEARNED, version: 7, holdout: 0.2, waits: { best: 0.25 } },
      ...{ p: { worst: 0.2, middle: 0.5, best: 0.9 } },
      ...(change as object),
    },
  });

const begins = (n: number): OrderFacts['episode'] => ({
  kind: 'begins',
  onset: { boot_id: 'boot', elapsed_s: 100 + n * 61.7, at: new Date(1e12 + n * 61_700).toISOString() },
});

const ids = (one: readonly { id: string }[]) => one.map(({ id }) => id);

describe('the order of an episode', () => {
  it('is the author’s where nothing was learned, learning is off, the check has opted out, or another list was learned', () => {
    const author = { arm: 'author', propensity: 1, frozen: true, holdout_share: 1, predicted: null, version: null };
    const asked = [
      learnedOrder([learnable()], { mode: 'apply', holdout: 0.2 })(watched, {
        standing: undefined,
        episode: begins(1),
      }),
      learnedOrder([learnable()], { mode: 'off', holdout: 0.2 })(watched, { standing: standing(), episode: begins(1) }),
      learnedOrder([learnable({ learn: false })], { mode: 'apply', holdout: 0.2 })(watched, {
        ...{ standing: standing(), episode: begins(1) },
      }),
      learnedOrder([learnable()], { mode: 'apply', holdout: 0.2 })(watched, {
        standing: standing({ first: ['middle', 'worst', 'best'] }),
        episode: begins(1),
      }),
      learnedOrder([], { mode: 'apply', holdout: 0.2 })(watched, { standing: standing(), episode: begins(1) }),
      learnedOrder([learnable()], { mode: 'apply', holdout: 0.2 })(watched, {
        ...{ standing: standing(), episode: { kind: 'changed' } },
      }),
    ];
    for (const order of asked)
      expect({ ...order, playbooks: ids(order.playbooks) }).toEqual({ ...author, playbooks: FIRST });
  });

  it('is drawn in apply, the same for the same onset, and says how likely the frozen order was', () => {
    const order = learnedOrder([learnable()], { mode: 'apply', holdout: 0.2 });
    const drawn = Array.from({ length: 400 }, (_, n) => order(watched, { standing: standing(), episode: begins(n) }));
    const again = Array.from({ length: 400 }, (_, n) => order(watched, { standing: standing(), episode: begins(n) }));
    expect(again.map(({ arm }) => arm)).toEqual(drawn.map(({ arm }) => arm));
    const held = drawn.filter(({ arm }) => arm === 'holdout');
    expect(held.length).toBeGreaterThan(50);
    expect(held.length).toBeLessThan(110);
    for (const one of drawn) {
      expect(one.holdout_share).toBeCloseTo(0.2, 9);
      expect(one.frozen).toBe(one.arm === 'holdout');
      expect(ids(one.playbooks)).toEqual(one.arm === 'holdout' ? FIRST : LEARNED);
      expect(one.predicted).toBe(one.arm === 'holdout' ? 0.2 : 0.9);
    }
  });

  it('is what was learned, and nothing is drawn, in propose', () => {
    const order = learnedOrder([learnable()], { mode: 'propose', holdout: 0.2 });
    for (let n = 0; n < 200; n++) {
      const one = order(watched, { standing: standing(), episode: begins(n) });
      expect([one.arm, one.propensity, one.version, ids(one.playbooks)]).toEqual(['incumbent', 1, 7, LEARNED]);
    }
  });

  it('stays what it was when it began, whatever stands by now; what the author lists no longer is not run', () => {
    const order = learnedOrder([learnable()], { mode: 'apply', holdout: 0.2 });
    const opening = control('incident_opened', 5, 9, {
      decision: {
        ...{ arm: 'candidate', propensity: 0.4, order: ['middle', 'gone', 'best', 'middle', 7] },
        ...{ holdout_share: 0.3, frozen: false, predicted: 0.5, version: 3 },
      },
    });
    const one = order(watched, { standing: standing(), episode: { kind: 'goes_on', opening } });
    expect({ ...one, playbooks: ids(one.playbooks) }).toEqual({
      ...{ arm: 'candidate', propensity: 0.4, holdout_share: 0.3, frozen: false, predicted: 0.5, version: 3 },
      playbooks: ['middle', 'best'],
    });
    const early = control('incident_opened', 5, 9, { decision: { reason: 'it is critical' } });
    expect(order(watched, { standing: standing(), episode: { kind: 'goes_on', opening: early } }).arm).toBe('author');
  });

  it('waits as its author says since then: another within counts at once, and so do bounds', () => {
    const best = learnable().playbooks[2] as LearnableCheck['playbooks'][number];
    const waitOf = (today: Partial<typeof best>, within_s: number) => {
      const check = learnable({ playbooks: [...learnable().playbooks.slice(0, 2), { ...best, ...today }] });
      const said = { ...standing(), metadata: { playbooks: [{ id: 'best', within_s }] } };
      const { playbooks: served } = learnedOrder([check], { mode: 'propose', holdout: 0.2 })(watched, {
        ...{ standing: said, episode: begins(1) },
      });
      return served.find(({ id }) => id === 'best')?.verify.within_s;
    };
    expect(waitOf({}, 1)).toBe(0.25);
    expect(waitOf({}, 2)).toBe(1);
    expect(waitOf({ bounds: { least_s: 0.5, most_s: 2 } }, 1)).toBe(0.5);
    expect(waitOf({ bounds: { least_s: 0.1, most_s: 0.2 } }, 1)).toBe(0.2);
  });

  it('is the author’s as soon as a risk was raised by which the learned one would need a person', () => {
    const raised = (id: string) =>
      learnable({
        playbooks: learnable().playbooks.map((one) => (one.id === id ? { ...one, risk: 'high' as const } : one)),
      });
    const said = { ...standing(), metadata: { playbooks: FIRST.map((id) => ({ id, risk: 'low', within_s: 1 })) } };
    const orderOf = (check: LearnableCheck, risk = 'low') => {
      const before = { playbooks: FIRST.map((id) => ({ id, risk, within_s: 1 })) };
      const asked = learnedOrder([check], { mode: 'propose', holdout: 0.2 });
      return asked(watched, { standing: { ...said, metadata: before }, episode: begins(1) });
    };
    expect(orderOf(learnable()).arm).toBe('incumbent');
    expect(orderOf(raised('best'))).toMatchObject({ arm: 'author', version: null });
    // It comes last: nothing of lower risk waits for it.
    expect(orderOf(raised('worst')).arm).toBe('incumbent');
    // A person had allowed it when it was as risky as it is.
    expect(orderOf(raised('best'), 'high').arm).toBe('incumbent');
  });

  it('that others are held against is the author’s in its waits, too', () => {
    const order = learnedOrder([learnable()], { mode: 'apply', holdout: 0.2 });
    for (let n = 0; n < 60; n++) {
      const { arm, playbooks: served } = order(watched, { standing: standing(), episode: begins(n) });
      const best = served.find(({ id }) => id === 'best');
      expect(best?.verify.within_s).toBe(arm === 'holdout' ? 1 : 0.25);
    }
  });

  it('has the waits that were learned', () => {
    const order = learnedOrder([learnable()], { mode: 'apply', holdout: 0.2 });
    const { playbooks: served } = order(watched, { standing: standing(), episode: begins(1) });
    expect(Object.fromEntries(served.map(({ id, verify }) => [id, verify.within_s]))).toEqual({
      worst: 1,
      middle: 1,
      best: 0.25,
    });
  });
});
