import { appendFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { AuditEntry } from '../../../src/core/records/audit-entry.js';
import type { NewIncident } from '../../../src/core/records/incident.js';
import { metricState, metricSums, recentRecoveries } from '../../../src/core/registry/queries/metrics.js';
import type { Registry } from '../../../src/core/registry/registry.js';
import { claimEnd, claimEntry, line, newAudit, newIncident, oldIncident, writeBound } from '../../support/records.js';
import { logPath, openRegistry } from '../../support/registry.js';
import { tempDir } from '../../support/temp-dir.js';

const BOUNDS = [1, 10];
const ALL = { since: '2000-01-01T00:00:00.000000Z', incidents: 1000, recoveries: 1000 };

const audit = (dir: string, ...entries: AuditEntry[]) =>
  appendFileSync(logPath(dir, 'audit'), entries.map(line).join(''));

function open(dir: string): Registry {
  const registry = openRegistry(dir);
  registry.sync();
  return registry;
}

const healed = (incident_id: string, mttr_seconds: number | null, change: Partial<NewIncident> = {}) =>
  newIncident({
    ...{ incident_id, mttr_seconds, status: 'resolved', success: true, resolution: 'remediated' },
    verification: { status: 'verified', by: 'web', passes: 2, at: '2026-11-23T00:20:00Z' },
    ...change,
  });

const about = (action: string, resource: string, change: Partial<AuditEntry> = {}) =>
  newAudit({ entry_id: `${action}-${resource}-${Math.random()}`, action, resource, ...change });

describe('sums', () => {
  it('count incidents, verified real recoveries within bounds, ended remedies and rails', () => {
    const dir = tempDir();
    writeBound(dir, [
      healed('a', 1),
      healed('b', 1.5),
      healed('c', 100, { failure_mode: 'disk_full', severity: 'low' }),
      healed('drill', 0.1, { origin: 'drill' }),
      healed('unverified', 7, { verification: { status: 'unverified', by: null, passes: 0, at: null } }),
      healed('unknown', null),
      newIncident({ incident_id: 'open' }),
    ]);
    audit(
      dir,
      ...['a', 'b', 'drill'].flatMap((id) => [claimEntry(`claim-${id}`, { incident_id: id }), claimEnd(`claim-${id}`)]),
      claimEntry('claim-c', { incident_id: 'c' }),
      claimEnd('claim-c', 'timed_out'),
      claimEntry('under-way', { incident_id: 'open' }),
      about(ACTION.remedyWithheld, 'open', { decision: { rails: ['observe', 'cap'] } }),
      about(ACTION.remedyWithheld, 'a', { decision: { rails: ['observe', 'cap'] } }),
      about(ACTION.remedyWithheld, 'b', { decision: { rails: 'none' } }),
    );
    const { position, ...sums } = open(dir).read((db) => metricSums(db, BOUNDS, undefined));
    expect(sums).toEqual({
      incidents: [
        { origin: 'drill', failure_mode: 'port_in_use', severity: 'high', n: 1 },
        { origin: 'real', failure_mode: 'port_in_use', severity: 'high', n: 5 },
        { origin: 'real', failure_mode: 'disk_full', severity: 'low', n: 1 },
      ],
      recoveries: [
        { failure_mode: 'disk_full', n: 1, sum_s: 100, within: [0, 0] },
        { failure_mode: 'port_in_use', n: 2, sum_s: 2.5, within: [1, 2] },
      ],
      remedies: [
        { origin: 'real', playbook_id: 'p', outcome: 'timed_out', n: 1 },
        { origin: 'real', playbook_id: 'p', outcome: 'worked', n: 2 },
        { origin: 'drill', playbook_id: 'p', outcome: 'worked', n: 1 },
      ],
      withheld: [
        { rails: [], n: 1 },
        { rails: ['observe', 'cap'], n: 2 },
      ],
    });
    expect(position).toContain('incidents');
  });

  it('are the known ones while nothing was read, and new ones after', () => {
    const dir = tempDir();
    writeBound(dir, [healed('a', 1)]);
    const registry = open(dir);
    const first = registry.read((db) => metricSums(db, BOUNDS, undefined));
    expect(registry.read((db) => metricSums(db, BOUNDS, first))).toBe(first);
    writeBound(dir, [healed('b', 3)]);
    registry.sync();
    expect(registry.read((db) => metricSums(db, BOUNDS, first)).recoveries).toEqual([
      { failure_mode: 'port_in_use', n: 2, sum_s: 4, within: [1, 2] },
    ]);
  });

  it('are made from indexes alone', () => {
    const dir = tempDir();
    writeBound(dir, [healed('a', 1)]);
    const registry = open(dir);
    const plans = registry.read((db) => {
      const asked: string[] = [];
      const prepare = db.prepare.bind(db);
      db.prepare = ((sql: string) => {
        asked.push(sql);
        return prepare(sql);
      }) as typeof db.prepare;
      metricSums(db, BOUNDS, undefined);
      db.prepare = prepare;
      const [, ...queries] = asked;
      return queries.map((sql) =>
        prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
          .all(Object.fromEntries(BOUNDS.map((bound, i) => [i, bound])))
          .map(({ detail }) => detail),
      );
    });
    const scans = plans
      .flat()
      .filter((detail) => /^SCAN (incidents|recoveries|claims|controls)|TEMP B-TREE/.test(detail));
    expect(scans.filter((detail) => !detail.includes('COVERING INDEX'))).toEqual(['USE TEMP B-TREE FOR GROUP BY']);
    expect(plans).toHaveLength(5);
  });
});

describe('the state', () => {
  it('of empty logs is nothing', () => {
    const dir = tempDir();
    audit(dir);
    expect(open(dir).read(metricState)).toEqual({
      ...{ live: [], needs_person: 0, brake_on: false, silences: [], quarantined: 0, last_entry_at: null },
      logs: [
        { log: 'incidents', lines: 0 },
        { log: 'audit', lines: 0 },
      ],
    });
  });

  it('counts who has neither recovered nor been closed, bad lines too', () => {
    const dir = tempDir();
    writeBound(dir, [
      newIncident({ incident_id: 'a' }),
      newIncident({ incident_id: 'b', status: 'remediating' }),
      newIncident({ incident_id: 'c', status: 'failed' }),
      newIncident({ incident_id: 'd', status: 'failed', resolution: 'manual' }),
      newIncident({ incident_id: 'e', origin: 'drill' }),
      healed('f', 1),
      oldIncident({ incident_id: 'old', status: 'failed' }),
    ]);
    appendFileSync(logPath(dir, 'incidents'), 'nonsense\n');
    const state = open(dir).read(metricState);
    expect(state.live).toEqual([
      { origin: 'drill', status: 'detected', n: 1 },
      { origin: 'real', status: 'detected', n: 1 },
      { origin: 'real', status: 'failed', n: 1 },
      { origin: 'real', status: 'remediating', n: 1 },
    ]);
    expect(state.quarantined).toBe(1);
    expect(state.logs).toContainEqual({ log: 'incidents', lines: 8 });
    expect(state.last_entry_at).toBe('2026-11-23T00:18:47.123000Z');
  });

  it('needs a person for a live real incident that was escalated and not acknowledged since', () => {
    const dir = tempDir();
    const opened = (id: string) => about(ACTION.incidentOpened, id);
    const asked = (id: string) => about(ACTION.incidentEscalated, id);
    const seen = (id: string) => about(ACTION.incidentAcknowledged, id);
    const failed = (incident_id: string) => newIncident({ incident_id, status: 'failed' });
    writeBound(dir, [
      failed('asked'),
      failed('seen'),
      failed('asked-again'),
      failed('former-episode'),
      newIncident({ incident_id: 'staged', status: 'failed', origin: 'drill' }),
      healed('over', 1),
      newIncident({ incident_id: 'not-asked' }),
    ]);
    audit(dir, opened('asked'), asked('asked'));
    audit(dir, opened('seen'), asked('seen'), seen('seen'));
    audit(dir, opened('asked-again'), asked('asked-again'), seen('asked-again'), asked('asked-again'));
    audit(dir, opened('former-episode'), asked('former-episode'), opened('former-episode'));
    audit(dir, opened('staged'), asked('staged'), opened('over'), asked('over'), opened('not-asked'));
    expect(open(dir).read(metricState).needs_person).toBe(2);
  });

  it('knows the brake and the silences that were not ended', () => {
    const dir = tempDir();
    const silence = (id: string, lasts_s: number) =>
      about(ACTION.silenceStarted, id, { metadata: { checks: ['*'], lasts_s, clock: { boot_id: 'b', elapsed_s: 5 } } });
    audit(dir, about(ACTION.brakeSet, 'brake'), about(ACTION.brakeReleased, 'brake'));
    audit(dir, silence('s1', 60), silence('s2', 70), about(ACTION.silenceEnded, 's1'));
    const registry = open(dir);
    const before = registry.read(metricState);
    expect(before.brake_on).toBe(false);
    expect(before.silences).toEqual([{ at: '2026-11-23T00:18:47.123000Z', boot_id: 'b', elapsed_s: 5, lasts_s: 70 }]);
    audit(dir, about(ACTION.brakeSet, 'brake'));
    registry.sync();
    expect(registry.read(metricState).brake_on).toBe(true);
  });
});

describe('recent recoveries', () => {
  it('are real, verified, of the window, and the newest', () => {
    const dir = tempDir();
    writeBound(dir, [
      healed('old', 1, { detected_at: '2026-10-01T00:00:00Z' }),
      healed('a', 2, { detected_at: '2026-11-01T00:00:00Z' }),
      healed('c', 4, { detected_at: '2026-11-03T00:00:00Z', origin: 'drill' }),
      healed('b', 3, { detected_at: '2026-11-02T00:00:00Z', failure_mode: 'disk_full' }),
    ]);
    const registry = open(dir);
    const recent = (change: Partial<typeof ALL>) =>
      registry.read((db) => recentRecoveries(db, { ...ALL, ...change })).map(({ mttr_seconds }) => mttr_seconds);
    expect(recent({})).toEqual([3, 2, 1]);
    expect(recent({ since: '2026-11-01T00:00:00.000000Z' })).toEqual([3, 2]);
    expect(recent({ recoveries: 1 })).toEqual([3]);
    expect(recent({ incidents: 2 })).toEqual([3]);
  });
});
