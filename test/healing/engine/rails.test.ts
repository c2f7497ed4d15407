import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { livenessOf, ownIdentity } from '../../../src/core/host/process-identity.js';
import { fillReserve, RESERVE_BYTES, RESERVE_FILE } from '../../../src/core/journal/reserve.js';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { RAIL_IDS, type RailId } from '../../../src/core/records/rails.js';
import type { Handled } from '../../../src/healing/engine/engine.js';
import type { Monitor } from '../../../src/healing/engine/monitor.js';
import { isPassable } from '../../../src/healing/engine/rails.js';
import { settle } from '../../../src/healing/settle.js';
import { closed, takenOn } from '../../../src/healing/snapshots.js';
import { healStatus } from '../../../src/healing/status.js';
import { tool, withoutTmpfs } from '../../support/fault-tools.js';
import { healStand, lookUntilHandled, POLICY, type Stand, service } from '../../support/heal-stand.js';
import { openLedger } from '../../support/registry.js';
import { tempDir } from '../../support/temp-dir.js';

/** A timeout that ends everything a step has started (rundeck #2911, #7541) is tested in ../child/run-child.test.ts. */

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

function railsOf(stand: Stand): RailId[] {
  const last = stand.events.filter((event) => event.kind === 'withheld').at(-1);
  return last?.kind === 'withheld' ? last.refusals.map(({ rail }) => rail) : [];
}

function reasonsOf(stand: Stand): string {
  const last = stand.events.filter((event) => event.kind === 'withheld').at(-1);
  return last?.kind === 'withheld' ? last.refusals.map(({ reason }) => reason).join('; ') : '';
}

/** Seconds, monotonic, at which claims were granted. */
function claimedAt(stand: Stand): number[] {
  return stand.audit(ACTION.remedyClaimed).map(({ metadata }) => {
    const { elapsed_s } = metadata.clock as { elapsed_s: number };
    return elapsed_s;
  });
}

/** The most claims that any window of this length holds. */
function mostWithin(times: readonly number[], within_s: number): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at - from < within_s).length));
}

async function lookOver(stand: Stand, monitor: Monitor, looks: number): Promise<Handled[]> {
  const handled: Handled[] = [];
  for (let i = 0; i < looks; i++) {
    const looked = await monitor.look();
    if (looked.kind === 'handled') handled.push(looked.handled);
    stand.clock.pass(monitor.watched.every_s);
    stand.ledger.registry.sync();
  }
  return handled;
}

const statusOf = (stand: Stand) => {
  stand.ledger.registry.sync();
  return stand.ledger.registry.control((view) => healStatus(view, stand.now(), livenessOf, 'h'));
};

describe('monit #64, #787: after a remedy the counters start again, a slow starter has its start period', () => {
  test('a single bad probe after a remedy is no failure yet', async () => {
    const stand = healStand();
    const web = service();
    const monitor = stand.monitor(stand.watched(web.check, [stand.playbook('p', [() => web.becomes('ok')])]));
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
    web.becomes('critical');
    stand.clock.pass(5);
    expect(await monitor.look()).toMatchObject({ kind: 'not_confirmed' });
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
    expect(stand.acts()).toEqual(['p', 'p']);
  });

  test('after a remedy that did not help, and another that was held back, too', async () => {
    const stand = healStand();
    const web = service();
    const playbooks = [stand.playbook('p'), stand.playbook('q', ['worked'], { risk: 'medium' })];
    const monitor = stand.monitor(stand.watched(web.check, playbooks));
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld', acted: true });
    stand.clock.pass(5);
    expect(await monitor.look()).toMatchObject({ kind: 'not_confirmed' });
  });

  test('failures within the start period do not count, and those after it count anew', async () => {
    const stand = healStand();
    const web = service();
    const p = stand.playbook('p', [() => web.becomes('ok')]);
    const monitor = stand.monitor(stand.watched(web.check, [p], { start_period_s: 60 }));
    await lookUntilHandled(stand, monitor);
    web.becomes('critical');
    for (let second = 0; second < 55; second += 5) {
      expect(await monitor.look()).toMatchObject({ kind: 'in_start_period' });
      stand.clock.pass(5);
    }
    stand.clock.pass(10);
    expect(await monitor.look()).toMatchObject({ kind: 'not_confirmed' });
    stand.clock.pass(5);
    expect(await monitor.look()).toMatchObject({ kind: 'handled' });
    expect(stand.acts()).toEqual(['p', 'p']);
  });

  test('a service that is slow to start has its time to be verified, whatever the playbook says', async () => {
    for (const start_period_s of [0, 30]) {
      const stand = healStand();
      const web = service();
      const starts = () => void setTimeout(() => web.becomes('ok'), 80);
      const p = stand.playbook('p', [starts], { verify: { passes: 2, within_s: 0, every_s: 0.005 } });
      const monitor = stand.monitor(stand.watched(web.check, [p], { start_period_s }));
      expect((await lookUntilHandled(stand, monitor)).kind).toBe(start_period_s === 0 ? 'escalated' : 'resolved');
    }
  });
});

