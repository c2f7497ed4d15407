import { describe, expect, test } from 'vitest';
import { livenessOf, ownIdentity } from '../../src/core/host/process-identity.js';
import { ACTION } from '../../src/core/records/audit-actions.js';
import type { JsonObject } from '../../src/core/records/json.js';
import { healStatus } from '../../src/healing/status.js';
import { healStand, lookUntilHandled, type Stand, service } from '../support/heal-stand.js';
import { DEAD_OWNER, newIncident } from '../support/records.js';

const DAY_S = 86_400;

function statusOf(stand: Stand) {
  stand.ledger.registry.sync();
  return stand.ledger.registry.control((view) => healStatus(view, stand.now(), livenessOf, 'h'));
}

const near = (expected: number) => expect.closeTo(expected, 0);

test('nothing has happened', () => {
  expect(statusOf(healStand())).toEqual({
    ...{ wrong: [], more: 0, missing: [], doing: [], brake: null, silences: [] },
    watch: { running: false, since: null, pid: null, died: false, refused: null },
  });
});

describe('what is wrong', () => {
  test('an incident with what was tried and what is withheld', async () => {
    const stand = healStand();
    const web = service();
    const playbooks = [stand.playbook('p', ['failed']), stand.playbook('q', ['worked'], { risk: 'medium' })];
    await lookUntilHandled(stand, stand.monitor(stand.watched(web.check, playbooks)));
    stand.clock.pass(100);
    stand.clock.setDate(-DAY_S);
    const { incident_id, onset_at } = stand.incident();
    expect(statusOf(stand).wrong).toEqual([
      {
        ...{ incident_id, check: 'web', target: 'http://web/', failure_mode: 'api_timeout', severity: 'high' },
        ...{ status: 'detected', since: onset_at, age_s: near(100), relapses: 0 },
        tried: [{ playbook: 'p', outcome: 'failed' }],
        arm: null,
        withheld: { playbook: 'q', reasons: ['q has risk medium and needs an approval'], at: expect.any(String) },
        needs_person: null,
        approval: { playbook: 'q', given: false },
      },
    ]);
    await stand.approve(incident_id, 'q');
    expect(statusOf(stand).wrong).toMatchObject([{ approval: { playbook: 'q', given: true } }]);
    await lookUntilHandled(stand, stand.monitor(stand.watched(web.check, playbooks)));
    expect(statusOf(stand).wrong).toMatchObject([
      {
        status: 'failed',
        tried: [
          { playbook: 'p', outcome: 'failed' },
          { playbook: 'q', outcome: 'failed' },
        ],
        withheld: null,
        needs_person: { reason: 'all remedies have failed', told: false, acknowledged_by: null },
      },
    ]);
  });

  test('only what is real, and only what has not ended; several in severity and time', async () => {
    const stand = healStand();
    for (const [incident_id, change] of [
      ['inc_2', {}],
      ['inc_1', { status: 'failed' }],
      ['inc_3', { origin: 'drill' }],
      ['inc_4', { origin: 'simulated' }],
      ['inc_5', { status: 'resolved', resolution: 'remediated' }],
      ['inc_6', { status: 'failed', resolution: 'manual' }],
    ] as const) {
      await stand.put(newIncident({ incident_id, ...change }));
    }
    expect(statusOf(stand).wrong.map(({ incident_id }) => incident_id)).toEqual(['inc_1', 'inc_2']);
  });

  test('of a relapse what belongs to the present episode', async () => {
    const stand = healStand();
    const web = service();
    const p = stand.playbook('p', [() => web.becomes('ok')]);
    const watched = stand.watched(web.check, [p]);
    await lookUntilHandled(stand, stand.monitor(watched));
    expect(statusOf(stand).wrong).toEqual([]);
    web.becomes('critical');
    stand.clock.pass(60);
    await lookUntilHandled(stand, stand.monitor({ ...watched, act: false }));
    expect(statusOf(stand).wrong).toMatchObject([
      { relapses: 1, age_s: near(0), tried: [], withheld: { playbook: 'p', reasons: ['mode is observe'] } },
    ]);
  });

  test('what was withheld, asked for, given and given up in an earlier episode is of no concern', async () => {
    const stand = healStand();
    const web = service();
    const p = stand.playbook('p', ['failed'], { risk: 'medium' });
    const watched = stand.watched(web.check, [p]);
    const monitor = stand.monitor(watched);
    await lookUntilHandled(stand, monitor);
    await stand.approve(stand.incident().incident_id, 'p');
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'escalated' });
    web.becomes('ok');
    stand.ledger.registry.sync();
    await monitor.look();
    expect(await monitor.look()).toMatchObject({ kind: 'recovered' });
    web.becomes('critical');
    stand.clock.pass(60);
    await lookUntilHandled(stand, stand.monitor({ ...watched, act: false }));
    expect(statusOf(stand).wrong).toMatchObject([
      {
        ...{ relapses: 1, tried: [], needs_person: null, approval: null },
        withheld: { reasons: ['mode is observe', expect.stringContaining('needs an approval')] },
      },
    ]);
  });
});

