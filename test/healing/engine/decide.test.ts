import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RAIL_IDS, type RailId } from '../../../src/core/records/rails.js';
import { approvalFault } from '../../../src/healing/engine/approval.js';
import { decide, isLive } from '../../../src/healing/engine/decide.js';
import { isPassable } from '../../../src/healing/engine/rails.js';
import type { Situation } from '../../../src/healing/engine/situation.js';
import { POLICY } from '../../support/heal-stand.js';
import { newIncident } from '../../support/records.js';
import { ago, control, endedClaim, NEVER_SEEN, plainPlaybook, plainWatched, situation } from './situations.js';

/** A situation of an open incident in which exactly these rails hold. */
function heldBy(rails: ReadonlySet<RailId>, passOver: readonly RailId[] = []): Situation {
  const holds = (rail: RailId) => rails.has(rail);
  const risk = 'medium' as const;
  const acted = endedClaim(holds('cap') ? 500 : 2000, holds('cooldown') ? 5 : 400, { claim_id: 'other' });
  const silence = (checks: string[], seconds: number) =>
    control('silence_started', seconds, 20, { metadata: { checks, lasts_s: 100, account: 'a', reason: '' } });
  return situation({
    passOver,
    watched: plainWatched({
      act: !holds('observe'),
      playbooks: [plainPlaybook('p', { risk })],
      limits: { cooldown_s: 10, caps: [{ most: 1, within_s: 1000 }] },
    }),
    account: { name: 'healer', allowed: !holds('account'), rule: 'rule' },
    silences: [silence(['db'], 1), silence(['web'], 100), ...(holds('silence') ? [silence(['x', 'w*b'], 99)] : [])],
    maintenance: holds('maintenance') ? 'maintenance' : undefined,
    dependencies: [
      { name: 'a', status: 'ok' },
      { name: 'b', status: holds('dependency') ? 'unknown' : 'warning' },
    ],
    flapping: holds('flapping'),
    brake: holds('brake') ? control('brake_set', 5, 30, { decision: { reason: 'storm' } }) : undefined,
    missing: holds('log_gap') ? [{ from: 3, to: 5 }] : [],
    escalation: control('incident_escalated', holds('rearm') ? 899 : 900, 95_000, {
      decision: { gave_up: true },
      metadata: { rounds: 1 },
    }),
    targetClaims: [acted],
    approval: holds('approval')
      ? undefined
      : control('approval_given', 5, 99_999, { decision: { playbook_id: 'p', config_version: 'c1' } }),
  });
}

const someRails = fc.subarray([...RAIL_IDS]);

