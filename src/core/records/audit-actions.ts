/** The actions that grace itself writes into the audit log, and reads back as control state. */
export const ACTION = {
  /** Binds one line of incidents.jsonl: metadata {incident_id, offset, length, sha256}. */
  incidentSnapshot: 'incident_snapshot',
  /** Written before any autonomous act: what will be tried, and why. */
  remedyIntended: 'remedy_intended',
  /** Grants one process the right to act: metadata as in {@link ./claim.ts}. */
  remedyClaimed: 'remedy_claimed',
  /** Ends a claim: metadata {claim, incident_id}, decision {outcome}. */
  remedyEnded: 'remedy_ended',
  drillStarted: 'drill_started',
  drillEnded: 'drill_ended',
  /** A line without LF was ended: metadata {log, offset, length, sha256}. */
  tailEnded: 'tail_ended',
  /** The log is sealed from here on: metadata {origin, vkey, lines, bytes, sha256, incidents {lines, bytes, sha256}}. */
  logAdopted: 'audit_log_adopted',
  /** Another key signs from here on: metadata {old, new} in note form; decision {old_key: present | gone}. */
  keyReplaced: 'audit_key_replaced',
  /** Lines that grace did not write, or did not acknowledge: metadata {first_line, lines, offset, bytes, sha256}. */
  foreignLinesSealed: 'foreign_lines_sealed',
  /** A rotation began a new file of the audit log: metadata {log, first_line}. */
  logRotated: 'log_rotated',
  /** Bytes that had been read are gone: metadata {log, kind, bytes_before, bytes_now}. */
  logLossNoted: 'log_loss_noted',
} as const;
