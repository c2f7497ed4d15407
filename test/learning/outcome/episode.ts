import { ACTION } from '../../../src/core/records/audit-actions.js';
import type { JsonObject } from '../../../src/core/records/json.js';
import type { Moment, Now } from '../../../src/core/records/moment.js';
import { formatInstant } from '../../../src/core/records/time.js';
import type { ControlEntry, PlacedClaim } from '../../../src/core/registry/queries/control.js';

/** Seconds of boot `b1`, and the date that belongs to them. */
export const EPOCH_MS = Date.parse('2026-03-01T00:00:00.000Z');
export const moment = (s: number, boot_id = 'b1'): Moment => ({
  ...{ boot_id, elapsed_s: s },
  at: formatInstant(EPOCH_MS + s * 1000),
});
export const now = (s: number, boot_id = 'b1'): Now => ({ boot_id, elapsed_s: s, ms: EPOCH_MS + s * 1000 });

export function control(action: string, line: number, s: number, more: Partial<ControlEntry> = {}): ControlEntry {
  return {
    ...moment(s),
    ...{ line, action, subject: 'inc_1', actor: 'healer', entry_id: `log_${line}`, origin: null },
    ...{ decision: {}, metadata: {} },
    ...more,
  };
}

/** The check failed 10 s before. */
export function opening(change: { decision?: JsonObject; metadata?: JsonObject } = {}): ControlEntry {
  const decision = {
    ...{ reason: 'refused', confirmed: '2 of 3', relapse: 0, arm: 'candidate', propensity: 0.4, order: ['b', 'a'] },
    ...{ holdout_share: 0.2, frozen: false, predicted: 0.8, version: null },
    ...change.decision,
  };
  const metadata = {
    ...{ incident_id: 'inc_1', check: 'web', target: 'web.service', failure_mode: 'api_timeout', origin: 'real' },
    ...{ onset: { ...moment(90) }, relapse_s: 600, config_version: 'v', ...change.metadata },
  };
  return control(ACTION.incidentOpened, 1, 100, { origin: 'real', decision, metadata });
}

export const reopened = (line: number, s: number, decision: JsonObject = { relapse: 1 }) =>
  control(ACTION.incidentOpened, line, s, { decision });

/** Granted at `from`, ended at `to`, on the clock of `b1`. */
export function claim(
  line: number,
  playbook_id: string,
  change: Partial<PlacedClaim> & { from?: number; to?: number } = {},
) {
  const { from = 100, to = 130, ...rest } = change;
  const outcome = rest.outcome === undefined ? 'worked' : rest.outcome;
  const whole: PlacedClaim = {
    ...{ claim_id: `log_${line}`, incident_id: 'inc_1', target: 'web.service', playbook_id, line },
    claimed_at: moment(from).at,
    owner: { boot_id: 'b1', pid: 1, start_time: 1 },
    ended_at: outcome === null ? null : moment(to).at,
    granted: moment(from),
    ended: outcome === null ? null : moment(to),
    ...{ act_s: 5, verify_s: to - from - 5, within_s: 30, relapse_s: 300, config_version: 'v' },
    ...rest,
    outcome,
  };
  return whole;
}
