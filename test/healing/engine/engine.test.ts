import { describe, expect, test } from 'vitest';
import { identityOf } from '../../../src/core/host/process-identity.js';
import { markerOf } from '../../../src/healing/engine/act.js';
import type { HealEvent } from '../../../src/healing/events.js';
import { checkSaying, healStand, lookUntilHandled, service } from '../../support/heal-stand.js';
import { claimEntry, DEAD_OWNER, newIncident } from '../../support/records.js';
import { openLedger } from '../../support/registry.js';

const kinds = (events: readonly HealEvent[]) => events.map((event) => event.kind);

describe('one pass over one check', () => {
  test('a healthy service is left alone, and nothing is written', async () => {
    const { monitor, watched, stop, audit, incidents, events } = healStand();
    for (const status of ['ok', 'warning'] as const) {
      expect(await monitor(watched(checkSaying(status))).lookUntilClear(0, stop.signal)).toMatchObject({
        kind: 'healthy',
      });
    }
    expect([audit(), incidents()]).toEqual([[], []]);
    expect(kinds(events)).toEqual(['probed', 'probed']);
  });

  test('one bad probe is no failure; a check that could not run is no reason', async () => {
    const { monitor, watched, stop, audit, incidents, ran } = healStand();
    const pass = async (...answers: Parameters<typeof checkSaying>) =>
      (await monitor(watched(checkSaying(...answers))).lookUntilClear(0, stop.signal)).kind;
    expect(await pass('critical', 'ok')).toBe('healthy');
    expect(await pass('unknown')).toBe('could_not_tell');
    expect(await pass('critical', 'unknown')).toBe('could_not_tell');
    expect([audit(), incidents(), ran]).toEqual([[], [], []]);
  });

  test('intent, claim and opening are on the disk before the act, the outcome after it', async () => {
    const { monitor, watched, stop, audit, ran, incident, notices } = healStand();
    const check = checkSaying('critical', 'critical', 'ok', 'ok');
    const looked = await monitor(watched(check)).lookUntilClear(0, stop.signal);
    expect(looked).toMatchObject({
      kind: 'handled',
      handled: { kind: 'resolved', acted: true, incident: { status: 'resolved', origin: 'real' } },
    });
    const before = ['incident_snapshot', 'incident_opened', 'remedy_claimed'];
    expect(ran.map(({ actions }) => actions)).toEqual([before]);
    expect(audit().map(({ action }) => action)).toEqual([...before, 'incident_snapshot', 'remedy_ended']);
    expect(audit('remedy_claimed')).toMatchObject([
      {
        decision: { granted: true, playbook_id: 'p', rule: 'accounts.healer; policy.autonomy.low: auto', order: ['p'] },
        metadata: { target: 'http://web/', owner: { pid: process.pid }, config_version: 'c1' },
      },
    ]);
    expect(incident()).toMatchObject({
      resolution: 'remediated',
      verification: { status: 'verified', by: 'web', passes: 2 },
      attempts: [{ playbook_id: 'p', outcome: 'worked', verified: true }],
      error: null,
    });
    expect(notices.map(({ event }) => event)).toEqual(['opened', 'resolved']);
  });

  test('a step is told whose act it is, and the facts of the incident', async () => {
    const { monitor, watched, stop, ran, audit, incident } = healStand();
    await monitor(watched(checkSaying('critical', 'critical', 'ok'))).lookUntilClear(0, stop.signal);
    const claim = audit('remedy_claimed')[0]?.entry_id ?? '';
    const { incident_id } = incident();
    expect(ran[0]?.order.marker).toBe(markerOf(incident_id, claim, 1));
    expect(ran[0]?.order.facts).toEqual({
      ...{ incident_id, failure_mode: 'api_timeout', severity: 'high', check: 'web', target: 'http://web/' },
      ...{ playbook: 'p', relapse_s: '600' },
    });
  });

  test('one bad probe starts the count of passes again', async () => {
    const { monitor, watched, playbook, stop, events } = healStand();
    const answers = ['ok', 'critical', 'ok', 'warning', 'ok', 'unknown', 'ok', 'ok'] as const;
    const verify = { passes: 2, within_s: 10, every_s: 0.001 };
    const one = watched(checkSaying('critical', 'critical', ...answers), [playbook('p', ['worked'], { verify })]);
    expect(await monitor(one).lookUntilClear(0, stop.signal)).toMatchObject({ handled: { kind: 'resolved' } });
    const passes = events.flatMap((event) =>
      event.kind === 'probed' && event.purpose === 'verify' ? [event.passes] : [],
    );
    expect(passes).toEqual([1, 0, 1, 0, 1, 0, 1, 2]);
  });

  test('steps that ran well prove nothing: without verification it has failed', async () => {
    const { monitor, watched, stop, audit, incidents } = healStand();
    const looked = await monitor(watched(checkSaying('critical'))).lookUntilClear(0, stop.signal);
    expect(looked).toMatchObject({
      handled: { kind: 'escalated', acted: true, incident: { status: 'failed', success: false, resolution: 'none' } },
    });
    expect(incidents().at(-2)).toMatchObject({
      status: 'detected',
      resolved_at: null,
      mttr_seconds: null,
      error: 'web did not pass 2 times in a row',
      attempts: [{ outcome: 'failed', verified: false }],
      verification: { status: 'failed' },
    });
    expect(audit('remedy_ended')).toMatchObject([{ decision: { outcome: 'failed', verified: false } }]);
  });

  test.each(['failed', 'timed_out'] as const)('a step that %s ends it; the next one is not run', async (outcome) => {
    const { monitor, watched, playbook, stop, ran, incident } = healStand();
    const one = watched(checkSaying('critical', 'critical', 'unknown'), [playbook('p', ['worked', outcome, 'worked'])]);
    const looked = await monitor(one).lookUntilClear(0, stop.signal);
    expect(looked).toMatchObject({ handled: { kind: 'unclear', acted: true } });
    expect(incident()).toMatchObject({
      status: 'detected',
      error: `step_1: ${outcome}`,
      attempts: [{ outcome, verified: false, steps: [{ name: 'step_0' }, { name: 'step_1' }] }],
    });
    expect(ran.map(({ step }) => step)).toEqual(['step_0', 'step_1']);
  });

  test('what did not help is rolled back, all of it; what did is not', async () => {
    const { monitor, watched, playbook, stop, ran, incident } = healStand();
    const undone = playbook('p', ['worked'], { rollback: ['failed', 'worked'] });
    await monitor(watched(checkSaying('critical', 'critical', 'critical'), [undone])).lookUntilClear(0, stop.signal);
    expect(ran.map(({ step }) => step)).toEqual(['step_0', 'undo_0', 'undo_1']);
    expect(incident().attempts[0]?.steps.map(({ name }) => name)).toEqual([
      'step_0',
      'rollback:undo_0',
      'rollback:undo_1',
    ]);
    ran.length = 0;
    const { monitor: other, watched: watch, stop: end } = healStand();
    const helped = watch(checkSaying('critical', 'critical', 'ok'), [undone]);
    await other(helped).lookUntilClear(0, end.signal);
    expect(ran.map(({ step }) => step)).toEqual(['step_0']);
  });

  test('the next remedy needs a failure, too: what came right, or cannot be told, is left alone', async () => {
    for (const after of ['ok', 'warning', 'unknown'] as const) {
      const { monitor, watched, playbook, stop, acts, incident } = healStand();
      const web = service();
      const p = playbook('p', [() => 'failed'], { rollback: [() => web.becomes(after)] });
      const looked = await monitor(watched(web.check, [p, playbook('q')])).lookUntilClear(0, stop.signal);
      expect(looked).toMatchObject({ handled: { kind: 'unclear', acted: true } });
      expect(acts()).toEqual(['p']);
      expect(incident().status).toBe('detected');
    }
  });

  test('what is captured is bound by its hash to the end of the act', async () => {
    const stand = healStand();
    const bytes = Buffer.from('restarted');
    const base = stand.playbook('p');
    const steps = base.steps.map((step) => ({
      ...step,
      run: async () => ({ outcome: 'worked' as const, exit: 'exit 0', output: bytes }),
    }));
    const kept: [string, string, string][] = [];
    const engine = stand.engine({
      tools: {
        keep: (incident_id, step, output) => {
          kept.push([incident_id, step, output.toString()]);
          return { step, file: 'f', sha256: 'abc', bytes: output.length };
        },
      },
    });
    const one = stand.watched(checkSaying('critical', 'critical', 'ok'), [{ ...base, steps }]);
    await stand.monitor(one, engine).lookUntilClear(0, stand.stop.signal);
    expect(kept).toEqual([[stand.incident().incident_id, 'step_0', 'restarted']]);
    expect(stand.audit('remedy_ended')).toMatchObject([
      { metadata: { outputs: [{ step: 'step_0', file: 'f', sha256: 'abc', bytes: 9 }] } },
    ]);
  });

  test('a playbook that makes it bearable has a person called all the same', async () => {
    const { monitor, watched, playbook, stop, audit, notices, incident } = healStand();
    const bearable = playbook('degrade', ['worked'], { escalate: true });
    await monitor(watched(checkSaying('critical', 'critical', 'ok'), [bearable])).lookUntilClear(0, stop.signal);
    expect(incident().status).toBe('resolved');
    expect(audit('incident_escalated')).toMatchObject([{ decision: { gave_up: false } }]);
    expect(notices.map(({ event }) => event)).toEqual(['opened', 'escalated', 'resolved']);
  });
});