describe('a person who is needed', () => {
  const write = (stand: Stand, action: string, incident_id: string, decision: JsonObject) =>
    stand.person(action, incident_id, { decision, metadata: { incident_id } });

  async function escalated() {
    const stand = healStand();
    await lookUntilHandled(stand, stand.monitor(stand.watched(service().check, [])));
    const { incident_id } = stand.incident();
    const needs = () => statusOf(stand).wrong[0]?.needs_person;
    return { stand, incident_id, needs };
  }

  test('was told once somebody took just that', async () => {
    const { stand, incident_id, needs } = await escalated();
    expect(needs()).toEqual({ reason: 'no remedy is listed for it', told: false, acknowledged_by: null });
    await write(stand, ACTION.notificationFailed, incident_id, { event: 'escalated', by: 'pager', reason: 'exit 1' });
    expect(needs()).toMatchObject({ told: false });
    // The news that it began went to somebody else.
    await write(stand, ACTION.incidentNotified, incident_id, { event: 'opened', by: 'chat' });
    expect(needs()).toMatchObject({ told: false });
    await write(stand, ACTION.incidentNotified, incident_id, { event: 'escalated', by: 'pager' });
    await write(stand, ACTION.incidentNotified, incident_id, { event: 'opened', by: 'slow chat' });
    expect(needs()).toMatchObject({ told: true, acknowledged_by: null });
    await write(stand, ACTION.incidentAcknowledged, incident_id, {});
    expect(needs()).toMatchObject({ told: true, acknowledged_by: 'operator:anna' });
  });

  test('who was told of another incident was not told of this one', async () => {
    const { stand, needs } = await escalated();
    await write(stand, ACTION.incidentNotified, 'inc_other', { event: 'escalated', by: 'pager' });
    expect(needs()).toMatchObject({ told: false });
  });
});

describe('what a remedy has only made bearable', () => {
  async function bearable() {
    const stand = healStand();
    const web = service();
    const degrade = stand.playbook('degrade', [() => web.becomes('ok')], { escalate: true });
    const watched = stand.watched(web.check, [degrade]);
    await lookUntilHandled(stand, stand.monitor(watched));
    const fails = () => {
      web.becomes('critical');
      stand.clock.pass(60);
      stand.ledger.registry.sync();
    };
    const passes = async () => {
      web.becomes('ok');
      const monitor = stand.monitor(watched);
      stand.ledger.registry.sync();
      await monitor.look();
      expect(await monitor.look()).toMatchObject({ kind: 'recovered' });
    };
    const ack = () =>
      stand.person(ACTION.incidentAcknowledged, stand.incident().incident_id, { decision: {}, metadata: {} });
    const needs = () => statusOf(stand).wrong.map(({ status, needs_person }) => [status, needs_person?.reason]);
    return { stand, web, watched, fails, passes, ack, needs };
  }
  const REASON = 'degrade has made it bearable and has not mended it';

  test('stays when it fails again, and when it recovers by itself then, until somebody has seen it', async () => {
    const { stand, watched, fails, passes, ack, needs } = await bearable();
    fails();
    await lookUntilHandled(stand, stand.monitor({ ...watched, act: false }));
    expect(needs()).toEqual([['detected', REASON]]);
    await passes();
    expect(stand.incident().resolution).not.toBe('remediated');
    expect(needs()).toEqual([['resolved', REASON]]);
    await ack();
    expect(needs()).toEqual([]);
  });

  test('stays when another remedy is tried in vain, is given up, and it recovers', async () => {
    const { stand, watched, fails, passes, needs } = await bearable();
    fails();
    const vain = stand.playbook('vain', ['failed']);
    await lookUntilHandled(stand, stand.monitor({ ...watched, playbooks: [vain] }));
    expect(needs()).toEqual([['failed', 'all remedies have failed']]);
    await passes();
    expect(needs()).toEqual([['resolved', REASON]]);
  });

  test('is over once a remedy that mends it is verified', async () => {
    const { stand, web, watched, fails, needs } = await bearable();
    fails();
    const mend = stand.playbook('mend', [() => web.becomes('ok')]);
    await lookUntilHandled(stand, stand.monitor({ ...watched, playbooks: [mend] }));
    expect([stand.incident().resolution, needs()]).toEqual(['remediated', []]);
  });

  test('is not over when it is made bearable again', async () => {
    const { stand, watched, fails, needs } = await bearable();
    fails();
    await lookUntilHandled(stand, stand.monitor(watched));
    expect(needs()).toEqual([['resolved', REASON]]);
  });

  test('is not pushed out of sight by hundreds of others, nor below what is less severe', async () => {
    const { stand, needs } = await bearable();
    for (let n = 0; n < 205; n++) {
      await stand.person(ACTION.incidentEscalated, `inc_${n}`, { decision: { reason: 'r' }, metadata: {} });
    }
    await stand.put(newIncident({ incident_id: 'inc_low', severity: 'low' }));
    await stand.put(newIncident({ incident_id: 'inc_critical', severity: 'critical' }));
    expect(needs()).toEqual([
      ['detected', undefined],
      ['resolved', REASON],
      ['detected', undefined],
    ]);
    expect(statusOf(stand).wrong.map(({ severity }) => severity)).toEqual(['critical', 'high', 'low']);
  });
});

