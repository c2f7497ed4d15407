import type { NewIncident } from '../../src/core/records/incident.js';
import { newIncident } from '../support/records.js';

/** An incident that grace healed: as its last line stands. */
export function healed(change: Partial<NewIncident> = {}): NewIncident {
  return newIncident({
    status: 'resolved',
    resolved_at: '2026-11-23T00:18:48.123Z',
    success: true,
    mttr_seconds: 1.5,
    playbook_id: 'restart-web',
    actions_taken: ['restart'],
    timings: { confirm_s: 0.5, decide_s: 0.01, act_s: 0.6, verify_s: 0.39 },
    verification: { status: 'verified', by: 'web', passes: 2, at: '2026-11-23T00:18:48.123Z' },
    resolution: 'remediated',
    ...change,
  });
}

export function failedIncident(change: Partial<NewIncident> = {}): NewIncident {
  return newIncident({ incident_id: 'inc_failed', status: 'failed', failure_mode: 'disk_full', ...change });
}
