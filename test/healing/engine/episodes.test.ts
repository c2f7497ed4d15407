import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { Monitor } from '../../../src/healing/engine/monitor.js';
import { healStand, lookUntilHandled, type Service, type Stand, service } from '../../support/heal-stand.js';

const DAY_S = 86_400;

/** A service whose remedy helps, watched with a probe every 5 s. */
function healed(stand: Stand, relapse_s = 600) {
  const web = service();
  const p = stand.playbook('p', [() => web.becomes('ok')], { relapse_s });
  const watched = stand.watched(web.check, [p]);
  return { web, watched, monitor: stand.monitor(watched) };
}

async function fails(stand: Stand, web: Service, after_s: number): Promise<void> {
  stand.clock.pass(after_s);
  stand.ledger.registry.sync();
  web.becomes('critical');
}

async function recovers(stand: Stand, web: Service, monitor: Monitor) {
  web.becomes('ok');
  stand.ledger.registry.sync();
  expect(await monitor.look()).toMatchObject({ kind: 'healthy' });
  stand.clock.pass(5);
  return monitor.look();
}

const ids = (stand: Stand) => [...new Set(stand.incidents().map(({ incident_id }) => incident_id))];

describe('the same failure again', () => {
  test('within the relapse window it is the same incident, with a time to recover of its own', async () => {
    const stand = healStand();
    const { web, monitor } = healed(stand);
    await lookUntilHandled(stand, monitor);
    const first = stand.incident();
    expect(first).toMatchObject({ status: 'resolved', relapses: 0 });
    // Between the two failing probes 5 s passed.
    expect(first.mttr_seconds).toBeGreaterThan(5);
    expect(first.mttr_seconds).toBeLessThan(7);

    await fails(stand, web, 500);
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
    const again = stand.incident();
    expect(again).toMatchObject({
      ...{ incident_id: first.incident_id, status: 'resolved', relapses: 1, resolution: 'remediated' },
      attempts: [{ verified: true }, { verified: true }],
    });
    expect(again.mttr_seconds).toBeLessThan(7);
    expect(Date.parse(again.onset_at ?? '') - Date.parse(first.onset_at ?? '')).toBeGreaterThan(500_000);
    expect(again.detected_at).toBe(first.detected_at);
    expect(stand.audit(ACTION.incidentOpened).map(({ decision }) => decision.relapse)).toEqual([0, 1]);
    expect(stand.events.filter(({ kind }) => kind === 'opened')).toMatchObject([{ relapse: false }, { relapse: true }]);
    stand.ledger.registry.sync();
    const episodes = stand.ledger.registry.read((db) =>
      db.prepare('SELECT episode, mttr_seconds FROM recoveries ORDER BY episode').all(),
    );
    expect(episodes).toEqual([
      { episode: 1, mttr_seconds: first.mttr_seconds },
      { episode: 2, mttr_seconds: again.mttr_seconds },
    ]);
  });

  test('outside it is a new one', async () => {
    const stand = healStand();
    const { web, monitor } = healed(stand);
    await lookUntilHandled(stand, monitor);
    await fails(stand, web, 600);
    await lookUntilHandled(stand, monitor);
    expect(ids(stand)).toHaveLength(2);
    expect(stand.incidents().at(-1)).toMatchObject({ relapses: 0, attempts: [{ verified: true }] });
  });

  test('the window is measured on the clock that nobody sets', async () => {
    for (const [set_s, incidents] of [
      [DAY_S, 1],
      [-DAY_S, 1],
    ] as const) {
      const stand = healStand();
      const { web, monitor } = healed(stand);
      await lookUntilHandled(stand, monitor);
      stand.clock.setDate(set_s);
      await fails(stand, web, 300);
      await lookUntilHandled(stand, monitor);
      expect(ids(stand)).toHaveLength(incidents);
    }
  });

  test('what recovered by itself relapses, too', async () => {
    const stand = healStand();
    const web = service();
    const p = stand.playbook('p', ['worked'], { relapse_s: 600 });
    const monitor = stand.monitor(stand.watched(web.check, [p], { act: false }));
    await lookUntilHandled(stand, monitor);
    expect(await recovers(stand, web, monitor)).toMatchObject({ kind: 'recovered' });
    await fails(stand, web, 100);
    await lookUntilHandled(stand, monitor);
    expect(stand.incident()).toMatchObject({ status: 'detected', relapses: 1, resolution: 'none', mttr_seconds: null });
  });
});

