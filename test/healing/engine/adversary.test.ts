import { describe, expect, test } from 'vitest';
import { ACTION } from '../../../src/core/records/audit-actions.js';
import { checkSaying, healStand, namedCheck, POLICY } from '../../support/heal-stand.js';
import { newIncident } from '../../support/records.js';

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
