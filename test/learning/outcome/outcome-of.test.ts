import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { formatInstant } from '../../../src/core/records/time.js';
import type { EpisodeRecord } from '../../../src/core/registry/queries/episodes.js';
import { outcomeOf } from '../../../src/learning/outcome/outcome-of.js';
import { claim, control, EPOCH_MS, moment, now, opening, reopened } from './episode.js';

const episode = (more: Partial<EpisodeRecord> = {}): EpisodeRecord => ({
  ...{ opening: opening(), next: undefined, claims: [], said: [] },
  ...more,
});
const failedThenWorked = [
  claim(2, 'b', { from: 100, to: 140, outcome: 'failed' }),
  claim(4, 'a', { from: 150, to: 180.5 }),
];
const escalated = (line: number, s: number, bearable = false) =>
  control(ACTION.incidentEscalated, line, s, { decision: { reason: 'x', ...(bearable ? { bearable } : {}) } });
const ALL = { order: true, waits: true, effect: true };
const NONE = { order: false, waits: false, effect: false };

describe('an episode that a remedy has ended', () => {
  it('says what was tried, how long it took and how it was drawn, once its relapse window is over', () => {
    const one = episode({ claims: failedThenWorked });
    expect(outcomeOf(one, now(180.5 + 299.9))).toBeUndefined();
    expect(outcomeOf(one, now(180.5 + 300))).toEqual({
      ...{ opening: 'log_1', check: 'web', target: 'web.service', mode: 'api_timeout' },
      ...{ arm: 'candidate', order: ['b', 'a'], holdout: false, holdout_share: 0.2, differs: true, predicted: 0.8 },
      tried: [
        { playbook: 'b', worked: false, seconds: 40 },
        { playbook: 'a', worked: true, seconds: 30.5 },
      ],
      waits: [
        { playbook: 'b', seconds: 35, healthy: false },
        { playbook: 'a', seconds: 25.5, healthy: true },
      ],
      ...{ recovered_s: 90.5, relapsed: false, escalated: false, unknown: 0, counts: ALL, left_out: [] },
    });
  });

  it('has the window of the remedy that worked, and not the longest of all', () => {
    const claims = [claim(2, 'b', { relapse_s: 0 })];
    expect(outcomeOf(episode({ claims }), now(130))?.relapsed).toBe(false);
  });

  it('is a failure of that remedy when it relapses, at once', () => {
    const one = episode({ claims: failedThenWorked, next: reopened(9, 200) });
    const found = outcomeOf(one, now(201));
    expect(found).toMatchObject({ relapsed: true, recovered_s: 90.5, escalated: false, counts: ALL });
    expect(found?.tried.map(({ worked }) => worked)).toEqual([false, false]);
    // It was healthy after so long, whatever came of it.
    expect(found?.waits[1]).toEqual({ playbook: 'a', seconds: 25.5, healthy: true });
  });

  it('is not hastened by an opening that is no relapse', () => {
    const one = episode({ claims: failedThenWorked, next: reopened(9, 200, { relapse: 0 }) });
    expect(outcomeOf(one, now(201))).toBeUndefined();
    expect(outcomeOf(one, now(600))?.relapsed).toBe(false);
  });

  it('has asked for a person where the remedy only made it bearable', () => {
    const one = episode({ claims: failedThenWorked, said: [escalated(6, 180.5, true)] });
    expect(outcomeOf(one, now(300))).toBeUndefined();
    expect(outcomeOf(one, now(500))).toMatchObject({ escalated: true, recovered_s: 90.5, counts: ALL });
    expect(outcomeOf(one, now(500))?.tried[1]?.worked).toBe(true);
  });

  it('is over by the dates when the machine was started anew meanwhile, however little the new boot has run', () => {
    const one = episode({ claims: failedThenWorked });
    expect(outcomeOf(one, { boot_id: 'b2', elapsed_s: 9000, ms: EPOCH_MS + 300_000 })).toBeUndefined();
    expect(outcomeOf(one, { boot_id: 'b2', elapsed_s: 1, ms: EPOCH_MS + 500_000 })).toBeDefined();
    // The clock was set back: nobody can tell, and it waits.
    expect(outcomeOf(one, { boot_id: 'b2', elapsed_s: 9000, ms: EPOCH_MS - 1e9 })).toBeUndefined();
  });

  it('is not learned from when for how long it had to hold is not on record', () => {
    const one = episode({ claims: [claim(2, 'b', { relapse_s: null })] });
    expect(outcomeOf(one, now(131))).toMatchObject({ counts: NONE, left_out: ['incomplete'] });
    expect(outcomeOf({ ...one, next: reopened(9, 200) }, now(201))).toMatchObject({ relapsed: true, counts: ALL });
  });
});

