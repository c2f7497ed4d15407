import { INCIDENT_SCHEMA, type NewIncident } from './incident.js';

/** What is known of an incident when its first line is written. */
type Known = Pick<
  NewIncident,
  'incident_id' | 'detected_at' | 'failure_mode' | 'severity' | 'metadata' | 'host' | 'boot_id' | 'origin' | 'trigger'
>;

/** A record that says what is known and leaves everything else open: detected, nothing tried, nothing verified. */
export function newIncident(known: Known): NewIncident {
  return {
    incident_id: known.incident_id,
    detected_at: known.detected_at,
    resolved_at: null,
    status: 'detected',
    playbook_id: null,
    playbook_name: null,
    failure_mode: known.failure_mode,
    severity: known.severity,
    mttr_seconds: null,
    actions_taken: [],
    success: false,
    error: null,
    metadata: known.metadata,
    schema: INCIDENT_SCHEMA,
    host: known.host,
    boot_id: known.boot_id,
    check: null,
    target: null,
    origin: known.origin,
    onset_at: null,
    timings: { confirm_s: null, decide_s: null, act_s: null, verify_s: null },
    attempts: [],
    attempts_dropped: 0,
    verification: { status: 'unverified', by: null, passes: 0, at: null },
    resolution: 'none',
    relapses: 0,
    config_version: null,
    arm: null,
    propensity: null,
    trigger: known.trigger,
  };
}
