import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { checkSaying, healStand, namedCheck, POLICY, service } from '../../support/heal-stand.js';
import { newIncident } from '../../support/records.js';

describe('what is said of an incident', () => {
  test('a cap that is reached asks for a person, once', async () => {
    const stand = healStand();
    const limits = { cooldown_s: 0, caps: [{ most: 1, within_s: 3600 }] };
    const check = checkSaying('critical', 'critical', 'ok', 'ok', 'critical');
    const monitor = stand.monitor(stand.watched(check, undefined, { limits }));
    expect(await monitor.lookUntilClear(0, stand.stop.signal)).toMatchObject({ handled: { kind: 'resolved' } });
    for (let n = 0; n < 3; n++) await monitor.lookUntilClear(0, stand.stop.signal);
    expect(stand.audit('incident_escalated')).toMatchObject([
      { decision: { gave_up: false, reason: expect.stringContaining('1 acts within 1h') } },
    ]);
    expect(stand.notices.filter(({ event }) => event === 'escalated')).toHaveLength(1);
    expect(stand.acts()).toHaveLength(1);
  });

  test('a remedy for another check may be why it passes again: it has not recovered by itself', async () => {
    const stand = healStand();
    const withheld = service('held');
    const held = stand.monitor(stand.watched(withheld.check, undefined, { act: false }));
    await held.lookUntilClear(0, stand.stop.signal);
    const other = { ...namedCheck('other', 'critical', 'critical', 'ok'), target: 'http://other/' };
    const healed = await stand.monitor(stand.watched(other)).lookUntilClear(0, stand.stop.signal);
    expect(healed).toMatchObject({ handled: { kind: 'resolved' } });
    withheld.becomes('ok');
    expect(await held.lookUntilClear(0, stand.stop.signal)).toMatchObject({
      kind: 'recovered',
      incident: { resolution: 'unattributed' },
    });
  });
});

describe('one remedy for two checks', () => {
  /** Both checks fail at once; what the remedy is at work on must not be interfered with. */
  async function both(alone: boolean) {
    const stand = healStand();
    let [now, most] = [0, 0];
    const remedy = stand.playbook(
      'restart',
      [
        async () => {
          most = Math.max(most, ++now);
          await new Promise((resolve) => setTimeout(resolve, 60));
          now--;
          return 'worked';
        },
      ],
      { alone },
    );
    const looks = ['web', 'process'].map((name) => {
      const check = { ...namedCheck(name, 'critical', 'critical', 'ok'), target: `of ${name}` };
      return stand.monitor(stand.watched(check, [remedy])).lookUntilClear(0, stand.stop.signal);
    });
    return { looks: await Promise.all(looks), most };
  }

  test('that has no parameters runs once at a time: the second check is left alone meanwhile', async () => {
    const { looks, most } = await both(true);
    expect(most).toBe(1);
    expect(looks).toContainEqual(
      expect.objectContaining({ handled: expect.objectContaining({ kind: 'left_alone', reason: 'busy' }) }),
    );
  });

  test('that has some may act on two things at once', async () => {
    expect((await both(false)).most).toBe(2);
  });
});

describe('rails that somebody tried to get past', () => {
  test('a long silence holds, however many short ones came and went after it', async () => {
    const stand = healStand();
    const silence = (name: string, lasts_s: number, checks: string[]) =>
      stand.person(ACTION.silenceStarted, name, { decision: {}, metadata: { checks, lasts_s, account: 'operator:a' } });
    await silence('silence_long', 86_400, ['web']);
    for (let n = 0; n < 1005; n++) await silence(`silence_${n}`, 0, ['other']);
    const looked = await stand
      .monitor(stand.watched(checkSaying('critical', 'critical')))
      .lookUntilClear(0, stand.stop.signal);
    expect(looked).toMatchObject({ handled: { kind: 'withheld' } });
    expect(stand.audit('remedy_withheld')).toMatchObject([{ decision: { rails: ['silence'] } }]);
  });

  test('failures that were reported before they were found count for the brake', async () => {
    const stand = healStand();
    const engine = stand.engine({ policy: { ...POLICY, brake: { incidents: 3, within_s: 300 } } });
    const kinds: unknown[] = [];
    for (let n = 0; n < 4; n++) {
      const target = `http://t${n}/`;
      await stand.put(newIncident({ incident_id: `inc_${n}`, target, failure_mode: 'api_timeout' }));
      const check = { ...namedCheck(`c${n}`, 'critical', 'critical', 'ok'), target };
      const looked = await stand.monitor(stand.watched(check), engine).lookUntilClear(0, stand.stop.signal);
      kinds.push(looked.kind === 'handled' && looked.handled.kind);
    }
    expect(kinds).toEqual(['resolved', 'resolved', 'withheld', 'withheld']);
    expect(stand.audit('brake_set')).toHaveLength(1);
  });
});
