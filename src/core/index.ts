/** `grace/core`: the shared library. It reads and writes the two logs and projects them into the registry. */
export { EXIT, type ExitCode, OperatorError } from './errors.js';
export { type Clock, systemClock } from './host/clock.js';
export { type Draft, Ledger, type LedgerOptions, type Receipt, type SnapshotDraft } from './ledger.js';
export type { AuditDraft, AuditEntry } from './records/audit-entry.js';
export type { Incident, NewIncident } from './records/incident.js';
export { TASK_SCHEMA, type Task } from './records/task.js';
export type { ControlView } from './registry/queries/control.js';
export { Registry, type RegistryOptions } from './registry/registry.js';