describe('monit #1032, systemd #6129: a check that never went OK again re-arms with backoff; neither loops nor gives up', () => {
  test('rounds begin 15 min, 30 min, 1 h and then every hour after the last one was given up', async () => {
    const stand = healStand();
    const monitor = stand.monitor(
      stand.watched(service().check, [stand.playbook('p'), stand.playbook('q')], { every_s: 150 }),
    );
    await lookOver(stand, monitor, 6 * 24);
    const times = claimedAt(stand);
    // Two remedies a round, one after the other.
    expect(stand.acts().join('')).toMatch(/^(pq)+$/);
    const rounds = times.filter((_, i) => i % 2 === 0);
    const waits = rounds.slice(1).map((at, i) => at - (rounds[i] ?? 0));
    const expected = [900, 1800, 3600, 3600, 3600];
    expect(waits.slice(0, 5)).toHaveLength(5);
    for (const [i, wait] of waits.entries()) {
      const least = expected[Math.min(i, 4)] ?? 0;
      expect(wait).toBeGreaterThanOrEqual(least);
      // It is confirmed anew: two looks, and one that may have fallen just before.
      expect(wait).toBeLessThan(least + 3 * 150);
    }
    const escalations = stand.audit(ACTION.incidentEscalated);
    expect(escalations.map(({ metadata }) => metadata.rounds)).toEqual(rounds.map((_, i) => i + 1));
    expect(new Set(stand.incidents().map(({ incident_id }) => incident_id)).size).toBe(1);
    // It does not fill the log with what does not change, either.
    expect(stand.audit(ACTION.remedyWithheld).length).toBeLessThanOrEqual(rounds.length);
  });

  test('and it is healed when a remedy helps at last', async () => {
    const stand = healStand();
    const web = service();
    let runs = 0;
    const p = stand.playbook('p', [() => void (++runs === 3 && web.becomes('ok'))]);
    const monitor = stand.monitor(stand.watched(web.check, [p], { every_s: 300 }));
    const handled = await lookOver(stand, monitor, 24);
    expect(handled.at(-1)).toMatchObject({ kind: 'resolved', incident: { attempts: { length: 3 } } });
    expect(stand.incident()).toMatchObject({ status: 'resolved', resolution: 'remediated' });
  });
});

