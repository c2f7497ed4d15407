import type { Checked } from './checked.js';
import {
  count,
  firstOf,
  inside,
  instant,
  oneOf,
  optional,
  secondsOrNull,
  shortText,
  shortTextOrNull,
  text,
  textList,
  textOrNull,
  wrong,
} from './fields.js';
import { isJsonObject, type JsonObject } from './json.js';
import { canonicalInstant } from './time.js';

export const INCIDENT_SCHEMA = 'grace.incident/1';

export const STATUSES = ['detected', 'remediating', 'resolved', 'failed'] as const;
export type IncidentStatus = (typeof STATUSES)[number];

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** `drill`: caused by grace's own triggers. `simulated`: said to be so by whoever wrote the line. */
export const ORIGINS = ['real', 'drill', 'simulated'] as const;
export type Origin = (typeof ORIGINS)[number];

export type AttemptOutcome = 'worked' | 'failed' | 'timed_out' | 'unknown';
export type Resolution = 'remediated' | 'self_recovered' | 'manual' | 'unattributed' | 'none';

/** The 13 keys of every line, old or new, with the old system's types. */
export interface IncidentCore {
  incident_id: string;
  /** Old lines carry no zone and mean UTC. */
  detected_at: string;
  resolved_at: string | null;
  status: IncidentStatus;
  playbook_id: string | null;
  playbook_name: string | null;
  failure_mode: string;
  severity: Severity;
  /** Seconds from onset (old lines: detection) to recovery; ≥ 0. */
  mttr_seconds: number | null;
  actions_taken: string[];
  success: boolean;
  error: string | null;
  metadata: JsonObject;
}

/** Seconds, elapsed on the monotonic clock. `confirm_s` runs from the first failing probe to confirmation. */
export interface Timings {
  confirm_s: number | null;
  decide_s: number | null;
  act_s: number | null;
  verify_s: number | null;
}

export interface Attempt {
  playbook_id: string;
  /** Entry id of the claim under which it ran. */
  claim: string;
  steps: { name: string; exit: string; duration_s: number }[];
  started_at: string;
  duration_s: number | null;
  outcome: AttemptOutcome;
  verified: boolean;
}

export interface Verification {
  status: (typeof VERIFICATION_STATUSES)[number];
  /** The check that passed, or who reported the recovery. */
  by: string | null;
  passes: number;
  at: string | null;
}

const TIMINGS = ['confirm_s', 'decide_s', 'act_s', 'verify_s'] as const satisfies readonly (keyof Timings)[];
const VERIFICATION_STATUSES = ['verified', 'unverified', 'failed'] as const;

/** What grace adds to a line; absent from old lines. */
export interface IncidentAdditions {
  schema: typeof INCIDENT_SCHEMA;
  host: string;
  boot_id: string;
  check: string | null;
  target: string | null;
  origin: Origin;
  /** First failing probe. */
  onset_at: string | null;
  timings: Timings;
  /** The last 20; `attempts_dropped` counts the rest. */
  attempts: Attempt[];
  attempts_dropped: number;
  verification: Verification;
  resolution: Resolution;
  relapses: number;
  config_version: string | null;
  arm: string | null;
  propensity: number | null;
  trigger: { source: string; ref: string | null };
}

/** One line of `incidents.jsonl`: a full snapshot. The last line with an id wins. */
export type Incident = IncidentCore & Partial<IncidentAdditions>;
/** A line as grace writes it. */
export type NewIncident = IncidentCore & IncidentAdditions;

/** Reads a parsed line as an incident. Fields it does not know are kept and ignored. The reason names the field. */
export function readIncident(value: JsonObject): Checked<Incident> {
  const problem = firstProblem(value);
  return problem === undefined ? { ok: true, record: value as unknown as Incident } : { ok: false, reason: problem };
}

function firstProblem(v: JsonObject): string | undefined {
  return (
    shortText(v, 'incident_id') ??
    instant(v, 'detected_at', false) ??
    instant(v, 'resolved_at', true) ??
    oneOf(v, 'status', STATUSES) ??
    textOrNull(v, 'playbook_id') ??
    textOrNull(v, 'playbook_name') ??
    text(v, 'failure_mode') ??
    oneOf(v, 'severity', SEVERITIES) ??
    secondsOrNull(v, 'mttr_seconds') ??
    textList(v, 'actions_taken') ??
    (typeof v.success === 'boolean' ? undefined : wrong(v, 'success', 'true or false')) ??
    textOrNull(v, 'error') ??
    (isJsonObject(v.metadata) ? undefined : wrong(v, 'metadata', 'an object')) ??
    additionsProblem(v)
  );
}

/**
 * What grace adds, and whether a line with its schema must have it. A line without the schema need have none of it, but
 * what it has must be of the right type: everybody who reads the record trusts that.
 */
const ADDITIONS: readonly {
  field: string;
  required: boolean;
  problem: (v: JsonObject, f: string) => string | undefined;
}[] = [
  { field: 'target', required: false, problem: shortTextOrNull },
  { field: 'origin', required: true, problem: (v, f) => oneOf(v, f, ORIGINS) },
  { field: 'onset_at', required: true, problem: (v, f) => instant(v, f, true) },
  {
    field: 'timings',
    required: true,
    problem: (v, f) => inside(v, f, (t) => firstOf(TIMINGS, (name) => optional(t, name, secondsOrNull))),
  },
  {
    field: 'attempts',
    required: true,
    problem: (v, f) => (Array.isArray(v[f]) && v[f].every(isJsonObject) ? undefined : wrong(v, f, 'a list of objects')),
  },
  {
    field: 'verification',
    required: true,
    problem: (v, f) =>
      inside(v, f, (it) => oneOf(it, 'status', VERIFICATION_STATUSES) ?? optional(it, 'by', textOrNull)),
  },
  {
    field: 'trigger',
    required: true,
    problem: (v, f) => inside(v, f, (it) => optional(it, 'source', shortText) ?? optional(it, 'ref', shortTextOrNull)),
  },
  { field: 'relapses', required: true, problem: count },
];

function additionsProblem(v: JsonObject): string | undefined {
  const isNew = v.schema !== undefined;
  if (isNew && v.schema !== INCIDENT_SCHEMA) return wrong(v, 'schema', INCIDENT_SCHEMA);
  return firstOf(ADDITIONS, ({ field, required, problem }) =>
    isNew && required ? problem(v, field) : optional(v, field, problem),
  );
}

/** `real` unless the line says otherwise; old lines say it with `metadata.simulated`. */
export function originOf(incident: Incident): Origin {
  if (incident.metadata.simulated === true && incident.origin !== 'drill') return 'simulated';
  return isNew(incident) ? (incident.origin ?? 'real') : 'real';
}

/** Resolved means verified: a line without a verification of its own, an old one too, is unverified. */
export function isVerified(incident: Incident): boolean {
  return isNew(incident) && incident.verification?.status === 'verified';
}

/** What a line without the schema says about its own verification was never said by grace. */
export function isNew(incident: Incident): boolean {
  return incident.schema === INCIDENT_SCHEMA;
}

export const PRIORITY_OF_SEVERITY: Readonly<Record<Severity, number>> = { critical: 10, high: 8, medium: 5, low: 2 };

export function incidentTitle(incident: Pick<Incident, 'severity' | 'failure_mode'>): string {
  return `${incident.severity.toUpperCase()}: ${incident.failure_mode}`;
}

/** Sortable spelling of an instant that {@link readIncident} has accepted. */
export function sortable(instantText: string): string {
  return canonicalInstant(instantText) ?? instantText;
}
