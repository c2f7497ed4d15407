import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { ProbeStore } from '../../../src/healing/probe-store.js';
import { settle } from '../../../src/healing/settle.js';
import { checkSaying, healStand, lookUntilHandled, type Stand, service } from '../../support/heal-stand.js';
import { openLedger } from '../../support/registry.js';

/** An engine of another process, as it were: with a ledger of its own on the same logs. */
function another(stand: Stand) {
  const ledger = openLedger(stand.dir, { clock: stand.clock });
  return { ledger, clock: stand.clock, engine: stand.engine({ ledger }) };
}

describe('several looks', () => {
  test('confirm: 2 of 3, and what is seen between them is told', async () => {
    const stand = healStand();
    const monitor = stand.monitor(stand.watched(checkSaying('critical', 'ok', 'critical', 'ok')));
    expect((await monitor.look()).kind).toBe('not_confirmed');
    expect((await monitor.look()).kind).toBe('healthy');
    expect(await monitor.look()).toMatchObject({ kind: 'handled', handled: { kind: 'resolved' } });
    expect(stand.events.filter(({ kind }) => kind === 'confirmed')).toEqual([
      { check: 'web', kind: 'confirmed', bad: 2, of: 3 },
    ]);
  });

  test('go on where an earlier process has stopped', async () => {
    const stand = healStand();
    const store = new ProbeStore(stand.dir, { write: true });
    const engine = stand.engine();
    const watched = stand.watched(checkSaying('critical', 'critical', 'ok'));
    await stand.monitor(watched, engine, store).look();
    store.close();
    const later = new ProbeStore(stand.dir, { write: true });
    expect(await stand.monitor(watched, engine, later).look()).toMatchObject({ kind: 'handled' });
    expect(later.probes('web', 10).map(({ status }) => status)).toEqual(['critical']);
    // What was seen before the remedy is not what the next process begins with.
    later.close();
    const last = new ProbeStore(stand.dir, { write: false });
    expect(last.state('web').seen).toEqual([]);
    last.close();
  });

  test('after the watch has begun, what starts with the host gets its time', async () => {
    const stand = healStand();
    const monitor = stand.monitor(stand.watched(service().check, [], { start_period_s: 60 }));
    monitor.giveStartPeriod();
    for (let i = 0; i < 6; i++) expect((await monitor.look()).kind).toBe('in_start_period');
    stand.clock.pass(60);
    expect((await monitor.look()).kind).toBe('not_confirmed');
    expect((await monitor.look()).kind).toBe('handled');
  });
});

describe('a pass that nobody follows up', () => {
  const pass = (stand: Stand, ...answers: Parameters<typeof checkSaying>) => {
    const check = checkSaying(...answers);
    return { check, monitor: stand.monitor(stand.watched(check, [])) };
  };

  test('confirms within it, also when the check was well for a long time', async () => {
    const stand = healStand();
    const well = new Array(10).fill('ok') as 'ok'[];
    const { monitor } = pass(stand, ...well, 'critical');
    for (let i = 0; i < 10; i++) await monitor.look();
    expect(await monitor.lookUntilClear(0, stand.stop.signal)).toMatchObject({
      kind: 'handled',
      handled: { kind: 'escalated' },
    });
  });

  test.each([
    [['ok'], 1, 'healthy'],
    [['unknown'], 1, 'could_not_tell'],
    [['critical', 'ok'], 3, 'healthy'],
    [['critical', 'ok', 'critical'], 3, 'handled'],
    [['critical', 'unknown'], 2, 'could_not_tell'],
  ] as const)('%j: %d probes, %s', async (answers, asked, kind) => {
    const stand = healStand();
    const { check, monitor } = pass(stand, ...answers);
    expect((await monitor.lookUntilClear(0, stand.stop.signal)).kind).toBe(kind);
    expect(check.asked).toBe(asked);
  });

  test('ends also with what goes up and down all the time', async () => {
    const stand = healStand();
    const check = service().check;
    const answers = ['critical', 'ok', 'ok'] as const;
    const restless = checkSaying(...Array.from({ length: 300 }, (_, i) => answers[i % 3] ?? 'ok'));
    const watched = stand.watched({ ...restless, probe: restless.probe }, [], { confirm: { need: 3, of: 5 } });
    await stand.monitor(watched).lookUntilClear(0, stand.stop.signal);
    expect(restless.asked).toBeLessThan(20);
    expect(check.asked).toBe(0);
  });

  test('ends an open incident within it', async () => {
    const stand = healStand();
    const web = service();
    const watched = stand.watched(web.check, []);
    await stand.monitor(watched).lookUntilClear(0, stand.stop.signal);
    stand.ledger.registry.sync();
    web.becomes('ok');
    const asked = web.check.asked;
    expect(await stand.monitor(watched).lookUntilClear(0, stand.stop.signal)).toMatchObject({ kind: 'recovered' });
    expect(web.check.asked - asked).toBe(2);
    stand.ledger.registry.sync();
    expect(await stand.monitor(watched).lookUntilClear(0, stand.stop.signal)).toMatchObject({ kind: 'healthy' });
    expect(web.check.asked - asked).toBe(3);
  });

  test('stops when it is asked to, between two probes', async () => {
    const stand = healStand();
    const { check, monitor } = pass(stand, 'critical', 'ok');
    const looking = monitor.lookUntilClear(600, stand.stop.signal);
    setTimeout(() => stand.stop.abort(), 20);
    expect((await looking).kind).toBe('healthy');
    expect(check.asked).toBe(2);
  });
});