describe('keep #5038, pm2 #2584: several caps at once, and what counts is claims', () => {
  const caps = [
    { most: 3, within_s: HOUR_S },
    { most: 7, within_s: DAY_S },
  ];

  test('a service that dies again after every remedy: never more than 3 in any hour, 7 in any day', async () => {
    const stand = healStand();
    const web = service();
    const p = stand.playbook('p', [() => web.becomes('ok')], { relapse_s: 0 });
    const monitor = stand.monitor(stand.watched(web.check, [p], { every_s: 600, limits: { cooldown_s: 0, caps } }));
    for (let i = 0; i < (30 * HOUR_S) / 600; i++) {
      const looked = await monitor.look();
      if (looked.kind === 'handled' && looked.handled.kind === 'resolved') web.becomes('critical');
      stand.clock.pass(600);
    }
    const times = claimedAt(stand);
    expect([mostWithin(times, HOUR_S), mostWithin(times, DAY_S)]).toEqual([3, 7]);
    // The day has passed: it goes on.
    expect(times.length).toBeGreaterThan(7);
    expect(new Set(stand.audit(ACTION.remedyWithheld).map(({ decision }) => String(decision.rails)))).toContain('cap');
  });

  test('acts that failed, and those of other incidents and processes, count like those that worked', async () => {
    const stand = healStand();
    const web = service();
    const limits = { cooldown_s: 0, caps: [{ most: 2, within_s: HOUR_S }] };
    const other = { ...service().check, failure_mode: 'slow' };
    const failing = stand.monitor(stand.watched(other, [stand.playbook('bad', ['failed'])], { limits }));
    await lookUntilHandled(stand, failing);
    stand.clock.pass(1);
    const second = stand.engine({ ledger: openLedger(stand.dir, { clock: stand.clock }) });
    const helps = stand.playbook('p', [() => web.becomes('ok')]);
    await lookUntilHandled(stand, stand.monitor(stand.watched(web.check, [helps], { limits }), second));
    web.becomes('critical');
    stand.clock.pass(1);
    const monitor = stand.monitor(stand.watched(web.check, [helps], { limits }));
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    expect(railsOf(stand)).toEqual(['cap']);
    expect(reasonsOf(stand)).toBe('2 acts within 1h, and 2 are allowed');
    expect(stand.acts()).toEqual(['bad', 'p']);
    // Another target has its own.
    const db = service('db');
    const p = stand.playbook('r', [() => db.becomes('ok')]);
    expect(await lookUntilHandled(stand, stand.monitor(stand.watched(db.check, [p], { limits })))).toMatchObject({
      kind: 'resolved',
    });
  });

  test('the remedies of one round follow each other; the next round waits for the cooldown', async () => {
    const stand = healStand();
    const web = service();
    const limits = { cooldown_s: 300, caps: [{ most: 1000, within_s: HOUR_S }] };
    const playbooks = [stand.playbook('p'), stand.playbook('q', [() => web.becomes('ok')], { relapse_s: 0 })];
    const monitor = stand.monitor(stand.watched(web.check, playbooks, { limits }));
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
    expect(stand.acts()).toEqual(['p', 'q']);
    web.becomes('critical');
    stand.clock.pass(5);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    expect(railsOf(stand)).toEqual(['cooldown']);
    stand.clock.pass(300);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
    expect(stand.acts()).toEqual(['p', 'q', 'p', 'q']);
  });

  test('what is undone belongs to the act: the cooldown begins after it', async () => {
    const stand = healStand();
    const limits = { cooldown_s: 300, caps: [{ most: 1000, within_s: HOUR_S }] };
    const p = stand.playbook('p', ['failed'], { rollback: [() => stand.clock.pass(1000)] });
    const policy = { ...POLICY, rearm: { first_s: 1, most_s: 1 } };
    const monitor = stand.monitor(stand.watched(service().check, [p], { limits }), stand.engine({ policy }));
    await lookUntilHandled(stand, monitor);
    stand.clock.pass(5);
    await lookUntilHandled(stand, monitor);
    expect(railsOf(stand)).toEqual(['cooldown']);
    stand.clock.pass(300);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ acted: true });
  });

  test('a date that is set back by a day or ahead by two moves neither a cap nor a cooldown', async () => {
    for (const set_s of [-DAY_S, 2 * DAY_S]) {
      const stand = healStand();
      const web = service();
      const limits = { cooldown_s: 300, caps: [{ most: 1, within_s: HOUR_S }] };
      const p = stand.playbook('p', [() => web.becomes('ok')]);
      const monitor = stand.monitor(stand.watched(web.check, [p], { limits }));
      await lookUntilHandled(stand, monitor);
      web.becomes('critical');
      stand.clock.setDate(set_s);
      stand.clock.pass(5);
      await lookUntilHandled(stand, monitor);
      expect(railsOf(stand)).toEqual(['cooldown', 'cap']);
      stand.clock.pass(HOUR_S);
      expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
    }
  });
});