describe('an episode that ended otherwise', () => {
  const failed = claim(2, 'b', { from: 100, to: 140, outcome: 'failed' });

  it('has recovered when the check passes again, once the window of the opening is over', () => {
    const one = episode({ claims: [failed], said: [control(ACTION.incidentRecovered, 5, 160)] });
    expect(outcomeOf(one, now(759.9))).toBeUndefined();
    expect(outcomeOf(one, now(760))).toMatchObject({ recovered_s: 70, relapsed: false, escalated: false, counts: ALL });
    expect(outcomeOf(one, now(760))?.tried).toEqual([{ playbook: 'b', worked: false, seconds: 40 }]);
    expect(outcomeOf({ ...one, next: reopened(9, 300) }, now(301))).toMatchObject({ relapsed: true, recovered_s: 70 });
  });

  it('is closed as soon as a person is asked for, and what comes then does not count', () => {
    const later = claim(8, 'a', { from: 200, to: 230 });
    const one = episode({
      claims: [failed, later],
      said: [escalated(5, 150), control(ACTION.incidentRecovered, 9, 240)],
    });
    const found = outcomeOf({ ...one, next: reopened(12, 250) }, now(150));
    expect(found).toMatchObject({ recovered_s: null, relapsed: false, escalated: true, unknown: 0, counts: ALL });
    expect(found?.tried).toEqual([{ playbook: 'b', worked: false, seconds: 40 }]);
    expect(found?.waits).toHaveLength(1);
    expect(outcomeOf({ ...one, claims: [failed, { ...later, outcome: 'unknown' }] }, now(150))?.unknown).toBe(0);
  });

  it('is closed by the person who closes it', () => {
    const unknown = claim(4, 'a', { outcome: 'unknown', act_s: null, verify_s: null });
    const one = episode({ claims: [failed, unknown], said: [control(ACTION.incidentClosed, 7, 150)] });
    expect(outcomeOf(one, now(150))).toMatchObject({ escalated: true, recovered_s: null, relapsed: false, unknown: 1 });
  });

  it('stays what it was first: a recovery before a person closes it, a remedy before anybody is asked', () => {
    const recovery = control(ACTION.incidentRecovered, 5, 160);
    const closed = control(ACTION.incidentClosed, 7, 170);
    expect(outcomeOf(episode({ claims: [failed], said: [recovery, closed] }), now(200))).toBeUndefined();
    const said = [escalated(9, 190)];
    expect(outcomeOf(episode({ claims: failedThenWorked, said }), now(500))).toMatchObject({
      ...{ escalated: false, recovered_s: 90.5 },
    });
  });

  it('has not recovered when it begins again and nothing says that it had', () => {
    const one = episode({ claims: [failed], next: reopened(9, 300) });
    expect(outcomeOf(one, now(300))).toMatchObject({
      recovered_s: null,
      relapsed: true,
      escalated: false,
      counts: ALL,
    });
  });

  it('waits for a remedy that is under way when a person is asked for', () => {
    const claims = [failed, claim(4, 'a', { outcome: null })];
    expect(outcomeOf(episode({ claims, said: [escalated(5, 150)] }), now(1e9))).toBeUndefined();
    const later = [failed, claim(8, 'a', { outcome: null })];
    expect(outcomeOf(episode({ claims: later, said: [escalated(5, 150)] }), now(150))).toMatchObject({ unknown: 0 });
  });

  it('is open while nothing has ended it', () => {
    expect(outcomeOf(episode({ claims: [failed] }), now(1e9))).toBeUndefined();
    expect(outcomeOf(episode({ claims: [failed, claim(4, 'a', { outcome: null })] }), now(1e9))).toBeUndefined();
    const said = [escalated(5, 141, true)];
    expect(outcomeOf(episode({ claims: [failed], said }), now(1e9))).toBeUndefined();
  });
});

