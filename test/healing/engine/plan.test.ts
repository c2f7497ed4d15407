import { describe, expect, test } from 'vitest';
import { planCheck } from '../../../src/healing/engine/plan.js';
import { authorsOrder } from '../../../src/healing/engine/situation.js';
import { NOTHING_SEEN } from '../../../src/healing/engine/soft-state.js';
import { checkSaying, healStand, lookUntilHandled, POLICY, type Stand } from '../../support/heal-stand.js';

function planned(stand: Stand, answers: Parameters<typeof checkSaying>, risk: 'low' | 'medium' = 'low') {
  const { ledger, stop } = stand;
  const watched = stand.watched(checkSaying(...answers), [stand.playbook('p', ['worked'], { risk })]);
  return planCheck(watched, NOTHING_SEEN, {
    setting: {
      ...{ origin: 'real', config_version: 'c1', policy: POLICY, passOver: [], metadata: {} },
      account: { name: 'healer', allowed: true, rule: 'rule' },
      order: ({ playbooks }) => authorsOrder(playbooks),
      trigger: { source: 'check', ref: null },
      dependencies: async () => [],
      maintenance: () => undefined,
    },
    now: () => stand.now(),
    ask: (question) => ledger.registry.control(question),
    stop: stop.signal,
    pace_s: 0,
  });
}

describe('a plan', () => {
  test('probes and decides as a pass would, and does nothing', async () => {
    const stand = healStand();
    await stand.put((await import('../../support/records.js')).newIncident({ incident_id: 'inc_other', target: 'x' }));
    const before = [stand.audit(), stand.incidents()];
    const { decided, state } = await planned(stand, ['critical']);
    expect(decided?.decision).toMatchObject({ kind: 'act', opening: 'new', playbook: { id: 'p' } });
    expect(state.seen).toHaveLength(2);
    expect((await planned(stand, ['critical'], 'medium')).decided?.decision).toMatchObject({
      kind: 'withhold',
      refusals: [{ rail: 'approval' }],
    });
    expect([stand.audit(), stand.incidents()]).toEqual(before);
    expect([stand.acts(), stand.events]).toEqual([[], []]);
  });

  test('is what is then done', async () => {
    const stand = healStand();
    await stand.silence('s', ['web'], 3600);
    const { decided } = await planned(stand, ['critical']);
    const handled = await lookUntilHandled(stand, stand.monitor(stand.watched(checkSaying('critical'))));
    expect([decided?.decision.kind, handled.kind]).toEqual(['withhold', 'withheld']);
  });

  test('decides nothing about what is not confirmed', async () => {
    const stand = healStand();
    for (const answers of [['ok'], ['critical', 'ok'], ['unknown']] as const) {
      expect((await planned(stand, [...answers])).decided).toBeUndefined();
    }
    stand.stop.abort();
    const { decided, state } = await planned(stand, ['critical']);
    expect([decided, state.seen.length]).toEqual([undefined, 1]);
  });
});