describe('icinga2 #2632: a silence stops acting', () => {
  test('as long as it lasts, on the checks that it names; the incident is opened all the same', async () => {
    const stand = healStand();
    await stand.silence('silence_1', ['nothing', 'w*'], HOUR_S);
    const [web, db] = [service(), service('db')];
    const p = stand.playbook('p', [() => web.becomes('ok')]);
    const q = stand.playbook('q', [() => db.becomes('ok')]);
    const monitor = stand.monitor(stand.watched(web.check, [p]));
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld', acted: false });
    expect(railsOf(stand)).toEqual(['silence']);
    expect(reasonsOf(stand)).toBe('silenced by operator:anna: r');
    expect(stand.incident()).toMatchObject({ status: 'detected', check: 'web' });
    expect(await lookUntilHandled(stand, stand.monitor(stand.watched(db.check, [q])))).toMatchObject({
      kind: 'resolved',
    });
    await lookOver(stand, monitor, 5);
    expect(stand.acts()).toEqual(['q']);
    stand.clock.pass(HOUR_S);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
  });

  test('until somebody ends it', async () => {
    const stand = healStand();
    await stand.silence('silence_1', ['web'], HOUR_S);
    await stand.silence('silence_2', ['web'], HOUR_S);
    const end = (name: string) => stand.person(ACTION.silenceEnded, name, { decision: {}, metadata: {} });
    const monitor = stand.monitor(stand.watched(service().check));
    await end('silence_1');
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    await end('silence_2');
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ acted: true });
  });

  test('so do maintenance, a dependency that fails or cannot be told, and flapping', async () => {
    for (const [rail, setting] of [
      ['maintenance', { maintenance: () => 'maintenance until then' }],
      ['dependency', { dependencies: async () => [{ name: 'disk', status: 'critical' as const }] }],
      ['dependency', { dependencies: async () => [{ name: 'disk', status: 'unknown' as const }] }],
    ] as const) {
      const stand = healStand();
      const monitor = stand.monitor(stand.watched(service().check), stand.engine(setting));
      expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
      expect([railsOf(stand), stand.acts()]).toEqual([[rail], []]);
    }
    const stand = healStand();
    const ok = { dependencies: async () => [{ name: 'disk', status: 'warning' as const }] };
    expect(
      await lookUntilHandled(stand, stand.monitor(stand.watched(service().check), stand.engine(ok))),
    ).toMatchObject({ acted: true });
  });

  test('what is healed and falls again, and again, is flapping: then it is left alone until it has calmed down', async () => {
    const stand = healStand();
    const web = service();
    const p = stand.playbook('p', [() => web.becomes('ok')]);
    const monitor = stand.monitor(stand.watched(web.check, [p], { confirm: { need: 1, of: 1 } }));
    for (let i = 0; i < 30 && railsOf(stand).length === 0; i++) {
      web.becomes(i % 2 === 0 ? 'critical' : 'ok');
      await monitor.look();
      stand.clock.pass(5);
    }
    expect(railsOf(stand)).toEqual(['flapping']);
    const acted = stand.acts().length;
    // 50 % of the weighted changes: not before ten of them.
    expect(acted).toBeGreaterThan(3);
    web.becomes('ok');
    await lookOver(stand, monitor, 21);
    web.becomes('critical');
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
    expect(stand.acts().length).toBe(acted + 1);
  });

  test('a manual run says which rails it passes over, and passes over no others', async () => {
    const stand = healStand();
    await stand.silence('silence_1', ['web'], HOUR_S);
    const setting = { passOver: ['silence'] as const, maintenance: () => 'maintenance until then' };
    const monitor = stand.monitor(stand.watched(service().check), stand.engine(setting));
    await lookUntilHandled(stand, monitor);
    expect([railsOf(stand), stand.acts()]).toEqual([['maintenance'], []]);
    const both = stand.engine({ ...setting, passOver: ['silence', 'maintenance', 'cap'] });
    await lookUntilHandled(stand, stand.monitor(stand.watched(service().check), both));
    expect(stand.acts()).toEqual(['p']);
    expect(stand.audit(ACTION.remedyClaimed)).toMatchObject([
      {
        decision: {
          passed_over: ['silence: silenced by operator:anna: r', 'maintenance: maintenance until then'],
        },
      },
    ]);
  });

  test('nobody passes over the account, the brake or an approval', async () => {
    expect(RAIL_IDS.filter((id) => !isPassable(id))).toEqual(['account', 'brake', 'log_gap', 'approval']);
    const stand = healStand();
    await stand.person(ACTION.brakeSet, 'brake', { decision: { reason: 'by hand' }, metadata: {} });
    const p = stand.playbook('p', ['worked'], { risk: 'medium' });
    const engine = stand.engine({
      passOver: RAIL_IDS,
      account: { name: 'healer', allowed: false, rule: 'accounts.healer.may lacks heal' },
    });
    await lookUntilHandled(stand, stand.monitor(stand.watched(service().check, [p], { act: false }), engine));
    expect([railsOf(stand), stand.acts()]).toEqual([['account', 'brake', 'approval'], []]);
  });
});

