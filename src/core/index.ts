/** `grace/core`: the shared library. It reads and writes the two logs and projects them into the registry. */
export { EXIT, type ExitCode, OperatorError, type OperatorErrorOptions } from './errors.js';
export { type Clock, systemClock } from './host/clock.js';
export { type Draft, Ledger, type LedgerOptions, type Receipt } from './ledger.js';
export type { SnapshotDraft } from './ledger-lines.js';
export type { AuditDraft, AuditEntry } from './records/audit-entry.js';
export type {
  Claim,
  ClaimRefusal,
  ClaimRequest,
  ClaimSituation,
  ClaimVerdict,
  ProcessIdentity,
} from './records/claim.js';
export { claimMetadata, decideClaim } from './records/claim.js';
export type {
  Attempt,
  AttemptOutcome,
  Incident,
  IncidentAdditions,
  IncidentCore,
  IncidentStatus,
  NewIncident,
  Origin,
  Resolution,
  Severity,
  Timings,
  Verification,
} from './records/incident.js';
export type { Json, JsonObject } from './records/json.js';
export { TASK_SCHEMA, TASK_STATUSES, type Task, type TaskStatus } from './records/task.js';
export type { Loss } from './registry/plan.js';
export type { ControlView, KnownIncident } from './registry/queries/control.js';
export { Registry, type RegistryNotes, type RegistryOptions } from './registry/registry.js';
export type { LogSync, OnProgress, SyncResult } from './registry/sync.js';
export { type KeyPlace, keyPlaceOf } from './seal/key-file.js';
export type { SealEvent } from './seal/seal-event.js';