describe('what is being done', () => {
  const claim = (stand: Stand, owner: object) =>
    stand.person(ACTION.remedyClaimed, 'inc_1', {
      decision: { granted: true },
      metadata: { incident_id: 'inc_1', target: 't', playbook_id: 'p', owner: { ...owner } },
    });

  test('by a process that lives, for how long, whatever happens to the date', async () => {
    const stand = healStand();
    await claim(stand, ownIdentity());
    stand.clock.pass(90);
    stand.clock.setDate(-DAY_S);
    expect(statusOf(stand).doing).toEqual([
      {
        incident_id: 'inc_1',
        playbook: 'p',
        target: 't',
        for_s: near(90),
        pid: process.pid,
        alive: true,
        owner: 'alive',
      },
    ]);
  });

  test('by one that is gone', async () => {
    const stand = healStand();
    await claim(stand, DEAD_OWNER);
    expect(statusOf(stand).doing).toMatchObject([{ pid: DEAD_OWNER.pid, alive: false, owner: 'gone' }]);
  });

  test('by one that cannot be judged: it counts as alive', async () => {
    const stand = healStand();
    await claim(stand, { ...ownIdentity(), pid_ns: 'pid:[1]' });
    expect(statusOf(stand).doing).toMatchObject([{ alive: true, owner: 'unknown' }]);
  });
});

test('the brake, by whom, until it is released', async () => {
  const stand = healStand();
  const { timestamp } = await stand.person(ACTION.brakeSet, 'brake', { decision: { reason: 'storm' }, metadata: {} });
  expect(statusOf(stand).brake).toEqual({
    ...{ since: timestamp.replace('Z', '000Z'), by: 'operator:anna', reason: 'storm' },
  });
  await stand.releaseBrake();
  expect(statusOf(stand).brake).toBeNull();
});

test('silences: those that hold, and for how long', async () => {
  const stand = healStand();
  await stand.silence('short', ['db'], 60);
  await stand.silence('long', ['web*', 'db'], 3600);
  await stand.silence('ended', ['x'], 3600);
  await stand.person(ACTION.silenceEnded, 'ended', { decision: {}, metadata: {} });
  stand.clock.pass(60);
  expect(statusOf(stand).silences).toEqual([{ silence: 'long', checks: ['web*', 'db'], left_s: near(3540) }]);
});

describe('the watch of this host', () => {
  const began = (stand: Stand, owner: object, host = 'h') =>
    stand.person(ACTION.watchStarted, `watch@${host}`, { decision: {}, metadata: { owner: { ...owner } } });

  test('runs, has ended, or is gone without a word', async () => {
    const stand = healStand();
    await began(stand, ownIdentity(), 'other');
    expect(statusOf(stand).watch.running).toBe(false);
    const { timestamp } = await began(stand, ownIdentity());
    expect(statusOf(stand).watch).toEqual({
      ...{ running: true, since: timestamp.replace('Z', '000Z'), pid: process.pid, died: false, refused: null },
    });
    await stand.person(ACTION.watchEnded, 'watch@h', { decision: {}, metadata: {} });
    expect(statusOf(stand).watch.running).toBe(false);
    await began(stand, DEAD_OWNER);
    expect(statusOf(stand).watch).toEqual({ running: false, since: null, pid: null, died: true, refused: null });
  });

  test('says that it holds on to an older configuration, until it has read the file again', async () => {
    const stand = healStand();
    await began(stand, ownIdentity());
    await stand.person(ACTION.configRefused, 'watch@h', { decision: { reason: 'line 3 is wrong' }, metadata: {} });
    expect(statusOf(stand).watch.refused).toBe('line 3 is wrong');
    await stand.person(ACTION.configLoaded, 'watch@h', { decision: {}, metadata: {} });
    expect(statusOf(stand).watch.refused).toBeNull();
  });

  test('a severe incident is not hidden by many slight ones', async () => {
    const stand = healStand();
    await stand.put(newIncident({ incident_id: 'inc_severe', severity: 'high', status: 'failed' }));
    for (let n = 0; n < 205; n++) {
      await stand.put(newIncident({ incident_id: `inc_${n}`, severity: 'low', ...(n % 2 ? { origin: 'drill' } : {}) }));
    }
    for (let n = 0; n < 110; n++) await stand.put(newIncident({ incident_id: `inc_more_${n}`, severity: 'low' }));
    const { wrong, more } = statusOf(stand);
    expect([wrong[0]?.incident_id, wrong.length, more]).toEqual(['inc_severe', 200, 14]);
  });
});
