import { expect, test } from 'vitest';
import { livenessOf } from '../../../src/core/host/process-identity.js';
import { authorsOrder, type OrderFacts } from '../../../src/healing/engine/situation.js';
import { healStatus } from '../../../src/healing/status.js';
import { healStand, lookUntilHandled, service } from '../../support/heal-stand.js';
import { newIncident } from '../../support/records.js';

/** A check with two remedies in vain, and what its engine asks about their order. */
function stage() {
  const stand = healStand();
  const web = service();
  const asked: OrderFacts[] = [];
  const playbooks = [stand.playbook('p', ['failed']), stand.playbook('q', ['failed'])];
  const watched = stand.watched(web.check, playbooks);
  const look = (config_version: string, ids: readonly string[] = ['q', 'p']) => {
    const engine = stand.engine({
      config_version,
      order: (_watched, facts) => {
        asked.push(facts);
        const order = ids.map((id) => playbooks.find((one) => one.id === id) ?? stand.playbook(id));
        return {
          ...authorsOrder(order),
          arm: 'candidate',
          propensity: 0.4,
          holdout_share: 0.2,
          frozen: false,
          predicted: 0.7,
        };
      },
    });
    return lookUntilHandled(stand, stand.monitor(watched, engine));
  };
  return { stand, web, asked, look };
}

test('what was drawn stands in the opening, before anything is done, and in the claim', async () => {
  const { stand, look } = stage();
  await look('c1');
  const [opening] = stand.audit('incident_opened');
  expect(opening?.decision).toMatchObject({
    ...{ arm: 'candidate', propensity: 0.4, order: ['q', 'p'], holdout_share: 0.2, frozen: false, predicted: 0.7 },
    version: null,
  });
  expect(opening?.metadata).toMatchObject({ config_version: 'c1', relapse_s: 600, failure_mode: 'api_timeout' });
  expect(stand.ran[0]?.actions).toContain('incident_opened');
  expect(stand.audit('remedy_claimed').map(({ decision }) => [decision.playbook_id, decision.arm])).toEqual([
    ['q', 'candidate'],
    ['p', 'candidate'],
  ]);
  stand.ledger.registry.sync();
  const { wrong } = stand.ledger.registry.control((view) => healStatus(view, stand.now(), livenessOf, 'h'));
  expect(wrong[0]?.arm).toEqual({ name: 'candidate', propensity: 0.4, version: null, order: ['q', 'p'] });
});

test('the end of a remedy says what it took, and how long it would have been waited', async () => {
  const stand = healStand();
  const web = service();
  const mends = () => web.becomes('ok');
  const playbooks = [stand.playbook('p', ['failed']), stand.playbook('q', [mends], { relapse_s: 77 })];
  await lookUntilHandled(stand, stand.monitor(stand.watched(web.check, playbooks)));
  expect(stand.audit('remedy_ended').map(({ metadata }) => metadata)).toMatchObject([
    { act_s: expect.any(Number), verify_s: null, within_s: 0.02, relapse_s: 600 },
    { act_s: expect.any(Number), verify_s: expect.any(Number), within_s: 0.02, relapse_s: 77 },
  ]);
});

test('an episode goes on as it began; another configuration begins nothing; a relapse begins anew', async () => {
  const { stand, web, asked, look } = stage();
  await look('c1');
  const kinds = () => asked.map(({ episode }) => episode.kind);
  expect(kinds()[0]).toBe('begins');
  expect(new Set(kinds().slice(1))).toEqual(new Set(['goes_on']));
  const [, second] = asked;
  expect(second?.episode.kind === 'goes_on' && second.episode.opening.decision.order).toEqual(['q', 'p']);
  asked.length = 0;
  await look('c2');
  expect(new Set(kinds())).toEqual(new Set(['changed']));

  web.becomes('ok');
  const well = stand.monitor(stand.watched(web.check), stand.engine());
  for (let i = 0; i < 5; i++) await well.look();
  expect(stand.incident().status).toBe('resolved');
  web.becomes('critical');
  asked.length = 0;
  stand.clock.pass(5);
  await look('c1');
  expect(kinds()[0]).toBe('begins');
  expect(stand.incident().relapses).toBe(1);
});

test('what somebody else has recorded is drawn by the onset that the opening says, so that anybody can draw again', async () => {
  const { stand, asked, look } = stage();
  await stand.put(
    newIncident({ incident_id: 'theirs', check: null, target: 'http://web/', failure_mode: 'api_timeout' }),
  );
  await look('c1');
  const [opening] = stand.audit('incident_opened');
  expect(opening?.resource).toBe('theirs');
  expect(asked[0]?.episode).toEqual({ kind: 'begins', onset: opening?.metadata.onset });
});