describe('several engines on the same logs', () => {
  test('another heals between two looks: what was seen before counts for nothing, nobody acts twice', async () => {
    const stand = healStand();
    const web = service();
    const p = stand.playbook('p', [() => web.becomes('ok')]);
    const watched = stand.watched(web.check, [p]);
    const [mine, other] = [stand.monitor(watched), another(stand)];
    await mine.look();
    stand.clock.pass(1);
    await lookUntilHandled(other, stand.monitor(watched, other.engine));
    // It fails once more: together with what was seen before the remedy that would be 2 of 3.
    web.becomes('critical');
    stand.clock.pass(1);
    expect(await mine.look()).toMatchObject({ handled: { kind: 'left_alone', reason: 'stale', acted: false } });
    stand.clock.pass(1);
    expect(await mine.look()).toMatchObject({ kind: 'not_confirmed' });
    stand.clock.pass(1);
    expect(await mine.look()).toMatchObject({ handled: { kind: 'resolved' } });
    expect(stand.acts()).toEqual(['p', 'p']);
  });

  test('another has just acted in vain: the next remedy is no answer to what was seen before that', async () => {
    const stand = healStand();
    const web = service();
    const seen: unknown[] = [];
    const watched = stand.watched(web.check, [stand.playbook('p'), stand.playbook('q', [() => web.becomes('ok')])]);
    const other = another(stand);
    // Confirmed by me; while my decision waits, another process runs the first remedy and is stopped after it.
    const stop = new AbortController();
    const theirs = stand.engine({ ledger: other.ledger, tools: { stop: stop.signal } });
    const failure = { boot_id: stand.now().boot_id, elapsed_s: stand.clock.elapsed(), at: '2026-11-23T00:00:00Z' };
    stand.clock.pass(1);
    const first = { ...watched, playbooks: watched.playbooks.slice(0, 1) };
    seen.push((await lookUntilHandled(other, stand.monitor(first, theirs))).kind);
    const old = { onset: failure, newest: failure, ...{ bad: 2, of: 3, summary: 's', confirm_s: 0, confirmed_s: 0 } };
    seen.push(await stand.engine().handle(watched, old, false));
    expect(seen).toEqual(['escalated', { kind: 'left_alone', acted: false, reason: 'stale' }]);
    expect(stand.acts()).toEqual(['p']);
  });

  test('8 engines, one failure: one acts', async () => {
    const stand = healStand();
    const web = service();
    let running = 0;
    let most = 0;
    const p = stand.playbook('p', [
      async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 30));
        running--;
        web.becomes('ok');
      },
    ]);
    const q = stand.playbook('q');
    const monitors = Array.from({ length: 8 }, () => {
      const { engine } = another(stand);
      return stand.monitor(stand.watched(web.check, [p, q]), engine);
    });
    const looked = await Promise.all(monitors.map((monitor) => monitor.lookUntilClear(0.001, stand.stop.signal)));
    expect([stand.acts(), most]).toEqual([['p'], 1]);
    expect(stand.audit(ACTION.remedyClaimed)).toHaveLength(1);
    expect(stand.audit(ACTION.incidentOpened)).toHaveLength(1);
    const ends = looked.map((one) => (one.kind === 'handled' ? one.handled.kind : one.kind));
    expect(ends.filter((kind) => kind === 'resolved')).toHaveLength(1);
    expect(ends.filter((kind) => kind !== 'resolved' && kind !== 'left_alone' && kind !== 'healthy')).toEqual([]);
  });

  test('8 engines, a failure that nothing helps against: each remedy runs once, a person is called once', async () => {
    const stand = healStand();
    const web = service();
    const playbooks = [stand.playbook('p'), stand.playbook('q')];
    const all = Array.from({ length: 8 }, () => another(stand));
    await Promise.all(
      all.map(async ({ engine, ledger }) => {
        const monitor = stand.monitor(stand.watched(web.check, playbooks), engine);
        for (let i = 0; i < 3; i++) {
          ledger.registry.sync();
          await monitor.lookUntilClear(0.001, stand.stop.signal);
        }
      }),
    );
    expect(stand.acts()).toEqual(['p', 'q']);
    expect(stand.audit(ACTION.incidentEscalated)).toHaveLength(1);
    expect(stand.incident().attempts).toHaveLength(2);
  });

  test('what a dead process has left is settled, and the incident goes on with the next remedy', async () => {
    const stand = healStand();
    const web = service();
    const watched = stand.watched(web.check, [stand.playbook('p'), stand.playbook('q', [() => web.becomes('ok')])]);
    const { claimEntry, DEAD_OWNER } = await import('../../support/records.js');
    const monitor = stand.monitor({ ...watched, act: false });
    await lookUntilHandled(stand, monitor);
    const { incident_id } = stand.incident();
    const { actor, action, decision } = claimEntry('x');
    const metadata = { incident_id, target: 'http://web/', playbook_id: 'p', owner: DEAD_OWNER };
    await stand.ledger.transact(() => ({
      entries: [{ actor, action, resource: incident_id, decision, metadata }],
      value: undefined,
    }));
    const mine = stand.monitor(watched);
    expect(await lookUntilHandled(stand, mine)).toMatchObject({ kind: 'left_alone', reason: 'abandoned' });
    expect(await settle(stand.ledger, stand.clock)).toEqual({ claims: 1, incidents: 1, ended: 0 });
    stand.clock.pass(1);
    expect(await lookUntilHandled(stand, mine)).toMatchObject({ kind: 'resolved', incident: { playbook_id: 'q' } });
    expect(stand.acts()).toEqual(['q']);
  });
});