test('mode observe: what would have been done is written down, once, and nothing is done', async () => {
  const stand = healStand();
  const monitor = stand.monitor(stand.watched(service().check, [stand.playbook('p')], { act: false }));
  const handled = await lookOver(stand, monitor, 10);
  expect(new Set(handled.map(({ kind }) => kind))).toEqual(new Set(['withheld']));
  expect(stand.acts()).toEqual([]);
  expect(stand.audit(ACTION.remedyWithheld)).toMatchObject([{ decision: { would: 'run p', rails: ['observe'] } }]);
  expect(stand.audit(ACTION.incidentOpened)).toHaveLength(1);
});

describe('kubernetes #66230, orchestrator #206: a brake on many incidents, released by a person', () => {
  const policy = { ...POLICY, brake: { incidents: 3, within_s: 300 } };

  /** Failures of as many services, one after the other; each is healed unless something holds it back. */
  async function storm(stand: Stand, count: number, origin: 'real' | 'drill' = 'real', prefix = 's') {
    const monitors: Monitor[] = [];
    for (let i = 0; i < count; i++) {
      const one = service(`${prefix}${i}`);
      const p = stand.playbook(`heal-${prefix}${i}`, [() => one.becomes('ok')]);
      const monitor = stand.monitor(stand.watched(one.check, [p]), stand.engine({ policy, origin }));
      monitors.push(monitor);
      await lookUntilHandled(stand, monitor);
    }
    return monitors;
  }

  test('the third sets it, and nothing acts any more, however long ago, until it is released', async () => {
    const stand = healStand();
    const monitors = await storm(stand, 4);
    expect(stand.acts()).toEqual(['heal-s0', 'heal-s1']);
    expect(stand.audit(ACTION.brakeSet)).toMatchObject([
      { resource: 'brake', decision: { reason: '3 incidents within 300 s' } },
    ]);
    expect(stand.notices.map(({ event }) => event).filter((event) => event === 'brake')).toEqual(['brake']);
    expect(railsOf(stand)).toEqual(['brake']);
    stand.clock.pass(10 * DAY_S);
    for (const monitor of monitors.slice(2)) {
      expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    }
    expect(stand.acts()).toHaveLength(2);
    await stand.releaseBrake();
    for (const monitor of monitors.slice(2)) {
      expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
    }
  });

  test('after the release it counts anew', async () => {
    const stand = healStand();
    await storm(stand, 3);
    await stand.releaseBrake();
    await storm(stand, 2, 'real', 'later');
    expect(stand.audit(ACTION.brakeSet)).toHaveLength(1);
    const [last] = await storm(stand, 1, 'real', 'last');
    expect(stand.audit(ACTION.brakeSet)).toHaveLength(2);
    expect(last && (await lookUntilHandled(stand, last))).toMatchObject({ kind: 'withheld' });
    expect(stand.acts()).not.toContain('heal-last0');
  });

  test('those of long ago do not count', async () => {
    const stand = healStand();
    await storm(stand, 2);
    stand.clock.pass(300);
    await storm(stand, 2, 'real', 'later');
    expect(stand.audit(ACTION.brakeSet)).toEqual([]);
    expect(stand.acts()).toHaveLength(4);
  });

  test('drills are no storm, are not held up by one, and hide none', async () => {
    const stand = healStand();
    await storm(stand, 5, 'drill', 'd');
    expect(stand.audit(ACTION.brakeSet)).toEqual([]);
    await storm(stand, 2);
    await storm(stand, 4, 'drill', 'e');
    await storm(stand, 1, 'real', 'third');
    expect(stand.audit(ACTION.brakeSet)).toHaveLength(1);
    await storm(stand, 1, 'drill', 'f');
    expect(stand.acts().at(-1)).toBe('heal-f0');
  });

  test('a remedy that follows a failed one is held, too', async () => {
    const stand = healStand();
    const web = service();
    const set = () => stand.person(ACTION.brakeSet, 'brake', { decision: { reason: 'by hand' }, metadata: {} });
    const monitor = stand.monitor(
      stand.watched(web.check, [stand.playbook('p', [set]), stand.playbook('q', ['worked'])]),
    );
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld', acted: true });
    expect(stand.acts()).toEqual(['p']);
  });
});

