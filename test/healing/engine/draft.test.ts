import { describe, expect, test } from 'vitest';
import { readAuditEntry } from '../../../src/core/records/audit-entry.js';
import { readIncident } from '../../../src/core/records/incident.js';
import type { JsonObject } from '../../../src/core/records/json.js';
import { decide } from '../../../src/healing/engine/decide.js';
import { draftOf, type Hand } from '../../../src/healing/engine/draft.js';
import { authorsOrder, type Situation } from '../../../src/healing/engine/situation.js';
import { POLICY } from '../../support/heal-stand.js';
import { newIncident } from '../../support/records.js';
import { ago, control, endedClaim, NEVER_SEEN, plainPlaybook, plainWatched, situation } from './situations.js';

const hand: Hand = {
  host: 'h',
  trigger: { source: 'check', ref: null },
  metadata: { port: 8080 },
  newId: () => 'inc_made',
  owner: { boot_id: 'boot', pid: 4711, start_time: 9 },
};

const draft = (change: Partial<Situation>) => {
  const given = situation(change);
  return draftOf(decide(given), given, hand);
};
const actionsOf = (change: Partial<Situation>) => (draft(change).entries ?? []).map(({ action }) => action);

const medium = plainWatched({ playbooks: [plainPlaybook('p', { risk: 'medium' })] });
const observed = plainWatched({ act: false });
const withheld = (playbook_id: string, ...rails: string[]) =>
  control('remedy_withheld', 5, 90, { decision: { playbook_id, rails } });

describe('what is written', () => {
  test('records and entries that are read back', () => {
    const situations: Partial<Situation>[] = [
      {},
      NEVER_SEEN,
      { ...NEVER_SEEN, watched: medium },
      { ...NEVER_SEEN, watched: plainWatched({ playbooks: [] }) },
      { claims: [endedClaim(20, 10)] },
      { ...NEVER_SEEN, policy: { ...POLICY, brake: { incidents: 1, within_s: 60 } } },
    ];
    for (const change of situations) {
      const { incidents = [], entries = [] } = draft(change);
      expect(incidents.length + entries.length).toBeGreaterThan(0);
      for (const { record } of incidents) {
        expect(readIncident(JSON.parse(JSON.stringify(record)) as JsonObject)).toMatchObject({ ok: true });
      }
      for (const entry of entries) {
        const line = { entry_id: 'log_1', timestamp: ago(0).at, ...entry };
        expect(readAuditEntry(JSON.parse(JSON.stringify(line)) as JsonObject)).toMatchObject({ ok: true });
      }
    }
  });

  test('nothing, where others are at work or nothing has changed', () => {
    const open = [{ alive: true, claim_id: 'c', playbook_id: 'p' }];
    const waits = {
      watched: plainWatched({ playbooks: [] }),
      escalation: control('incident_escalated', 5, 95, { decision: { reason: 'r', gave_up: false } }),
    };
    for (const change of [{ openClaims: open }, { targetClaims: [endedClaim(5, 0.5)] }, waits]) {
      const { incidents, entries, value } = draft(change);
      expect([incidents, entries, value.notices]).toEqual([undefined, undefined, []]);
    }
  });

  test('an opening, with the onset on the clock that nobody sets', () => {
    const { incidents, entries, value } = draft({ ...NEVER_SEEN, watched: medium });
    expect(incidents).toMatchObject([
      {
        after: null,
        record: {
          ...{ incident_id: 'inc_made', status: 'detected', check: 'web', origin: 'real', host: 'h', boot_id: 'boot' },
          ...{ onset_at: ago(6).at, timings: { confirm_s: 6 }, metadata: { port: 8080, relapse_s: 600 } },
        },
      },
    ]);
    expect(entries?.[0]).toMatchObject({
      action: 'incident_opened',
      resource: 'inc_made',
      decision: { reason: 'it is critical', confirmed: '2 of 3', relapse: 0 },
      metadata: { check: 'web', target: 'http://web/', origin: 'real', onset: { boot_id: 'boot', elapsed_s: 99_994 } },
    });
    expect(value.notices.map(({ event }) => event)).toEqual(['opened', 'approval']);
  });

  test('a relapse: the same incident, one line, with an onset of its own', () => {
    const claim = endedClaim(101, 100);
    const record = newIncident({
      ...{ status: 'resolved', resolution: 'remediated', success: true, mttr_seconds: 4, relapses: 2 },
      metadata: { relapse_s: 600 },
    });
    const { incidents, entries } = draft({ last: { record, hash: 'before' }, ended: claim, claims: [claim] });
    expect(incidents).toMatchObject([
      {
        after: 'before',
        record: {
          ...{ incident_id: 'inc_new', status: 'remediating', relapses: 3, mttr_seconds: null, success: false },
          ...{ onset_at: ago(6).at, resolution: 'none', verification: { status: 'unverified' } },
        },
      },
    ]);
    expect(entries?.map(({ action }) => action)).toEqual(['incident_opened', 'remedy_claimed']);
    expect(entries?.[0]?.decision.relapse).toBe(3);
  });

  test('a claim: whose it is, what it rests on, and by which rule', () => {
    const chosen = authorsOrder([plainPlaybook('p'), plainPlaybook('q')]);
    const order = () => ({ ...chosen, arm: 'swapped', propensity: 0.2 });
    const { incidents, entries } = draft({ order, passOver: ['observe'], watched: observed });
    expect(incidents).toMatchObject([
      {
        after: 'h',
        record: { status: 'remediating', playbook_id: 'p', arm: 'swapped', propensity: 0.2, config_version: 'c1' },
      },
    ]);
    expect(entries).toMatchObject([
      {
        action: 'remedy_claimed',
        decision: {
          ...{ granted: true, account: 'healer', rule: 'rule; policy.autonomy.low: auto', order: ['p', 'q'] },
          passed_over: ['observe: mode is observe'],
        },
        metadata: {
          ...{ incident_id: 'inc_new', target: 'http://web/', playbook_id: 'p', predecessor: 'h' },
          ...{ owner: { boot_id: 'boot', pid: 4711, start_time: 9 }, clock: { boot_id: 'boot', elapsed_s: 100_000 } },
        },
      },
    ]);
  });
});