describe('what is decided', () => {
  test('with any rail that holds nothing acts, and each of them is named; with none it acts', () => {
    fc.assert(
      fc.property(someRails, someRails, (rails, passOver) => {
        const decision = decide(heldBy(new Set(rails), passOver));
        const passed = rails.filter((rail) => isPassable(rail) && passOver.includes(rail));
        const held = rails.filter((rail) => !passed.includes(rail));
        expect(decision.kind).toBe(held.length === 0 ? 'act' : 'withhold');
        if (decision.kind === 'withhold') expect(decision.refusals.map(({ rail }) => rail)).toEqual(held);
        if (decision.kind === 'act') expect(decision.passedOver.map(({ rail }) => rail)).toEqual(passed);
      }),
      { numRuns: 3000 },
    );
  });

  test('with a claim that is open nothing is done, whatever else there is', () => {
    fc.assert(
      fc.property(someRails, fc.boolean(), fc.boolean(), (rails, alive, isNew) => {
        const openClaims = [{ alive, claim_id: 'c', playbook_id: 'p' }];
        const given = { ...heldBy(new Set(rails)), openClaims, ...(isNew ? NEVER_SEEN : {}) };
        expect(decide(given)).toEqual({ kind: alive ? 'busy' : 'abandoned', claim_id: 'c' });
      }),
    );
  });

  test('what is older than an act on the target, or than the end of the incident, opens nothing and is no reason', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 0, max: 100 }),
        fc.constantFrom('none', 'live', 'resolved', 'manual'),
        (a, b, ended_s, kind) => {
          const [onset_s, newest_s] = [Math.max(a, b), Math.min(a, b)];
          const claim = endedClaim(ended_s + 10, ended_s);
          const resolved = { status: 'resolved', resolution: kind === 'manual' ? 'manual' : 'remediated' } as const;
          const record = newIncident(kind === 'live' ? {} : resolved);
          const failure = { ...situation().failure, onset: ago(onset_s), newest: ago(newest_s) };
          const decision = decide(
            situation({
              failure,
              targetClaims: [claim],
              ...(kind === 'none' ? NEVER_SEEN : { last: { record, hash: 'h' }, ended: claim, claims: [claim] }),
            }),
          );
          const isOver = kind === 'resolved' || kind === 'manual';
          const isOld = ended_s < newest_s || (isOver && ended_s <= onset_s);
          expect(decision.kind === 'stale').toBe(isOld);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('the opening', () => {
  const over = (change: object, ended_s: number) => ({
    last: { record: newIncident({ status: 'resolved', metadata: { relapse_s: 600 }, ...change }), hash: 'h' },
    ended: endedClaim(ended_s + 1, ended_s),
    claims: [endedClaim(ended_s + 1, ended_s)],
  });
  const openingOf = (change: Partial<Situation>) => {
    const decision = decide(situation(change));
    return 'opening' in decision ? decision.opening : decision.kind;
  };

  test('of a failure that nobody has recorded, or that is recorded and has not ended', () => {
    expect(openingOf(NEVER_SEEN)).toBe('new');
    expect(openingOf({})).toBe('open');
    expect(openingOf({ last: { record: newIncident({ status: 'failed' }), hash: 'h' } })).toBe('open');
  });

  test('within the relapse window it is the same incident again, outside it a new one', () => {
    expect([599, 600].map((ended_s) => openingOf(over({}, ended_s)))).toEqual(['again', 'new']);
    expect(openingOf(over({ metadata: {} }, 20))).toBe('new');
    expect(openingOf(over({ metadata: { relapse_s: '600' } }, 20))).toBe('new');
    expect(openingOf(over({ status: 'failed', resolution: 'manual' }, 20))).toBe('new');
    expect(openingOf({ ...over({}, 20), ended: undefined })).toBe('new');
  });

  test('what was tried, approved and given up before belongs to another episode', () => {
    const before = {
      ...over({}, 100),
      escalation: control('incident_escalated', 200, 60, { decision: { gave_up: true }, metadata: { rounds: 5 } }),
      approval: control('approval_given', 1, 99_999, { decision: { playbook_id: 'p', config_version: 'c1' } }),
    };
    expect(decide(situation(before))).toMatchObject({ kind: 'act', opening: 'again', playbook: { id: 'p' } });
    const watched = plainWatched({ playbooks: [plainPlaybook('p', { risk: 'medium' })] });
    expect(decide(situation({ ...before, watched }))).toMatchObject({
      kind: 'withhold',
      refusals: [{ rail: 'approval' }],
    });
  });
});

describe('the brake', () => {
  const openings = (...seconds: number[]) =>
    seconds.map((s, i) => ({ ...control('incident_opened', s, 90 - i), subject: `inc_${i}` }));
  const policy = { ...POLICY, brake: { incidents: 3, within_s: 300 } };

  test('is set by the failure that is one too many, and only by a new one', () => {
    const storm = { policy, openings: openings(10, 299) };
    expect(decide(situation({ ...storm, ...NEVER_SEEN }))).toMatchObject({
      kind: 'withhold',
      sets_brake: '3 incidents within 300 s',
      refusals: [{ rail: 'brake' }],
    });
    expect(decide(situation(storm)).kind).toBe('act');
    expect(decide(situation({ ...storm, ...NEVER_SEEN, openings: openings(10, 300) })).kind).toBe('act');
    expect(decide(situation({ ...storm, ...NEVER_SEEN, origin: 'drill' })).kind).toBe('act');
  });

  test('counts incidents: one that fails again and again is one', () => {
    const again = openings(10, 20, 30, 40).map((one) => ({ ...one, subject: 'inc_0' }));
    expect(decide(situation({ policy, openings: again, ...NEVER_SEEN })).kind).toBe('act');
    const [first, second] = openings(50, 60);
    const more = [...again, ...(first && second ? [first, second] : [])];
    expect(decide(situation({ policy, openings: more, ...NEVER_SEEN }))).toMatchObject({
      sets_brake: '3 incidents within 300 s',
    });
  });

  test('is not set twice', () => {
    const brake = control('brake_set', 5, 95, { decision: { reason: 'storm' } });
    const decision = decide(situation({ policy, openings: openings(10, 20), ...NEVER_SEEN, brake }));
    expect(decision).toMatchObject({ kind: 'withhold', refusals: [{ rail: 'brake' }] });
    expect(decision).not.toHaveProperty('sets_brake');
  });

  test('is set besides whatever else holds', () => {
    const decision = decide(
      situation({ policy, openings: openings(1, 2), ...NEVER_SEEN, watched: plainWatched({ act: false }) }),
    );
    expect(decision).toMatchObject({ refusals: [{ rail: 'observe' }, { rail: 'brake' }] });
  });
});

describe('when nothing is left to try', () => {
  const watched = plainWatched({ playbooks: [] });

  test('a person is asked for, once', () => {
    expect(decide(situation({ watched }))).toMatchObject({ kind: 'escalate', gave_up: false });
    const escalation = control('incident_escalated', 5, 95, { decision: { reason: 'r', gave_up: false } });
    expect(decide(situation({ watched, escalation }))).toEqual({ kind: 'wait', opening: 'open', reason: 'r' });
    expect(decide(situation({ watched, escalation, ...NEVER_SEEN }))).toMatchObject({ kind: 'escalate' });
  });

  test('all that were listed have failed: it is given up', () => {
    expect(decide(situation({ claims: [endedClaim(20, 10)] }))).toMatchObject({
      kind: 'escalate',
      gave_up: true,
      reason: 'all remedies have failed',
    });
  });

  test('one of which nobody knows how it went is not said to have failed', () => {
    const lost = endedClaim(20, 10, { claim_id: 'lost', outcome: 'unknown' });
    expect(decide(situation({ claims: [endedClaim(40, 30), lost] }))).toMatchObject({
      gave_up: true,
      reason: 'all remedies were tried, 1 of them with an unknown end',
    });
    // Of the round before nothing is said.
    const escalation = control('incident_escalated', 5000, 50, {
      decision: { gave_up: true },
      metadata: { rounds: 1 },
    });
    const earlier = { ...lost, line: 40 };
    expect(decide(situation({ claims: [endedClaim(20, 10), earlier], escalation }))).toMatchObject({
      reason: 'all remedies have failed',
    });
  });
});

describe('an approval', () => {
  const [low, medium, high] = (['low', 'medium', 'high'] as const).map((risk) => plainPlaybook('p', { risk }));
  const given = (change: Partial<Situation> = {}, seconds = 5, decision = {}) =>
    situation({
      approval: control('approval_given', seconds, 80, {
        decision: { playbook_id: 'p', config_version: 'c1', ...decision },
      }),
      ...change,
    });

  test.each([
    ['low needs none', situation(), low, undefined],
    ['medium needs one', situation(), medium, 'p has risk medium and needs an approval'],
    ['high, which nobody may approve', given(), high, 'policy.autonomy.high is never: a person runs p'],
    ['given', given(), medium, undefined],
    ['to its last second', given({}, 1799.9), medium, undefined],
    ['run out', given({}, 1800), medium, /run out$/],
    ['for another playbook', given({}, 5, { playbook_id: 'q' }), medium, /for q$/],
    ['of another configuration', given({}, 5, { config_version: 'c2' }), medium, /configuration has changed/],
    ['of none', given({}, 5, { config_version: null }), medium, /configuration has changed/],
    ['used', given({ claims: [endedClaim(3, 1, { line: 81 })] }), medium, /used$/],
    ['not used by what ran before it', given({ claims: [endedClaim(9, 8, { line: 79 })] }), medium, undefined],
  ] as const)('%s', (_what, s, playbook, fault) => {
    const found = approvalFault(s, playbook ?? plainPlaybook('p'));
    if (fault instanceof RegExp) expect(found).toMatch(fault);
    else expect(found).toBe(fault);
  });
});

test.each([
  ['detected', 'none', true],
  ['remediating', 'none', true],
  ['failed', 'none', true],
  ['failed', 'manual', false],
  ['failed', undefined, false],
  ['resolved', 'remediated', false],
  ['resolved', 'none', false],
])('%s, %s: live %s', (status, resolution, live) => {
  expect(isLive({ status, resolution })).toBe(live);
});
