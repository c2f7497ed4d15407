import { appendFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../src/core/records/audit-entry.js';
import type { Json } from '../../../src/core/records/json.js';
import { dumpRegistry } from '../../support/dump-registry.js';
import { claimEntry, line, newAudit } from '../../support/records.js';
import { deleteRegistry, logPath, openRegistry } from '../../support/registry.js';
import { tempDir } from '../../support/temp-dir.js';

const opened = (entry_id: string, incident: string, origin = 'real') =>
  newAudit({ entry_id, action: 'incident_opened', resource: incident, metadata: { incident_id: incident, origin } });
const claimed = (claim: string, incident_id: string) => claimEntry(claim, { incident_id });
const ended = (claim: string, seconds: Record<string, Json> = {}) =>
  newAudit({
    ...{ entry_id: `end-${claim}`, action: 'remedy_ended', decision: { outcome: 'worked' } },
    metadata: { claim, ...seconds },
  });
const said = (action: string, incident: string) =>
  newAudit({ entry_id: `${action}-${incident}`, action, resource: incident });
const learned = (opening: string, incident: string) =>
  newAudit({ entry_id: `l-${opening}`, action: 'outcome_learned', resource: incident, metadata: { opening } });

function logged(...entries: AuditEntry[]): string {
  const dir = tempDir();
  appendFileSync(logPath(dir, 'audit'), entries.map(line).join(''));
  return dir;
}

function view(dir: string) {
  const registry = openRegistry(dir);
  registry.sync();
  return registry.control((one) => one);
}

const due = (dir: string, after = 0, limit = 100) =>
  view(dir)
    .dueEpisodes(after, limit)
    .map(({ opening }) => opening.entry_id);

describe('episodes from which nothing has been learned yet', () => {
  it('are those of real incidents in which a remedy was claimed', () => {
    const dir = logged(
      opened('o1', 'tried'),
      claimed('c1', 'tried'),
      opened('o2', 'untried'),
      opened('o3', 'staged', 'drill'),
      claimed('c3', 'staged'),
      opened('o4', 'taught'),
      claimed('c4', 'taught'),
      learned('o4', 'taught'),
      claimed('c5', 'unopened'),
    );
    expect(due(dir)).toEqual(['o1']);
  });

  it('are not those of another incident that names the same opening', () => {
    expect(due(logged(opened('o1', 'a'), claimed('c1', 'a'), learned('o1', 'b')))).toEqual(['o1']);
  });

  it('come oldest first, so many at a time, after a line', () => {
    const entries = Array.from({ length: 5 }, (_, i) => [opened(`o${i}`, `i${i}`), claimed(`c${i}`, `i${i}`)]).flat();
    const dir = logged(...entries);
    expect(due(dir, 0, 2)).toEqual(['o0', 'o1']);
    expect(due(dir, 3, 2)).toEqual(['o2', 'o3']);
  });

  it('of an incident that relapses have each their own claims, and what was said of them', () => {
    const dir = logged(
      opened('o1', 'i'),
      claimed('c1', 'i'),
      ended('c1', { act_s: 1.5, verify_s: null, within_s: 30, relapse_s: 600 }),
      said('incident_recovered', 'i'),
      opened('o2', 'i'),
      said('incident_escalated', 'i'),
      claimed('c2', 'i'),
      said('incident_closed', 'i'),
      said('incident_acknowledged', 'i'),
    );
    const [first, second] = view(dir).dueEpisodes(0, 10);
    expect(first?.next?.entry_id).toBe('o2');
    expect(first?.claims).toMatchObject([
      { claim_id: 'c1', act_s: 1.5, verify_s: null, within_s: 30, relapse_s: 600, config_version: null },
    ]);
    expect(first?.said.map(({ action }) => action)).toEqual(['incident_recovered']);
    expect(second?.next).toBeUndefined();
    expect(second?.claims.map(({ claim_id }) => claim_id)).toEqual(['c2']);
    expect(second?.said.map(({ action }) => action)).toEqual(['incident_escalated', 'incident_closed']);
  });

  it('are told as they stood before a line', () => {
    const dir = logged(opened('o1', 'i'), claimed('c1', 'i'), said('incident_escalated', 'i'), opened('o2', 'i'));
    const asOf = (at: number) => view(dir).episodeAt('o1', at);
    expect(asOf(1)).toBeUndefined();
    expect(asOf(2)).toMatchObject({ claims: [], said: [], next: undefined });
    expect(asOf(3)?.claims).toHaveLength(1);
    expect(asOf(4)).toMatchObject({ said: [{ action: 'incident_escalated' }], next: undefined });
    expect(asOf(5)?.next?.entry_id).toBe('o2');
    expect(view(dir).episodeAt('o9', 9)).toBeUndefined();
  });

  it('a remedy that ended after that line was under way', () => {
    const dir = logged(opened('o1', 'i'), claimed('c1', 'i'), ended('c1', { act_s: 1 }));
    const [before, after] = [3, 4].map((line) => view(dir).episodeAt('o1', line)?.claims[0]);
    expect(before).toMatchObject({ ended: null, ended_at: null, outcome: null, act_s: null });
    expect(after).toMatchObject({ outcome: 'worked', act_s: 1 });
  });

  it('are rebuilt row for row', () => {
    const dir = logged(
      opened('o1', 'i'),
      claimed('c1', 'i'),
      opened('o2', 'i'),
      learned('o1', 'i'),
      claimed('c2', 'i'),
    );
    const registry = openRegistry(dir);
    registry.sync();
    const before = dumpRegistry(registry);
    registry.close();
    deleteRegistry(dir);
    const again = openRegistry(dir);
    again.sync();
    expect(dumpRegistry(again)).toEqual(before);
    expect(before.episodes).toHaveLength(2);
    expect(due(dir)).toEqual(['o2']);
  });
});

describe('what the learner has written', () => {
  it('comes in the order of the log, nothing else among it', () => {
    const dir = logged(
      newAudit({ entry_id: 'a', action: 'learning_arms', resource: 'web' }),
      newAudit({ entry_id: 'b', action: 'test_note' }),
      learned('o1', 'i'),
      newAudit({ entry_id: 'c', action: 'learning_arms', resource: 'web' }),
      newAudit({ entry_id: 'd', action: 'learning_arms', resource: 'disk' }),
      newAudit({ entry_id: 'e', action: 'learning_tick', resource: 'learning' }),
    );
    const ids = (after: number, limit: number) =>
      view(dir)
        .learnerEntries(after, limit)
        .map(({ entry_id }) => entry_id);
    expect(ids(0, 100)).toEqual(['a', 'l-o1', 'c', 'd', 'e']);
    expect(ids(1, 2)).toEqual(['l-o1', 'c']);
    expect(
      view(dir)
        .standingArms()
        .map(({ entry_id }) => entry_id),
    ).toEqual(['d', 'c']);
  });

  it('a proposal is open until it is approved, rejected or withdrawn', () => {
    const change = (action: string, id: string) => newAudit({ entry_id: `${action}-${id}`, action, resource: id });
    const dir = logged(
      ...['p1', 'p2', 'p3', 'p4'].map((id) => change('change_proposed', id)),
      change('change_approved', 'p1'),
      change('change_rejected', 'p3'),
      change('change_withdrawn', 'p4'),
    );
    expect(
      view(dir)
        .openProposals()
        .map(({ subject }) => subject),
    ).toEqual(['p2']);
  });
});