describe('a claim is granted under the lock and is on the disk before the step starts', () => {
  test('owned by boot id, pid and start time; whoever looks during the act leaves it alone', async () => {
    const stand = healStand();
    const web = service();
    const seen: unknown[] = [];
    const p = stand.playbook('p', [
      async () => {
        const other = openLedger(stand.dir, { clock: stand.clock });
        other.registry.sync();
        seen.push(other.registry.control((view) => view.allOpenClaims().map(({ owner }) => owner)));
        const monitor = stand.monitor(stand.watched(web.check, [p]), stand.engine({ ledger: other }));
        seen.push(await lookUntilHandled({ clock: stand.clock, ledger: other }, monitor));
        seen.push(await settle(other, stand.clock));
        web.becomes('ok');
      },
    ]);
    await lookUntilHandled(stand, stand.monitor(stand.watched(web.check, [p])));
    const { boot_id, pid, start_time } = ownIdentity();
    expect(seen).toEqual([
      [expect.objectContaining({ boot_id, pid, start_time })],
      { kind: 'left_alone', acted: false, reason: 'busy' },
      { claims: 0, incidents: 0, ended: 0 },
    ]);
    expect(stand.acts()).toEqual(['p']);
  });

  test('without it on the disk nothing runs', async () => {
    const stand = healStand();
    const monitor = stand.monitor(stand.watched(service().check));
    const { transact } = stand.ledger;
    stand.ledger.transact = async (decide) => {
      await transact.call(stand.ledger, decide);
      throw new Error('it could not be synced');
    };
    await expect(lookUntilHandled(stand, monitor)).rejects.toThrow('it could not be synced');
    expect(stand.acts()).toEqual([]);
  });
});

describe('an approval', () => {
  /** An incident whose only remedy has a medium risk; the approval of it was asked for. */
  async function asked() {
    const stand = healStand();
    const web = service();
    const p = stand.playbook('p', [() => web.becomes('ok')], { risk: 'medium' });
    const watched = stand.watched(web.check, [p]);
    const monitor = stand.monitor(watched);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    return { stand, web, monitor, watched, id: stand.incident().incident_id };
  }

  test('names incident, playbook and configuration, is asked for once, and allows one run', async () => {
    const { stand, web, monitor, id } = await asked();
    await lookOver(stand, monitor, 3);
    expect(stand.audit(ACTION.approvalRequested)).toMatchObject([
      { resource: id, decision: { playbook_id: 'p', config_version: 'c1' } },
    ]);
    expect(stand.notices.map(({ event }) => event)).toEqual(['opened', 'approval']);
    const { entry_id } = await stand.approve(id, 'p');
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
    expect(stand.audit(ACTION.remedyClaimed)).toMatchObject([
      { decision: { rule: `accounts.healer; approval ${entry_id} by operator:anna` } },
    ]);
    // A new episode of the same incident, within the relapse window.
    web.becomes('critical');
    stand.clock.pass(5);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    expect(stand.acts()).toEqual(['p']);
    expect(stand.audit(ACTION.approvalRequested)).toHaveLength(2);
  });

  test.each([
    ['of another incident', async (stand: Stand) => stand.approve('inc_other', 'p'), ''],
    ['of another playbook', async (stand: Stand, id: string) => stand.approve(id, 'q'), 'is for q'],
    ['of another configuration', async (stand: Stand, id: string) => stand.approve(id, 'p', 'c0'), 'has changed'],
    [
      'that ran out',
      async (stand: Stand, id: string) => {
        await stand.approve(id, 'p');
        stand.clock.pass(1800);
      },
      'has run out',
    ],
  ] as const)('%s is void', async (_what, give, why) => {
    const { stand, monitor, id } = await asked();
    await give(stand, id);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    expect([railsOf(stand), stand.acts()]).toEqual([['approval'], []]);
    expect(reasonsOf(stand)).toContain(why);
  });

  test('holds to its last second, whatever happens to the date', async () => {
    const { stand, monitor, id } = await asked();
    await stand.approve(id, 'p');
    stand.clock.setDate(DAY_S);
    stand.clock.pass(1780);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
  });

  test('is void when the configuration changes after it was given', async () => {
    const { stand, watched, id } = await asked();
    await stand.approve(id, 'p');
    const monitor = stand.monitor(watched, stand.engine({ config_version: 'c2' }));
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    expect(reasonsOf(stand)).toContain('the configuration has changed since one was given');
    // It is asked for once more, for what the playbook is now.
    expect(stand.audit(ACTION.approvalRequested).map(({ decision }) => decision.config_version)).toEqual(['c1', 'c2']);
  });

  test('is void when the check recovers: that was another episode', async () => {
    const { stand, web, monitor, id } = await asked();
    await stand.approve(id, 'p');
    web.becomes('ok');
    stand.ledger.registry.sync();
    await monitor.look();
    expect(await monitor.look()).toMatchObject({ kind: 'recovered' });
    web.becomes('critical');
    stand.clock.pass(5);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld', incident: { incident_id: id } });
    // Nor later, when the new episode is under way.
    await lookOver(stand, monitor, 3);
    expect([railsOf(stand), stand.acts()]).toEqual([['approval'], []]);
  });

  test('is used by the run it allowed, also when that did not help', async () => {
    const stand = healStand();
    const p = stand.playbook('p', ['failed'], { risk: 'medium' });
    const monitor = stand.monitor(stand.watched(service().check, [p]));
    await lookUntilHandled(stand, monitor);
    await stand.approve(stand.incident().incident_id, 'p');
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'escalated' });
    stand.clock.pass(900);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    expect(reasonsOf(stand)).toContain('has been used');
    expect(stand.acts()).toEqual(['p']);
  });

  test('never: none is asked for, and none helps', async () => {
    const stand = healStand();
    const p = stand.playbook('p', ['worked'], { risk: 'high' });
    const monitor = stand.monitor(stand.watched(service().check, [p]));
    await lookUntilHandled(stand, monitor);
    await stand.approve(stand.incident().incident_id, 'p');
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    expect(reasonsOf(stand)).toBe('policy.autonomy.high is never: a person runs p');
    expect([stand.acts(), stand.audit(ACTION.approvalRequested)]).toEqual([[], []]);
  });
});

