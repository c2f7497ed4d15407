import { expect, test } from 'vitest';
import { livenessOf, ownIdentity } from '../../src/core/host/process-identity.js';
import type { Claim, ProcessIdentity } from '../../src/core/records/claim.js';
import { releaseClaims } from '../../src/healing/release-claims.js';

const releasing = {
  ...{ incident_id: 'inc_1', livenessOf, actor: 'operator:anna', rule: 'accounts', reason: 'its container is gone' },
  facts: { account: 'operator:anna' },
};
const elsewhere: ProcessIdentity = { ...ownIdentity(), pid_ns: 'pid:[1]' };
const claim = (owner: ProcessIdentity, incident_id = 'inc_1'): Claim => ({
  ...{ claim_id: 'log_1', incident_id, target: 't', playbook_id: 'p', claimed_at: '2026-11-23T00:00:00Z' },
  ...{ owner, ended_at: null, outcome: null },
});

test('of a process that cannot be judged it ends with an unknown outcome, by whom and why', () => {
  expect(releaseClaims([claim(elsewhere)], releasing)).toMatchObject({
    kind: 'released',
    entries: [
      {
        ...{ actor: 'operator:anna', action: 'remedy_ended', resource: 'inc_1' },
        decision: { outcome: 'unknown', verified: false, rule: 'accounts' },
        metadata: { claim: 'log_1', incident_id: 'inc_1', reason: 'its container is gone', account: 'operator:anna' },
      },
    ],
  });
});

test('of one that lives, or that is gone and will be settled, it is left alone', () => {
  const lives = claim(ownIdentity());
  expect(releaseClaims([claim(elsewhere), lives], releasing)).toEqual({ kind: 'held', claim: lives, owner: 'alive' });
  const gone = claim({ ...ownIdentity(), start_time: 1 });
  expect(releaseClaims([gone], releasing)).toEqual({ kind: 'held', claim: gone, owner: 'gone' });
  const otherBoot = claim({ ...elsewhere, boot_id: 'x' });
  expect(releaseClaims([otherBoot], releasing)).toMatchObject({ kind: 'held', owner: 'gone' });
});

test('one for another incident is released with that', () => {
  const other = claim(elsewhere, 'inc_2');
  expect(releaseClaims([other], releasing)).toEqual({ kind: 'of another', claim: other });
  expect(releaseClaims([], releasing)).toEqual({ kind: 'released', claims: [], entries: [] });
});