describe('an incident that is there', () => {
  test('the open one of the same failure is joined', async () => {
    const { monitor, watched, stop, put, incidents, events, audit } = healStand();
    await put(newIncident({ incident_id: 'inc_open', target: 'http://web/', failure_mode: 'api_timeout' }));
    const looked = await monitor(watched(checkSaying('critical', 'critical', 'ok'))).lookUntilClear(0, stop.signal);
    expect(looked).toMatchObject({ handled: { kind: 'resolved', incident: { incident_id: 'inc_open' } } });
    expect(new Set(incidents().map(({ incident_id }) => incident_id))).toEqual(new Set(['inc_open']));
    expect(kinds(events)).not.toContain('opened');
    // From then on it counts for the brake; it began when they said who reported it.
    expect(audit('incident_opened')).toMatchObject([{ resource: 'inc_open', metadata: { onset: { boot_id: null } } }]);
  });

  test.each([
    ['drill', 'real'],
    ['real', 'drill'],
    ['drill', 'simulated'],
    ['real', 'simulated'],
  ] as const)('a %s never takes over what is %s', async (origin, other) => {
    const { monitor, watched, stop, put, engine, incidents } = healStand();
    const open = { incident_id: 'inc_other', target: 'http://web/', failure_mode: 'api_timeout', origin: other };
    await put(newIncident(open));
    const one = monitor(watched(checkSaying('critical', 'critical', 'ok')), engine({ origin }));
    expect(await one.lookUntilClear(0, stop.signal)).toMatchObject({ handled: { incident: { origin } } });
    const lines = incidents().filter(({ incident_id }) => incident_id === 'inc_other');
    expect(lines).toMatchObject([{ status: 'detected', origin: other }]);
  });

  test('another failure of the same target is another incident', async () => {
    const { monitor, watched, stop, put, incidents } = healStand();
    await put(newIncident({ incident_id: 'inc_other', target: 'http://web/', failure_mode: 'tls_expiring' }));
    await monitor(watched(checkSaying('critical', 'critical', 'ok'))).lookUntilClear(0, stop.signal);
    expect(incidents().filter(({ incident_id }) => incident_id === 'inc_other')).toHaveLength(1);
  });

  test('whoever wrote about it during the act does not undo what happened, and is not undone', async () => {
    const { monitor, watched, playbook, stop, dir, incident } = healStand();
    const other = openLedger(dir);
    const p = playbook('p', [
      async ({ facts }) => {
        const id = facts.incident_id ?? '';
        await other.transact((view) => {
          const last = view.incident(id);
          const record = { ...incident(), metadata: { note: 'seen' } };
          return { incidents: [{ record, after: last?.hash ?? null }], value: undefined };
        });
      },
    ]);
    await monitor(watched(checkSaying('critical', 'critical', 'ok'), [p])).lookUntilClear(0, stop.signal);
    expect(incident()).toMatchObject({
      status: 'resolved',
      metadata: { note: 'seen' },
      attempts: [{ verified: true }],
    });
  });
});