const noTmpfs = withoutTmpfs();

describe.skipIf(noTmpfs)('a full disk must not stop its own healing', () => {
  /** Logs on a small disk with a reserve; `fill` leaves it without a byte. */
  function fullDisk() {
    const at = join(tempDir(), 'logs');
    mkdirSync(at, { mode: 0o750 });
    tool('mount', '-t', 'tmpfs', '-o', 'mode=0750,size=6m', 'tmpfs', at);
    onTestFinished(() => void spawnSync('umount', ['-l', at]));
    const stand = healStand(at);
    expect(fillReserve(at)).toBe(true);
    const filler = join(at, 'filler');
    return {
      stand,
      fill: () => void spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'], { stdio: 'ignore' }),
      free: () => writeFileSync(filler, ''),
      reserve: () => statSync(join(at, RESERVE_FILE)).size,
    };
  }

  test('the intent and the outcome of a remedy that frees space are recorded from the reserve', async () => {
    const { stand, fill, free, reserve } = fullDisk();
    const disk = service('disk');
    const during: number[] = [];
    const p = stand.playbook(
      'free',
      [
        () => {
          during.push(reserve());
          free();
          disk.becomes('ok');
        },
      ],
      { freesSpace: true },
    );
    const monitor = stand.monitor(stand.watched(disk.check, [p]));
    fill();
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
    expect(during).toEqual([0]);
    expect(stand.audit().map(({ action }) => action)).toEqual([
      ...['incident_snapshot', 'incident_opened', 'remedy_claimed', 'incident_snapshot', 'remedy_ended'],
    ]);
    // The space is there again, and is kept again.
    expect(fillReserve(stand.dir)).toBe(true);
    expect(reserve()).toBe(RESERVE_BYTES);
  });

  test('also when it has freed nothing, and when an earlier crash has left half a line', async () => {
    const { stand, fill } = fullDisk();
    await stand.silence('silence_1', ['other'], HOUR_S);
    const log = join(stand.dir, 'immutable_audit.jsonl');
    // To the end of a page: not even a line feed fits without another.
    const room = 4096 - (statSync(log).size % 4096);
    appendFileSync(log, JSON.stringify({ torn: 'x'.repeat(room - '{"torn":""}'.length) }));
    const p = stand.playbook('free', ['failed'], { freesSpace: true });
    const monitor = stand.monitor(stand.watched(service('disk').check, [p]));
    await monitor.look();
    fill();
    expect(await monitor.look()).toMatchObject({ handled: { kind: 'escalated', acted: true } });
    const lines = readFileSync(log, 'utf8').split('\n');
    expect(lines.filter((line) => line.includes('"remedy_ended"'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('"incident_escalated"'))).toHaveLength(1);
  });

  test('the brake is set on it, too', async () => {
    const { stand, fill, reserve } = fullDisk();
    const policy = { ...POLICY, brake: { incidents: 1, within_s: 60 } };
    const monitor = stand.monitor(stand.watched(service().check), stand.engine({ policy }));
    fill();
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'withheld' });
    expect(stand.audit(ACTION.brakeSet)).toHaveLength(1);
    expect(reserve()).toBe(0);
  });

  test('no other remedy is begun on it: its intent could not be recorded', async () => {
    const { stand, fill, reserve } = fullDisk();
    const monitor = stand.monitor(stand.watched(service().check));
    fill();
    await expect(lookUntilHandled(stand, monitor)).rejects.toMatchObject({ code: 'GRACE_DISK_FULL' });
    expect([stand.acts(), stand.audit()]).toEqual([[], []]);
    expect(reserve()).toBe(RESERVE_BYTES);
  });
});