describe('a check that passes again, and no remedy was verified', () => {
  test('none has acted: self_recovered, verified, from the onset', async () => {
    const stand = healStand();
    const web = service();
    const monitor = stand.monitor(stand.watched(web.check, [], { every_s: 5 }));
    await lookUntilHandled(stand, monitor);
    stand.clock.pass(1000);
    // The date is set back meanwhile.
    stand.clock.setDate(-DAY_S);
    expect(await recovers(stand, web, monitor)).toMatchObject({
      kind: 'recovered',
      incident: {
        ...{ status: 'resolved', success: true, error: null, resolution: 'self_recovered' },
        verification: { status: 'verified', by: 'web', passes: 2 },
      },
    });
    const { mttr_seconds } = stand.incident();
    expect(mttr_seconds).toBeGreaterThan(1010);
    expect(mttr_seconds).toBeLessThan(1013);
    expect(stand.audit(ACTION.incidentRecovered)).toMatchObject([
      { decision: { resolution: 'self_recovered', passes: 2, by: 'web' } },
    ]);
    expect(stand.notices.map(({ event }) => event)).toEqual(['opened', 'escalated', 'resolved']);
    // It has ended: nothing more is written.
    const lines = stand.audit().length;
    stand.ledger.registry.sync();
    expect(await monitor.look()).toMatchObject({ kind: 'healthy' });
    expect(stand.audit()).toHaveLength(lines);
  });

  test('one has acted in vain: unattributed', async () => {
    const stand = healStand();
    const web = service();
    const monitor = stand.monitor(stand.watched(web.check));
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'escalated' });
    expect(await recovers(stand, web, monitor)).toMatchObject({
      incident: { status: 'resolved', resolution: 'unattributed' },
    });
  });

  test('one has acted, but in an earlier episode: self_recovered', async () => {
    const stand = healStand();
    const { web, watched, monitor } = healed(stand);
    await lookUntilHandled(stand, monitor);
    await fails(stand, web, 100);
    const observed = stand.monitor({ ...watched, act: false });
    await lookUntilHandled(stand, observed);
    expect(await recovers(stand, web, observed)).toMatchObject({ incident: { resolution: 'self_recovered' } });
  });

  test('a single pass, a warning, or a remedy under way end nothing', async () => {
    const stand = healStand();
    const web = service();
    const monitor = stand.monitor(stand.watched(web.check, []));
    await lookUntilHandled(stand, monitor);
    stand.ledger.registry.sync();
    for (const status of ['ok', 'warning', 'ok', 'unknown', 'ok'] as const) {
      web.becomes(status);
      expect((await monitor.look()).kind).not.toBe('recovered');
    }
    const engine = stand.engine();
    const other = stand.playbook('p', [
      async () => {
        stand.ledger.registry.sync();
        expect(await engine.recover(monitor.watched, 2)).toBeUndefined();
      },
    ]);
    web.becomes('critical');
    await lookUntilHandled(stand, stand.monitor({ ...monitor.watched, playbooks: [other] }));
    expect(stand.acts()).toEqual(['p']);
    expect(stand.audit(ACTION.incidentRecovered)).toEqual([]);
  });
});

describe('the time to recover', () => {
  test('runs from the onset of the episode, however long the remedy was held back', async () => {
    const stand = healStand();
    const web = service();
    const p = stand.playbook('p', [() => web.becomes('ok')], { risk: 'medium' });
    const monitor = stand.monitor(stand.watched(web.check, [p]));
    await lookUntilHandled(stand, monitor);
    for (let i = 0; i < 12; i++) {
      stand.clock.pass(300);
      await monitor.look();
    }
    stand.clock.setDate(3 * DAY_S);
    await stand.approve(stand.incident().incident_id, 'p');
    expect(await lookUntilHandled(stand, monitor)).toMatchObject({ kind: 'resolved' });
    const { mttr_seconds, timings } = stand.incident();
    expect(mttr_seconds).toBeGreaterThan(3605);
    expect(mttr_seconds).toBeLessThan(3608);
    // How long it took to be confirmed at first.
    expect(timings.confirm_s).toBeGreaterThan(5);
    expect(timings.confirm_s).toBeLessThan(6);
  });

  test('an incident without an opening entry: by the dates', async () => {
    const stand = healStand();
    const { monitor } = healed(stand);
    const { newIncident } = await import('../../support/records.js');
    const ago = (seconds: number) => new Date(stand.clock.now() - seconds * 1000).toISOString();
    await stand.put(
      newIncident({ target: 'http://web/', failure_mode: 'api_timeout', detected_at: ago(100), onset_at: ago(110) }),
    );
    await lookUntilHandled(stand, monitor);
    const { mttr_seconds } = stand.incident();
    expect(mttr_seconds).toBeGreaterThan(114);
    expect(mttr_seconds).toBeLessThan(117);
  });

  test('is split: deciding, acting and verifying are what they took', async () => {
    const stand = healStand();
    const web = service();
    const p = stand.playbook('p', [() => stand.clock.pass(7), () => web.becomes('ok')], {
      verify: { passes: 2, within_s: 60, every_s: 0 },
    });
    const check = web.check;
    let probes = 0;
    const probe = check.probe.bind(check);
    check.probe = async () => {
      if (++probes > 2) stand.clock.pass(11);
      return probe();
    };
    const watched = stand.watched(check, [p]);
    const engine = stand.engine({
      dependencies: async () => {
        stand.clock.pass(3);
        return [];
      },
    });
    await lookUntilHandled(stand, stand.monitor(watched, engine));
    const { timings, mttr_seconds } = stand.incident();
    const near = (seconds: number | null, expected: number) => {
      expect(seconds).toBeGreaterThanOrEqual(expected);
      expect(seconds).toBeLessThan(expected + 1);
    };
    near(timings.confirm_s, 5);
    near(timings.decide_s, 3);
    near(timings.act_s, 7);
    near(timings.verify_s, 22);
    near(mttr_seconds, 37);
  });
});
