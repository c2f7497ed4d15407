import type { JsonObject } from '../../../src/core/records/json.js';
import type { Moment, Now } from '../../../src/core/records/moment.js';
import type { ControlEntry, PlacedClaim } from '../../../src/core/registry/queries/control.js';
import { authorsOrder, type Situation } from '../../../src/healing/engine/situation.js';
import type { Playbook, Risk, Step } from '../../../src/healing/playbook.js';
import type { Watched } from '../../../src/healing/watched.js';
import { POLICY, service } from '../../support/heal-stand.js';
import { newIncident } from '../../support/records.js';

/** Situations as data, about a failure of `web` whose last probe was a second ago. */

export const NOW: Now = { boot_id: 'boot', elapsed_s: 100_000, ms: Date.parse('2026-11-23T12:00:00.000Z') };

export function ago(seconds: number): Moment {
  return {
    boot_id: NOW.boot_id,
    elapsed_s: NOW.elapsed_s - seconds,
    at: new Date(NOW.ms - seconds * 1000).toISOString(),
  };
}

export function control(
  action: string,
  seconds: number,
  line: number,
  change: { decision?: JsonObject; metadata?: JsonObject; subject?: string; actor?: string } = {},
): ControlEntry {
  return {
    ...ago(seconds),
    ...{ line, action, subject: 'inc_new', actor: 'operator:anna', entry_id: `log_${line}`, origin: 'real' },
    ...{ decision: {}, metadata: {} },
    ...change,
  };
}

/** One that was granted and has ended so many seconds ago. */
export function endedClaim(granted_s: number, ended_s: number, change: Partial<PlacedClaim> = {}): PlacedClaim {
  return {
    ...{ claim_id: `claim_${granted_s}`, incident_id: 'inc_new', target: 'http://web/', playbook_id: 'p' },
    ...{ claimed_at: ago(granted_s).at, ended_at: ago(ended_s).at, outcome: 'failed', line: 100_000 - granted_s },
    ...{ owner: { boot_id: 'boot', pid: 1, start_time: 1 }, granted: ago(granted_s), ended: ago(ended_s) },
    ...{ config_version: 'c1', act_s: 1, verify_s: 1, within_s: 30, relapse_s: 600 },
    ...change,
  };
}

export function plainPlaybook(id: string, change: { risk?: Risk; repeatable?: boolean; freesSpace?: boolean } = {}) {
  const { risk = 'low', repeatable = false, freesSpace = false } = change;
  const step: Step = {
    ...{ name: 'step', destroys: 'nothing', repeatable, timeout_s: 1, freesSpace },
    run: async () => ({ outcome: 'worked', exit: 'exit 0' }),
  };
  const playbook: Playbook = {
    ...{ id, name: id, risk, steps: [step], rollback: [], relapse_s: 600, escalate: false },
    verify: { passes: 2, within_s: 1, every_s: 0.1 },
  };
  return playbook;
}

export function plainWatched(change: Partial<Watched> = {}): Watched {
  return {
    ...{ check: service().check, every_s: 5, confirm: { need: 2, of: 3 }, recover: 2, start_period_s: 0, pidfiles: [] },
    ...{ flapping: { low: 0.25, high: 0.5 }, act: true, depends_on: [], playbooks: [plainPlaybook('p')] },
    limits: { cooldown_s: 10, caps: [{ most: 3, within_s: 1000 }] },
    ...change,
  };
}

/** A confirmed failure of an open incident in which nothing has been done and nothing holds anything back. */
export function situation(change: Partial<Situation> = {}): Situation {
  return {
    ...{ now: NOW, origin: 'real', config_version: 'c1', policy: POLICY, dependencies: [], flapping: false },
    maintenance: undefined,
    account: { name: 'healer', allowed: true, rule: 'rule' },
    passOver: [],
    order: ({ playbooks }) => authorsOrder(playbooks),
    isAlive: () => true,
    watched: plainWatched(),
    failure: {
      onset: ago(6),
      newest: ago(1),
      bad: 2,
      of: 3,
      summary: 'it is critical',
      confirm_s: 6,
      confirmed_s: 1000,
    },
    last: { record: newIncident({ target: 'http://web/', failure_mode: 'api_timeout' }), hash: 'h' },
    ended: undefined,
    opening: control('incident_opened', 5000, 10),
    escalation: undefined,
    claims: [],
    targetClaims: [],
    openClaims: [],
    brake: undefined,
    openings: [],
    silences: [],
    missing: [],
    approval: undefined,
    withheld: undefined,
    requested: undefined,
    standing: undefined,
    ...change,
  };
}

export const NEVER_SEEN = { last: undefined, ended: undefined, opening: undefined } as const;
