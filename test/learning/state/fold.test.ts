import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { NO_EFFECT, observeEffect } from '../../../src/learning/effect/effect.js';
import { NOTHING_SEEN, observe } from '../../../src/learning/order/observe.js';
import { ORDER_SETTING } from '../../../src/learning/order/setting.js';
import { checkState, newCheckState } from '../../../src/learning/state/check-state.js';
import { foldEntry } from '../../../src/learning/state/fold.js';
import { type LearnState, NOTHING_LEARNED } from '../../../src/learning/state/learn-state.js';
import { arms, entry, folded, learned, update } from './entries.js';

const web = (state: LearnState) => checkState(state, 'web');
const FAILED = [{ playbook: 'a', worked: false, seconds: 50 }];
const counts = (change: object) => ({ counts: { order: true, waits: true, effect: true, ...change } });
const drawn = { holdout: false, holdout_share: 0.2, differs: true };

describe('an outcome', () => {
  it('is folded into the order, the waits, the effect and the forecast', () => {
    const state = folded([learned(), learned({ ...drawn, tried: FAILED, predicted: 0.95 })]);
    const tried = [{ playbook: 'a', worked: true, seconds: 30 }];
    const target = 'web.service';
    const first = observe(NOTHING_SEEN, { target, tried }, ORDER_SETTING.keep);
    expect(state.modes).toEqual({ api_timeout: observe(first, { target, tried: FAILED }, ORDER_SETTING.keep) });
    const incident = { mode: 'api_timeout', recovered_s: 40, relapsed: false, escalated: false };
    const before = observeEffect(NO_EFFECT, { ...incident, holdout: true, holdout_share: 1, differs: false });
    expect(state.effect).toEqual(observeEffect(before, { ...incident, ...drawn }));
    expect(state.effect.learned.n).toBe(1);
    expect(web(state)?.waited.a?.observations).toEqual([
      { seconds: 20, healthy: true },
      { seconds: 20, healthy: true },
    ]);
    expect(state.calibration[5]).toEqual({ n: 1, predicted: 0.5, worked: 1 });
    expect(state.calibration[9]).toEqual({ n: 1, predicted: 0.95, worked: 0 });
    expect(state).toMatchObject({ outcomes: 2, checks: { web: { outcomes: 2, outcomes_at_change: 0 } } });
  });

  it.each(['order', 'waits', 'effect'])('is not folded into what it does not count for: %s', (field) => {
    const state = folded([learned(counts({ [field]: false }))]);
    expect(Object.keys(state.modes).length > 0).toBe(field !== 'order');
    expect(state.calibration[5]?.n).toBe(field === 'order' ? 0 : 1);
    expect(Object.keys(web(state)?.waited ?? {}).length > 0).toBe(field !== 'waits');
    expect(state.effect.incidents).toBe(field === 'effect' ? 0 : 1);
    expect(state).toMatchObject({ outcomes: 1, checks: { web: { outcomes: 1 } } });
  });

  it('of an incident that never recovered is the slowest there is', () => {
    const never = folded([learned({ recovered_s: null }), learned({ recovered_s: 1e9 })]).effect;
    expect(never.all.score).toBe(2);
  });

  it('is held against the forecast only where the first of its order was tried first', () => {
    const other = folded([learned({ order: ['b', 'a'] }), learned({ predicted: null }), learned({ tried: [] })]);
    expect(other.calibration).toEqual(NOTHING_LEARNED.calibration);
    const edges = folded([learned({ predicted: 1 }), learned({ predicted: 0 }), learned({ predicted: 0.1 })]);
    expect(edges.calibration.map(({ n }) => n)).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it('that names no check is counted, and filed under none', () => {
    expect(folded([learned({ check: '' })])).toMatchObject({ outcomes: 1, checks: {} });
  });

  it('of a check of which nothing was said shows the first order, unless it was in a learned one', () => {
    const order = ['b', 'a'];
    const first = (arm: string | null, holdout: boolean) => web(folded([learned({ arm, holdout, order })]))?.first;
    expect(first('author', false)).toEqual(order);
    expect(first('holdout', true)).toEqual(order);
    expect(first('candidate', false)).toEqual([]);
    expect(first('incumbent', false)).toEqual([]);
    expect(first(null, false)).toEqual([]);
    const [outcome] = [learned({ arm: 'author', holdout: false, order })];
    expect(web(folded([arms('web'), outcome]))?.first).toEqual(['a', 'b']);
  });
});

describe('surprises', () => {
  const sure = { predicted: 0.9, tried: FAILED };
  const surprises = (...entries: Parameters<typeof folded>[0]) => web(folded([arms('web'), ...entries]))?.surprises;

  it('are failures of the first playbook, in a row, that were predicted with more than 0.7', () => {
    expect(surprises(learned(sure), learned(sure), learned(sure))).toBe(3);
    expect(surprises(learned(sure), learned({ ...sure, predicted: 0.7 }), learned({ ...sure, predicted: null }))).toBe(
      1,
    );
    expect(surprises(learned(sure), learned({ predicted: 0.2 }), learned(sure))).toBe(1);
    expect(
      surprises(learned(sure), learned(counts({ order: false })), learned({ ...sure, ...counts({ order: false }) })),
    ).toBe(1);
  });

  it('are not those of an order that begins otherwise than the incumbent', () => {
    const other = { order: ['b', 'a'], predicted: 0.9 };
    expect(surprises(learned(sure), learned({ ...other, tried: [{ playbook: 'b', worked: false, seconds: 9 }] }))).toBe(
      1,
    );
    expect(surprises(learned(sure), learned({ ...other, tried: [{ playbook: 'b', worked: true, seconds: 9 }] }))).toBe(
      1,
    );
    // Served before the change, closed after it.
    expect(surprises(update({ to: ['b', 'a'] }), learned(sure))).toBe(0);
  });

  it('end with the order of which they were', () => {
    expect(surprises(learned(sure), update({ to: ['a', 'b'] }))).toBe(0);
    expect(surprises(learned(sure), arms('web', { first: ['a', 'c'] }))).toBe(0);
    expect(surprises(learned(sure), arms('web', { candidate: ['b', 'a'] }))).toBe(1);
  });
});

describe('standing arms', () => {
  it('are what holds for their check', () => {
    const said = { incumbent: ['b', 'a'], candidate: ['a'], version: 4, waits: { a: 12.3456789012 } };
    const state = folded([learned(), arms('web', said), arms('db')]);
    expect(web(state)).toMatchObject({ first: ['a', 'b'], ...said, waits: { a: 12.3456789 }, outcomes: 1 });
    expect(checkState(state, 'db')).toEqual(newCheckState(['a', 'b']));
  });

  it('begin anew when the author has another order', () => {
    const before = [learned(), arms('web', { version: 4 }), learned(), learned()];
    const same = folded([...before, arms('web', { version: 4, candidate: ['b', 'a'] })]);
    expect(web(same)).toMatchObject({ version: 4, outcomes: 3, outcomes_at_change: 0 });
    const other = folded([...before, arms('web', { first: ['b', 'a'], version: 4 })]);
    expect(web(other)).toMatchObject({ first: ['b', 'a'], version: null, outcomes: 3, outcomes_at_change: 3 });
  });

  it('are the first to say the first order, where an outcome could not: nobody has changed it', () => {
    const state = folded([learned({ arm: 'incumbent', holdout: false }), arms('web', { version: 4 })]);
    expect(web(state)).toMatchObject({ first: ['a', 'b'], version: 4, outcomes_at_change: 0 });
  });
});

describe('a version', () => {
  const begun = [arms('web'), learned(), learned({ predicted: 0.9, tried: FAILED })];

  it.each(['order', 'drop', 'rollback'])('of kind %s is the incumbent from then on', (kind) => {
    expect(web(folded([...begun, update({ kind, version: 7, to: ['b'] })]))).toMatchObject({
      ...{ incumbent: ['b'], first: ['a', 'b'], version: 7, outcomes: 2, outcomes_at_change: 2, surprises: 0 },
      held: false,
    });
  });

  it('holds what it says is to be held, until another does not', () => {
    const held = folded([...begun, update({ kind: 'rollback', hold: true })]);
    expect(web(held)?.held).toBe(true);
    expect(web(folded([arms('web'), learned()], held))?.held).toBe(true);
    expect(web(folded([update({ proposal: 'p3' })], held))?.held).toBe(false);
    const wait = { kind: 'wait', playbook: 'a', from: 30, to: 20 };
    expect(web(folded([update(wait)], held))?.held).toBe(true);
    // Whoever approves a wait has said nothing about orders.
    expect(web(folded([update({ ...wait, proposal: 'p3' })], held))?.held).toBe(true);
  });

  it('of a wait is that wait, and leaves the order as it was', () => {
    const state = folded([...begun, update({ kind: 'wait', version: 7, playbook: 'a', from: 30, to: 24 })]);
    expect(web(state)).toEqual({ ...web(folded(begun)), waits: { a: 24 } });
    const back = update({ kind: 'rollback', version: 8, playbook: 'a', from: 24, to: 30, reason: 'person' });
    expect(web(folded([back], state))).toEqual({ ...web(folded(begun)), waits: { a: 30 } });
  });

  it('of a check of which nothing was said begins with the order that it changed', () => {
    expect(web(folded([update({})]))).toMatchObject({ first: ['a', 'b'], incumbent: ['b', 'a'] });
    expect(web(folded([update({ kind: 'wait', playbook: 'a', to: 5 })]))).toEqual({
      ...newCheckState([]),
      waits: { a: 5 },
    });
  });

  const harm = (check: string, version: number) =>
    update({ kind: 'rollback', reason: 'harm', hold: true, check, version });

  it('that goes back because harm was shown ends the comparison, once for all that go back', () => {
    const before = folded([learned(), ...Array.from({ length: 5 }, () => learned({ ...drawn, recovered_s: 2000 }))]);
    expect(before.effect.time.n).toBe(5);
    const after = folded([harm('web', 8), harm('db', 9)], before);
    expect(after.effect).toEqual(NO_EFFECT);
    const { time, bad } = before.effect;
    expect(after.harmed).toEqual([{ ended_by: 'v8', incidents: 6, e_slower: time.below, e_worse: bad.below }]);
    const later = folded([learned(), harm('web', 10)], after);
    expect(later.harmed.map(({ ended_by, incidents }) => [ended_by, incidents])).toEqual([
      ['v8', 6],
      ['v10', 1],
    ]);
  });

  it.each(['surprises', 'person'])('that goes back for another reason leaves it as it was: %s', (reason) => {
    const state = folded([learned(), update({ kind: 'rollback', reason })]);
    expect(state).toMatchObject({ harmed: [], effect: { incidents: 1 } });
    expect(folded([learned(), update({ reason: 'harm' })]).effect.incidents).toBe(1);
  });

  it('leaves the last 20 comparisons that ended in harm', () => {
    const state = folded(Array.from({ length: 25 }, (_, i) => [learned(), harm('web', i + 1)]).flat());
    expect(state.harmed.map(({ ended_by }) => ended_by)).toEqual(Array.from({ length: 20 }, (_, i) => `v${i + 6}`));
  });
});

describe('what is not an entry of the learner', () => {
  const before = folded([arms('web'), learned(), update({ hold: true })]);

  it.each([
    ['unknown', entry('incident_opened', 'web', learned().decision, learned().metadata)],
    ['a tick', entry(ACTION.learningTick, 'learning', { outcomes: 3 })],
    ['a proposal', entry(ACTION.changeProposed, 'p1', update({}).decision)],
    ['an outcome without anything', entry(ACTION.outcomeLearned, 'inc_1', {})],
    ['arms of no check', arms('')],
    ['arms with ids that are none', arms('web', { first: ['a', 2] })],
    ['arms with an id twice', arms('web', { candidate: ['a', 'a'] })],
    ['arms without an incumbent', arms('web', { incumbent: null })],
    ['arms with a version that is none', arms('web', { version: 'v3' })],
    ['arms with version 0', arms('web', { version: 0 })],
    ['arms with a version beyond all counting', arms('web', { version: 1e9 })],
    ['arms with waits that are none', arms('web', { waits: { a: '5' } })],
    ['arms with a negative wait', arms('web', { waits: { a: -1 } })],
    ['a version without a check', update({ check: 3 })],
    ['a version without a number', update({ version: 1.5 })],
    ['a version of another kind', update({ kind: 'threshold' })],
    ['a version without an order', update({ to: 'b' })],
    ['a version that came from nowhere', update({ from: null })],
    ['a wait without a playbook', update({ kind: 'wait', to: 5 })],
    ['a wait that is none', update({ kind: 'wait', playbook: 'a', to: null })],
    ['a negative wait', update({ kind: 'wait', playbook: 'a', to: -5 })],
    ['harm without an order', update({ kind: 'rollback', reason: 'harm', to: null })],
  ])('changes nothing: %s', (_, one) => {
    expect(foldEntry(before, one)).toBe(before);
  });
});