describe('a claim', () => {
  test.each([
    ['busy', 'of a living process'],
    ['abandoned', 'of one that is gone'],
  ] as const)('on the same target, %s: %s', async (reason, _owner) => {
    const { monitor, watched, stop, ledger, ran, audit, incidents } = healStand();
    const { actor, action, resource, decision, metadata } = claimEntry('x', {
      incident_id: 'inc_x',
      target: 'http://web/',
    });
    const owner = reason === 'busy' ? identityOf(process.ppid) : DEAD_OWNER;
    const claim = { ...metadata, owner: { ...owner } as typeof DEAD_OWNER };
    await ledger.transact(() => ({
      entries: [{ actor, action, resource, decision, metadata: claim }],
      value: undefined,
    }));
    const looked = await monitor(watched(checkSaying('critical'))).lookUntilClear(0, stop.signal);
    expect(looked).toMatchObject({ handled: { kind: 'left_alone', reason, acted: false } });
    expect([ran, incidents()]).toEqual([[], []]);
    expect(audit()).toHaveLength(1);
  });

  test('three passes at once over one check act once', async () => {
    const stand = healStand();
    const web = service();
    const p = stand.playbook('p', [() => web.becomes('ok')]);
    const results = await Promise.all(
      [1, 2, 3].map(() => stand.monitor(stand.watched(web.check, [p])).lookUntilClear(0, stand.stop.signal)),
    );
    expect(stand.acts()).toEqual(['p']);
    expect(results.filter((one) => one.kind === 'handled' && one.handled.kind === 'resolved')).toHaveLength(1);
    expect(stand.audit('remedy_claimed')).toHaveLength(1);
  });
});

