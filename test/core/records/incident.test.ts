import { describe, expect, it } from 'vitest';
import { incidentTitle, isVerified, originOf, readIncident, sortable } from '../../../src/core/records/incident.js';
import type { JsonObject } from '../../../src/core/records/json.js';
import { newIncident, oldIncident } from '../../support/records.js';

const asJson = (record: object) => JSON.parse(JSON.stringify(record)) as JsonObject;
const problem = (record: object) => {
  const read = readIncident(asJson(record));
  return read.ok ? undefined : read.reason;
};
const without = (record: object, field: string) => {
  const rest = asJson(record);
  delete rest[field];
  return rest;
};

const CORE = Object.keys(oldIncident());

describe('readIncident', () => {
  it('reads an old line as it is', () => {
    const record = asJson(oldIncident());
    expect(readIncident(record)).toEqual({ ok: true, record });
  });

  it('reads a line of grace, and keeps fields it does not know', () => {
    const record = { ...asJson(newIncident()), colour: { of: 'tomorrow' } };
    expect(readIncident(record)).toEqual({ ok: true, record });
  });

  it('has 13 keys that must be there', () => {
    expect(CORE).toHaveLength(13);
    for (const field of CORE) expect(problem(without(oldIncident(), field))).toBe(`field ${field} is missing`);
  });

  it.each([
    ['incident_id', 5, 'a text'],
    ['incident_id', '', 'a text'],
    ['detected_at', null, 'a time'],
    ['detected_at', '2025-02-30T00:00:00', 'a time'],
    ['resolved_at', 'soon', 'a time or null'],
    ['resolved_at', 17, 'a time or null'],
    ['status', 'open', 'one of detected, remediating, resolved, failed'],
    ['status', null, 'one of detected, remediating, resolved, failed'],
    ['playbook_id', 3, 'a text or null'],
    ['playbook_name', {}, 'a text or null'],
    ['failure_mode', null, 'a text'],
    ['severity', 'HIGH', 'one of low, medium, high, critical'],
    ['mttr_seconds', -0.1, 'seconds or null'],
    ['mttr_seconds', '3', 'seconds or null'],
    ['actions_taken', 'restart', 'a list of texts'],
    ['actions_taken', ['a', 1], 'a list of texts'],
    ['success', 1, 'true or false'],
    ['error', false, 'a text or null'],
    ['metadata', [], 'an object'],
    ['metadata', null, 'an object'],
  ])('names the field: %s = %j', (field, value, wanted) => {
    expect(problem({ ...oldIncident(), [field]: value })).toBe(`field ${field} is not ${wanted}`);
  });

  it('refuses seconds that no clock gives', () => {
    const read = readIncident(
      JSON.parse(JSON.stringify(oldIncident()).replace('"mttr_seconds":null', '"mttr_seconds":1e999')),
    );
    expect(read).toEqual({ ok: false, reason: 'field mttr_seconds is not seconds or null' });
  });

  it.each([
    ['schema', 'grace.incident/2'],
    ['origin', 'staged'],
    ['onset_at', 'then'],
    ['timings', null],
    ['attempts', [1]],
    ['attempts', {}],
    ['verification', 'yes'],
    ['trigger', []],
    ['relapses', '0'],
  ])('names the field of a new line: %s = %j', (field, value) => {
    expect(problem({ ...newIncident(), [field]: value })).toMatch(new RegExp(`^field ${field} is not `));
  });

  it.each(['origin', 'onset_at', 'timings', 'attempts', 'verification', 'trigger', 'relapses'])(
    'wants %s in a new line',
    (field) => {
      expect(problem(without(newIncident(), field))).toBe(`field ${field} is missing`);
    },
  );

  it.each([
    ['target', true],
    ['target', { host: 'a' }],
    ['origin', {}],
    ['origin', 'staged'],
    ['onset_at', 5],
    ['timings', { act_s: true }],
    ['timings', { confirm_s: 'long' }],
    ['timings', 5],
    ['verification', { status: {} }],
    ['verification', { status: 'sure' }],
    ['trigger', { source: {}, ref: null }],
    ['trigger', { source: 'alert', ref: 5 }],
    ['relapses', {}],
    ['relapses', -1],
  ])('believes no type of %s = %j, with or without a schema', (field, value) => {
    expect(problem({ ...oldIncident(), [field]: value })).toMatch(new RegExp(`^field ${field}\\b.* is not `));
    expect(problem({ ...newIncident(), [field]: value })).toMatch(new RegExp(`^field ${field}\\b.* is not `));
  });
});

describe('originOf', () => {
  it.each([
    ['an old line', oldIncident(), 'real'],
    ['an old line that says simulated', oldIncident({ metadata: { simulated: true } }), 'simulated'],
    ['an old line that says it in words', oldIncident({ metadata: { simulated: 'true' } }), 'real'],
    ['an old line that denies it', oldIncident({ metadata: { simulated: false } }), 'real'],
    ['a drill', newIncident({ origin: 'drill' }), 'drill'],
    ['a drill that also says simulated', newIncident({ origin: 'drill', metadata: { simulated: true } }), 'drill'],
    ['a real one', newIncident(), 'real'],
  ])('%s', (_, incident, origin) => {
    expect(originOf(incident)).toBe(origin);
  });
});

describe('isVerified', () => {
  it('is said by the line itself, never by its status', () => {
    expect(isVerified(oldIncident({ status: 'resolved', success: true }))).toBe(false);
    for (const status of ['unverified', 'failed'] as const) {
      expect(isVerified(newIncident({ verification: { status, by: 'web', passes: 2, at: null } }))).toBe(false);
    }
    expect(isVerified(newIncident({ verification: { status: 'verified', by: 'web', passes: 2, at: null } }))).toBe(
      true,
    );
  });
});

it('titles an incident like the old system', () => {
  expect(incidentTitle(oldIncident())).toBe('HIGH: port_in_use');
});

it('sorts times by instant', () => {
  expect(sortable('2025-11-17T16:43:28.024197')).toBe('2025-11-17T16:43:28.024197Z');
});
