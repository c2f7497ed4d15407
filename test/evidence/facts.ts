import type {
  IncidentFacts,
  IncidentGroup,
  LineSums,
  Recovery,
} from '../../src/core/registry/queries/evidence-incidents.js';
import type { TaskFacts } from '../../src/core/registry/queries/evidence-tasks.js';
import type { RecordState } from '../../src/evidence/records.js';

/** The moment at which the reports of these tests are made. */
export const NOW = Date.parse('2026-11-23T12:00:00Z');

export function minutesAgo(minutes: number): string {
  return new Date(NOW - minutes * 60_000).toISOString().replace('Z', '000Z');
}

export function group(change: Partial<IncidentGroup> = {}): IncidentGroup {
  return {
    origin: 'real',
    status: 'resolved',
    verified: 1,
    acted: 1,
    resolution: 'remediated',
    failure_mode: 'port_in_use',
    playbook_id: 'free-port',
    n: 1,
    lines: 3,
    duplicates: 0,
    relapses: 0,
    ...change,
  };
}

export function recovery(change: Partial<Recovery> = {}): Recovery {
  return {
    origin: 'real',
    verified: 1,
    acted: 1,
    resolution: 'remediated',
    failure_mode: 'port_in_use',
    playbook_id: 'free-port',
    mttr_seconds: 1,
    confirm_s: null,
    decide_s: null,
    act_s: null,
    verify_s: null,
    ...change,
  };
}

export const NO_LINE_SUMS: LineSums = {
  lines: 0,
  old: 0,
  resolved: 0,
  successful: 0,
  mttr_mean_s: null,
  mttr_least_s: null,
  mttr_most_s: null,
};

export function incidentFacts(change: Partial<IncidentFacts> = {}): IncidentFacts {
  return {
    groups: [],
    recoveries: [],
    attempts: [],
    escalated: [],
    open: [],
    failed: [],
    last_drill: null,
    line_sums: NO_LINE_SUMS,
    ...change,
  };
}

export function taskFacts(change: Partial<TaskFacts> = {}): TaskFacts {
  return { groups: [], durations: [], active: [], active_n: 0, recent: [], legacy: [], ...change };
}

/** Logs that could be read to the last byte. */
export function wholeRecords(change: Partial<RecordState> = {}): RecordState {
  return {
    logs: [logState('incidents'), logState('audit')],
    losses: [],
    noted_losses: [],
    dangling: 0,
    unbound: 0,
    seal_gone: false,
    ...change,
  };
}

export function logState(
  log: 'incidents' | 'audit',
  change: Partial<RecordState['logs'][number]> = {},
): RecordState['logs'][number] {
  return { log, lines: 10, quarantined: 0, first_quarantined: [], unterminated_bytes: 0, ...change };
}