describe('interrupted', () => {
  test('before it is confirmed: nothing is written', async () => {
    const { monitor, watched, stop, incidents } = healStand();
    stop.abort();
    const looked = await monitor(watched(checkSaying('critical'))).lookUntilClear(0, stop.signal);
    expect(looked.kind).toBe('not_confirmed');
    expect(incidents()).toEqual([]);
  });

  test('once it is confirmed, before acting: nothing is claimed', async () => {
    const { monitor, watched, stop, ran, audit } = healStand();
    const check = checkSaying('critical', () => {
      stop.abort();
      return 'critical';
    });
    expect(await monitor(watched(check)).lookUntilClear(0, stop.signal)).toMatchObject({
      handled: { kind: 'interrupted', acted: false, incident: undefined },
    });
    expect([ran, audit()]).toEqual([[], []]);
  });

  test('between two steps: the claim has its end, what was done is undone, and the incident goes on', async () => {
    const { monitor, watched, playbook, stop, audit, ran } = healStand();
    const p = playbook('p', [() => stop.abort(), 'worked'], { rollback: ['worked'] });
    const looked = await monitor(watched(checkSaying('critical'), [p])).lookUntilClear(0, stop.signal);
    expect(looked).toMatchObject({
      handled: {
        kind: 'interrupted',
        acted: true,
        incident: { status: 'detected', error: 'interrupted before step_1', attempts: [{ outcome: 'failed' }] },
      },
    });
    expect(ran.map(({ step }) => step)).toEqual(['step_0', 'undo_0']);
    expect(audit().at(-1)?.action).toBe('remedy_ended');
  });

  test('while verifying: the outcome is unknown', async () => {
    const { monitor, watched, playbook, stop, audit, incident } = healStand();
    const verify = { passes: 2, within_s: 60, every_s: 0.001 };
    const p = playbook('p', [() => stop.abort()], { verify });
    await monitor(watched(checkSaying('critical'), [p])).lookUntilClear(0, stop.signal);
    expect(incident()).toMatchObject({
      status: 'detected',
      error: 'interrupted before it could be verified',
      attempts: [{ outcome: 'unknown', verified: false }],
    });
    expect(audit().at(-1)).toMatchObject({ action: 'remedy_ended', decision: { outcome: 'unknown' } });
  });

  test('an unknown outcome: a remedy that may be repeated is, once; another is not', async () => {
    for (const repeatable of [true, false]) {
      const stand = healStand();
      const verify = { passes: 2, within_s: 60, every_s: 0.001 };
      const interrupts: AbortController[] = [];
      const p = stand.playbook('p', [() => interrupts.at(-1)?.abort()], { verify, repeatable });
      const pass = async () => {
        const stop = new AbortController();
        interrupts.push(stop);
        const monitor = stand.monitor(
          stand.watched(service().check, [p]),
          stand.engine({ tools: { stop: stop.signal } }),
        );
        return lookUntilHandled(stand, monitor);
      };
      expect(await pass()).toMatchObject({ kind: 'interrupted' });
      const second = await pass();
      expect(second.kind).toBe(repeatable ? 'interrupted' : 'escalated');
      expect(await pass()).toMatchObject({ kind: repeatable ? 'escalated' : 'withheld' });
      expect(stand.acts()).toEqual(repeatable ? ['p', 'p'] : ['p']);
    }
  });
});
