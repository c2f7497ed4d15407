import { describe, expect, it } from 'vitest';
import { type Claim, type ClaimRequest, claimMetadata, decideClaim } from '../../../src/core/records/claim.js';
import { type Incident, STATUSES } from '../../../src/core/records/incident.js';
import { DEAD_OWNER, newIncident } from '../../support/records.js';

const request: ClaimRequest = { incident_id: 'inc_new', target: 'web', playbook_id: 'restart', predecessor: 'h1' };
const claimOf = (change: Partial<Claim> = {}): Claim => ({
  claim_id: 'log_9',
  incident_id: 'inc_new',
  target: 'web',
  playbook_id: 'restart',
  claimed_at: '2026-11-23T00:18:47.123000Z',
  owner: DEAD_OWNER,
  ended_at: null,
  outcome: null,
  ...change,
});
const at = (status: Incident['status'], hash = 'h1') => ({ record: newIncident({ status }), hash });
const nobody = () => false;
const everybody = () => true;

describe('decideClaim', () => {
  // incident · its hash · an open claim · its owner alive → verdict. Every combination.
  const claim = claimOf();
  const table = [undefined, ...STATUSES].flatMap((status) =>
    ['h1', 'h2'].flatMap((hash) =>
      ['none', 'alive', 'dead'].map((other) => {
        const open = status === 'detected' || status === 'remediating';
        const want =
          status === undefined
            ? { granted: false, reason: 'no_such_incident' }
            : other === 'alive'
              ? { granted: false, reason: 'claimed_by_another', by: claim }
              : other === 'dead'
                ? { granted: false, reason: 'outcome_unknown', by: claim }
                : !open
                  ? { granted: false, reason: 'not_open' }
                  : hash === 'h2'
                    ? { granted: false, reason: 'changed' }
                    : { granted: true };
        return { status, hash, other, want };
      }),
    ),
  );

  it.each(table)('incident $status, last line $hash, claimed by $other', ({ status, hash, other, want }) => {
    const situation = { incident: status && at(status, hash), open: other === 'none' ? [] : [claim] };
    expect(decideClaim(request, situation, other === 'alive' ? everybody : nobody)).toEqual(want);
  });

  it('asks about the owner of the claim that stands in the way', () => {
    const asked: unknown[] = [];
    decideClaim(request, { incident: at('detected'), open: [claim] }, (owner) => asked.push(owner) > 0);
    expect(asked).toEqual([DEAD_OWNER]);
  });

  it('lets a claim on the same target of another incident stand in the way', () => {
    const other = claimOf({ incident_id: 'inc_other' });
    expect(decideClaim(request, { incident: at('detected'), open: [other] }, everybody)).toEqual({
      granted: false,
      reason: 'claimed_by_another',
      by: other,
    });
  });
});

it('writes who claims what, on which snapshot', () => {
  expect(claimMetadata(request, DEAD_OWNER)).toEqual({
    incident_id: 'inc_new',
    target: 'web',
    playbook_id: 'restart',
    predecessor: 'h1',
    owner: { boot_id: 'another-boot', pid: 4711, start_time: 1 },
  });
});