describe('what is withheld', () => {
  test('is written once for each set of rails, and for each remedy', () => {
    const maintenance = 'maintenance';
    expect(actionsOf({ watched: observed })).toEqual(['remedy_withheld']);
    expect(actionsOf({ watched: observed, withheld: withheld('p', 'observe') })).toEqual([]);
    expect(actionsOf({ watched: observed, maintenance, withheld: withheld('p', 'observe') })).toEqual([
      'remedy_withheld',
    ]);
    expect(actionsOf({ watched: observed, withheld: withheld('p', 'observe', 'maintenance') })).toEqual([
      'remedy_withheld',
    ]);
    expect(actionsOf({ watched: observed, withheld: withheld('q', 'observe') })).toEqual(['remedy_withheld']);
  });

  test('in another episode it is written anew', () => {
    expect(actionsOf({ ...NEVER_SEEN, watched: observed, withheld: withheld('p', 'observe') })).toEqual([
      'incident_opened',
      'remedy_withheld',
    ]);
  });

  test('an approval is asked for once for each playbook and configuration, when nothing else holds', () => {
    const asked = (playbook_id: string, config_version: string) =>
      control('approval_requested', 5, 91, { decision: { playbook_id, config_version } });
    const known = { watched: medium, withheld: withheld('p', 'approval') };
    expect(actionsOf({ ...known })).toEqual(['approval_requested']);
    expect(actionsOf({ ...known, requested: asked('p', 'c1') })).toEqual([]);
    expect(actionsOf({ ...known, requested: asked('p', 'c0') })).toEqual(['approval_requested']);
    expect(actionsOf({ ...known, requested: asked('q', 'c1') })).toEqual(['approval_requested']);
    const both = { watched: medium, maintenance: 'm', withheld: withheld('p', 'maintenance', 'approval') };
    expect(actionsOf(both)).toEqual([]);
    const never = plainWatched({ playbooks: [plainPlaybook('p', { risk: 'high' })] });
    expect(actionsOf({ ...known, watched: never })).toEqual([]);
  });
});

describe('the space that is kept for making space', () => {
  const freeing = plainWatched({ playbooks: [plainPlaybook('p'), plainPlaybook('free', { freesSpace: true })] });
  const storm = { ...NEVER_SEEN, policy: { ...POLICY, brake: { incidents: 1, within_s: 60 } } };

  test('is for what frees space, and for the brake, and for nothing else', () => {
    expect(draft({ watched: freeing }).reserve).toBe(true);
    expect(draft(storm).reserve).toBe(true);
    expect(draft({}).reserve).toBe(false);
    expect(draft({ watched: observed }).reserve).toBe(false);
    expect(draft({ watched: plainWatched({ playbooks: [] }) }).reserve).toBe(false);
  });
});

test('rounds that were given up are counted', () => {
  const escalated = (change: Partial<Situation>) => draft({ claims: [endedClaim(20, 10)], ...change }).entries?.[0];
  expect(escalated({})).toMatchObject({ action: 'incident_escalated', metadata: { rounds: 1 } });
  const before = control('incident_escalated', 2000, 97_000, { decision: { gave_up: true }, metadata: { rounds: 4 } });
  expect(escalated({ escalation: before })).toMatchObject({ metadata: { rounds: 5 } });
});