describe('what an episode does not count for', () => {
  const at = now(1e6);

  it('nothing, where a person was asked before anything was tried', () => {
    const said = [escalated(2, 101)];
    expect(outcomeOf(episode({ claims: [claim(5, 'b')], said }), at)).toMatchObject({
      ...{ tried: [], waits: [], counts: NONE, left_out: ['person_first'] },
    });
  });

  it('order and waits, where nobody knows how an attempt ended; the effect it does', () => {
    const claims = [claim(2, 'b', { outcome: 'unknown', act_s: null }), claim(4, 'a', { from: 150, to: 180 })];
    expect(outcomeOf(episode({ claims }), at)).toMatchObject({
      tried: [{ playbook: 'a', worked: true, seconds: 30 }],
      waits: [{ playbook: 'a', healthy: true }],
      ...{ unknown: 1, counts: { order: false, waits: false, effect: true }, left_out: ['unknown_attempt'] },
    });
    // A claim whose end is missing, though something came after it.
    const endless = [claim(2, 'b', { outcome: null }), claim(4, 'a')];
    expect(outcomeOf(episode({ claims: endless }), at)).toMatchObject({ unknown: 1, left_out: ['unknown_attempt'] });
  });

  it('the effect, where another configuration came into force before it ended', () => {
    const [first, second] = [claim(2, 'b', { outcome: 'failed' }), claim(4, 'a', { config_version: 'w' })];
    const changed = { counts: { ...ALL, effect: false }, left_out: ['config_changed'] };
    expect(outcomeOf(episode({ claims: [first, second] }), at)).toMatchObject(changed);
    const said = [escalated(3, 131)];
    expect(outcomeOf(episode({ claims: [first, second], said }), at)).toMatchObject({ counts: ALL, left_out: [] });
  });

  it('the effect, where the opening names no arm', () => {
    const old = { arm: null, order: null, frozen: null, holdout_share: null, predicted: null };
    const one = episode({ opening: opening({ decision: old }), claims: failedThenWorked });
    expect(outcomeOf(one, at)).toMatchObject({
      ...{ arm: null, order: [], differs: false, predicted: null },
      ...{ counts: { ...ALL, effect: false }, left_out: ['no_arm'] },
    });
  });

  it.each([
    ['share', { decision: { holdout_share: 2 } }],
    ['share', { decision: { holdout_share: 1e-9 } }],
    ['configuration', { metadata: { config_version: undefined as unknown as null } }],
    ['order', { decision: { order: ['a', 1] } }],
    ['frozen', { decision: { frozen: 'no' } }],
    ['onset', { metadata: { onset: { boot_id: null, elapsed_s: null, at: 'yesterday' } } }],
  ])('the effect, where the %s is not on record', (_, change) => {
    const one = episode({ opening: opening(change), claims: failedThenWorked });
    expect(outcomeOf(one, at)).toMatchObject({ counts: { ...ALL, effect: false }, left_out: ['incomplete'] });
  });

  it.each(['check', 'target', 'failure_mode'])('anything, where the %s is not on record', (field) => {
    for (const value of [7, '']) {
      const one = episode({ opening: opening({ metadata: { [field]: value } }), claims: failedThenWorked });
      expect(outcomeOf(one, at)).toMatchObject({ counts: NONE, left_out: ['incomplete'] });
    }
  });

  it('order and waits, where somebody else has written how an attempt ended: when, nobody knows', () => {
    const foreign = { act_s: null, verify_s: null };
    const failed = [claim(2, 'b', { outcome: 'failed', ...foreign }), claim(4, 'a')];
    const worked = [claim(2, 'b', { outcome: 'failed' }), claim(4, 'a', foreign)];
    const left_out = ['incomplete'];
    expect(outcomeOf(episode({ claims: failed }), at)).toMatchObject({
      ...{ counts: { order: false, waits: false, effect: true }, left_out },
    });
    expect(outcomeOf(episode({ claims: worked }), at)).toMatchObject({ counts: NONE, left_out });
  });

  it('waits, for steps that failed or timed out: nobody has waited for health to the end', () => {
    const claims = [
      claim(2, 'b', { outcome: 'failed', verify_s: null }),
      claim(4, 'c', { outcome: 'timed_out', verify_s: 3 }),
      claim(6, 'a', { verify_s: 12 }),
    ];
    const found = outcomeOf(episode({ claims }), at);
    expect(found?.waits).toEqual([{ playbook: 'a', seconds: 12, healthy: true }]);
    expect(found?.tried).toHaveLength(3);
  });

  it('order, where there were more attempts than an entry has room for', () => {
    const many = Array.from({ length: 60 }, (_, i) => claim(i + 2, 'b', { outcome: 'failed' }));
    const found = outcomeOf(episode({ claims: [...many, claim(99, 'a')] }), at);
    expect(found).toMatchObject({ counts: { order: false, waits: false, effect: true }, left_out: ['incomplete'] });
    expect(found?.tried).toHaveLength(50);
  });
});

describe('times across boots', () => {
  const at = now(1e6, 'b9');
  const dated = (s: number) => ({ boot_id: null, elapsed_s: null, at: formatInstant(EPOCH_MS + s * 1000) });

  it('are those of the monotonic clock within a boot, whatever the dates say', () => {
    const ended = { ...moment(130), at: '2020-01-01T00:00:00.000Z' };
    const found = outcomeOf(episode({ claims: [claim(2, 'b', { ended })] }), now(430));
    expect(found).toMatchObject({ recovered_s: 40, tried: [{ seconds: 30 }] });
  });

  it('are those of the dates across boots', () => {
    const found = outcomeOf(
      episode({ claims: [claim(2, 'b', { ended: { ...moment(3, 'b2'), at: dated(175).at } })] }),
      at,
    );
    expect(found).toMatchObject({ recovered_s: 85, tried: [{ seconds: 75 }] });
  });

  it('are 0 and not negative when the clock was set back', () => {
    const found = outcomeOf(episode({ claims: [claim(2, 'b', { ended: dated(-5000) })] }), at);
    expect(found).toMatchObject({ recovered_s: 0, tried: [{ seconds: 0 }], counts: ALL });
  });

  it('have 9 digits', () => {
    const ended = { ...moment(130), elapsed_s: 100 + 100 / 3 };
    expect(outcomeOf(episode({ claims: [claim(2, 'b', { ended })] }), at)?.recovered_s).toBe(43.3333333);
  });
});
