import type { AuditEntry } from './audit-entry.js';
import { type Incident, incidentTitle, isVerified, originOf, PRIORITY_OF_SEVERITY, sortable } from './incident.js';
import type { JsonObject } from './json.js';
import { parseInstant } from './time.js';

export const TASK_SCHEMA = 'grace.task/1';
export const TASK_STATUSES = ['pending', 'active', 'completed', 'failed', 'cancelled'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** One row of the registry; the columns keep the old system's names. Times are UTC and sort as text. */
export interface Task {
  task_id: string;
  /** Which log it was projected from. */
  source: 'incidents' | 'audit';
  task_type: string;
  subsystem: string;
  title: string;
  description: string | null;
  created_by: string;
  assigned_to: string | null;
  status: TaskStatus;
  /** 1–10, 10 is most urgent. */
  priority: number;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
  duration_seconds: number | null;
  cpu_seconds: number | null;
  memory_peak_mb: number | null;
  memory_avg_mb: number | null;
  disk_read_mb: number | null;
  disk_write_mb: number | null;
  /** 0–100. */
  progress: number | null;
  verification_required: number;
  verification_status: string | null;
  sla_deadline: string | null;
  sla_met: number | null;
  error_message: string | null;
  /** JSON text. */
  task_metadata: string;
  /** JSON text, a list. */
  tags: string;
}

const NO_RESOURCES = {
  cpu_seconds: null,
  memory_peak_mb: null,
  memory_avg_mb: null,
  disk_read_mb: null,
  disk_write_mb: null,
} as const;

const TASK_STATUS_OF_INCIDENT = {
  detected: 'pending',
  remediating: 'active',
  resolved: 'completed',
  failed: 'failed',
} as const satisfies Record<Incident['status'], TaskStatus>;

/** Every incident is a task; this is its row. */
export function taskOfIncident(incident: Incident): Task {
  return {
    ...NO_RESOURCES,
    task_id: incident.incident_id,
    source: 'incidents',
    task_type: 'healing_incident',
    subsystem: 'self_healing',
    title: incidentTitle(incident),
    description: incident.target ?? null,
    created_by: incident.trigger?.source ?? 'unknown',
    assigned_to: incident.playbook_id,
    status: TASK_STATUS_OF_INCIDENT[incident.status],
    priority: PRIORITY_OF_SEVERITY[incident.severity],
    created_at: sortable(incident.detected_at),
    started_at: sortable(incident.detected_at),
    completed_at: incident.resolved_at === null ? null : sortable(incident.resolved_at),
    duration_seconds: incident.mttr_seconds,
    progress: null,
    verification_required: 1,
    verification_status: isVerified(incident) ? 'verified' : (incident.verification?.status ?? 'unverified'),
    sla_deadline: null,
    sla_met: null,
    error_message: incident.error,
    task_metadata: JSON.stringify(incident.metadata),
    tags: JSON.stringify([originOf(incident), incident.failure_mode]),
  };
}

const TASK_ACTIONS: readonly string[] = [
  'task_registered',
  'task_started',
  'task_progress',
  'task_completed',
  'task_failed',
  'task_cancelled',
];

/**
 * `registered`: an entry of grace's own task series. `legacy`: one of the old system's, which has a similar name, no
 * schema, and no registration; counted, never folded.
 */
export function kindOfTaskEntry(entry: AuditEntry): 'registered' | 'legacy' | undefined {
  if (!TASK_ACTIONS.includes(entry.action)) return undefined;
  return entry.metadata.schema === TASK_SCHEMA ? 'registered' : 'legacy';
}

export type TaskStep = { readonly ok: true; readonly task: Task } | { readonly ok: false; readonly reason: string };

/**
 * Folds one entry of a task's series into its row. The entry's `metadata` holds `task_id` and, at registration,
 * `task_type`, `subsystem`, `title` and any other column.
 */
export function foldTaskEntry(before: Task | undefined, entry: AuditEntry): TaskStep {
  const m = entry.metadata;
  const id = textOf(m, 'task_id');
  if (id === undefined) return refused('field metadata.task_id is missing');
  const at = sortable(entry.timestamp);
  if (entry.action === 'task_registered') {
    return before ? refused(`task ${id} is registered twice`) : register(id, entry, at);
  }
  if (!before) return refused(`task ${id} was never registered`);
  if (before.status !== 'pending' && before.status !== 'active') return refused(`task ${id} has already ended`);
  switch (entry.action) {
    case 'task_started':
      return { ok: true, task: { ...before, status: 'active', started_at: before.started_at ?? at, ...known(m) } };
    case 'task_progress':
      return { ok: true, task: { ...before, ...known(m) } };
    default:
      return { ok: true, task: end(before, entry, at) };
  }
}

function refused(reason: string): TaskStep {
  return { ok: false, reason };
}

function register(id: string, entry: AuditEntry, at: string): TaskStep {
  const m = entry.metadata;
  const task_type = textOf(m, 'task_type');
  const subsystem = textOf(m, 'subsystem');
  const title = textOf(m, 'title');
  if (task_type === undefined || subsystem === undefined || title === undefined) {
    return refused('a registration needs metadata.task_type, subsystem and title');
  }
  const priority = typeof m.priority === 'number' && m.priority >= 1 && m.priority <= 10 ? Math.round(m.priority) : 5;
  return {
    ok: true,
    task: {
      ...NO_RESOURCES,
      task_id: id,
      source: 'audit',
      task_type,
      subsystem,
      title,
      description: textOf(m, 'description') ?? null,
      created_by: textOf(m, 'created_by') ?? entry.actor,
      assigned_to: textOf(m, 'assigned_to') ?? null,
      status: 'pending',
      priority,
      created_at: at,
      started_at: null,
      completed_at: null,
      duration_seconds: null,
      progress: null,
      verification_required: m.verification_required === true ? 1 : 0,
      verification_status: null,
      sla_deadline: textOf(m, 'sla_deadline') ?? null,
      sla_met: null,
      error_message: null,
      task_metadata: JSON.stringify(m.task_metadata ?? {}),
      tags: JSON.stringify(Array.isArray(m.tags) ? m.tags.filter((tag) => typeof tag === 'string') : []),
    },
  };
}

const END_STATUS: Readonly<Record<string, TaskStatus>> = {
  task_completed: 'completed',
  task_failed: 'failed',
  task_cancelled: 'cancelled',
};

function end(before: Task, entry: AuditEntry, at: string): Task {
  const m = entry.metadata;
  const elapsed = typeof m.duration_seconds === 'number' && m.duration_seconds >= 0 ? m.duration_seconds : null;
  const deadline = before.sla_deadline === null ? undefined : parseInstant(before.sla_deadline);
  const ended = parseInstant(at);
  return {
    ...before,
    status: END_STATUS[entry.action] ?? before.status,
    completed_at: at,
    duration_seconds: elapsed,
    ...known(m),
    verification_status: textOf(m, 'verification_status') ?? before.verification_status,
    sla_met: deadline === undefined || ended === undefined ? null : ended <= deadline ? 1 : 0,
    error_message: textOf(m, 'error_message') ?? null,
  };
}

const FIGURES = [
  'cpu_seconds',
  'memory_peak_mb',
  'memory_avg_mb',
  'disk_read_mb',
  'disk_write_mb',
  'progress',
] as const;

/** The figures that an entry brings; a figure it does not name stays what it was. */
function known(m: JsonObject): Partial<Task> {
  const figures: Partial<Task> = {};
  for (const name of FIGURES) {
    const value = m[name];
    if (typeof value === 'number' && value >= 0) figures[name] = value;
  }
  return figures;
}

function textOf(m: JsonObject, field: string): string | undefined {
  const value = m[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