describe('an incident that needs a person stays visible until ack or close; closed is never verified', () => {
  const ack = (stand: Stand, id: string) =>
    stand.person(ACTION.incidentAcknowledged, id, { decision: {}, metadata: { incident_id: id } });

  test('given up: for days, with nothing being written, until it is closed', async () => {
    const stand = healStand();
    const monitor = stand.monitor(stand.watched(service().check, []));
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'escalated', acted: false });
    const lines = stand.audit().length;
    stand.clock.pass(10 * DAY_S);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'waiting' });
    expect(stand.audit()).toHaveLength(lines);
    const { incident_id } = stand.incident();
    const needs = () => statusOf(stand).wrong.map((one) => [one.incident_id, one.needs_person?.acknowledged_by]);
    expect(needs()).toEqual([[incident_id, null]]);
    await ack(stand, incident_id);
    expect(needs()).toEqual([[incident_id, 'operator:anna']]);

    await stand.ledger.transact((view) => {
      const last = view.incident(incident_id);
      if (last === undefined) throw new Error('there is none');
      const record = closed(takenOn(last.record), new Date(stand.clock.now()).toISOString());
      const entry = { actor: 'operator:anna', action: ACTION.incidentClosed, resource: incident_id };
      return {
        incidents: [{ record, after: last.hash }],
        entries: [{ ...entry, decision: { verified: false }, metadata: { incident_id } }],
        value: undefined,
      };
    });
    expect(needs()).toEqual([]);
    expect(stand.incident()).toMatchObject({
      ...{ status: 'resolved', success: false, resolution: 'manual', mttr_seconds: null },
      verification: { status: 'unverified' },
    });
    // It fails as before: that is a new incident.
    stand.clock.pass(5);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'escalated' });
    expect(new Set(stand.incidents().map((one) => one.incident_id)).size).toBe(2);
  });

  test('made bearable by a remedy that mends nothing: until somebody has seen it', async () => {
    const stand = healStand();
    const web = service();
    const p = stand.playbook('degrade', [() => web.becomes('ok')], { escalate: true });
    await lookUntilHandled(stand, stand.monitor(stand.watched(web.check, [p])));
    const { incident_id } = stand.incident();
    expect(statusOf(stand).wrong).toMatchObject([
      {
        ...{ incident_id, status: 'resolved' },
        needs_person: { reason: 'degrade has made it bearable and has not mended it', acknowledged_by: null },
      },
    ]);
    await ack(stand, incident_id);
    expect(statusOf(stand).wrong).toEqual([]);
  });

  test('healed after it had been given up: nobody is needed any more', async () => {
    const stand = healStand();
    const web = service();
    let runs = 0;
    const p = stand.playbook('p', [() => void (++runs === 2 && web.becomes('ok'))]);
    const monitor = stand.monitor(stand.watched(web.check, [p]));
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'escalated' });
    stand.clock.pass(900);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
    expect(statusOf(stand).wrong).toEqual([]);
  });
});
