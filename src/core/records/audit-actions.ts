/** The actions that grace itself writes into the audit log, and reads back as control state. */
export const ACTION = {
  /** Binds one line of incidents.jsonl: metadata {incident_id, offset, length, sha256}. */
  incidentSnapshot: 'incident_snapshot',
  /** A failure is confirmed: an incident begins, or begins again. Metadata {incident_id, check, target, onset, clock}. */
  incidentOpened: 'incident_opened',
  /** Written before any autonomous act. Grants one process the right to it: metadata as in {@link ./claim.ts}. */
  remedyClaimed: 'remedy_claimed',
  /** Ends a claim: metadata {claim, incident_id, clock}, decision {outcome}. */
  remedyEnded: 'remedy_ended',
  /** How a remedy went whose claim somebody else had ended: metadata and decision as above. It ends nothing. */
  remedyEndedLate: 'remedy_ended_late',
  /** What would have been done and was not: decision {playbook_id, rails}, metadata {incident_id, check, reasons}. */
  remedyWithheld: 'remedy_withheld',
  /** The check passes again, and no remedy is why: decision {resolution}, metadata {incident_id, clock}. */
  incidentRecovered: 'incident_recovered',
  /** It needs a person: decision {reason, bearable?}, metadata {incident_id, clock}. */
  incidentEscalated: 'incident_escalated',
  /** Written before somebody is told: decision {event, by}, metadata {incident_id, about, owner, clock}. */
  notificationBegun: 'notification_begun',
  /** Somebody was told, and took it: decision {event, by}, metadata {incident_id, about, clock}. */
  incidentNotified: 'incident_notified',
  /** Nobody could be told in that way: decision {event, by, reason}. */
  notificationFailed: 'notification_failed',
  /** A person has seen it. Metadata {incident_id, account, note}. */
  incidentAcknowledged: 'incident_acknowledged',
  /** A person closes it, with a reason; it is not verified. */
  incidentClosed: 'incident_closed',
  approvalRequested: 'approval_requested',
  /** A person allows one run: decision {playbook_id, config_version}, metadata {incident_id, account, clock, expires_s}. */
  approvalGiven: 'approval_given',
  /** Nothing acts on the matching checks: metadata {checks, reason, account, clock, lasts_s}. Its subject names it. */
  silenceStarted: 'silence_started',
  silenceEnded: 'silence_ended',
  /** Nothing acts at all until a person releases it. */
  brakeSet: 'brake_set',
  brakeReleased: 'brake_released',
  /** An account asked for what it may not do: decision {allowed: false, rule}. */
  requestDenied: 'request_denied',
  /** `heal watch` began, took another configuration, refused one, or ended. */
  watchStarted: 'watch_started',
  configLoaded: 'config_loaded',
  configRefused: 'config_refused',
  watchEnded: 'watch_ended',
  /** What one episode has taught: decision {counts, left_out}, metadata as in learning/outcome/outcome.ts. */
  outcomeLearned: 'outcome_learned',
  /** From here on a check is healed in these orders: decision as in learning/serving/choose-order.ts; its subject is the check. */
  learningArms: 'learning_arms',
  /** A version, `v7`: decision {version, kind, check, from, to, rule, account}, metadata {numbers, clock}. */
  configUpdate: 'config_update',
  /** A change that needs a person, `p3`: decision {proposal, kind, check, from, to, needs, why}. */
  changeProposed: 'change_proposed',
  changeApproved: 'change_approved',
  changeRejected: 'change_rejected',
  /** What was proposed is no longer wanted. */
  changeWithdrawn: 'change_withdrawn',
  /** Ends a tick that wrote anything: metadata {prefix, state, mode, holdout, config_version, clock}. */
  learningTick: 'learning_tick',
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
  /** Follows it, for each earlier entry that still holds or counts: metadata {entry}, which says it once more. */
  stillStands: 'still_stands',
  /** Bytes that had been read are gone: metadata {log, kind, bytes_before, bytes_now}. */
  logLossNoted: 'log_loss_noted',
} as const;

/** Those of which learning is a fold, in their order. */
export const LEARNER_ACTIONS: readonly string[] = [
  ACTION.outcomeLearned,
  ACTION.learningArms,
  ACTION.configUpdate,
  ACTION.changeProposed,
  ACTION.changeApproved,
  ACTION.changeRejected,
  ACTION.changeWithdrawn,
  ACTION.learningTick,
];

/** Those that later decisions ask for. */
export const CONTROL_ACTIONS: ReadonlySet<string> = new Set([
  ...LEARNER_ACTIONS,
  ACTION.incidentOpened,
  ACTION.remedyWithheld,
  ACTION.incidentRecovered,
  ACTION.incidentEscalated,
  ACTION.notificationBegun,
  ACTION.incidentNotified,
  ACTION.notificationFailed,
  ACTION.incidentAcknowledged,
  ACTION.incidentClosed,
  ACTION.approvalRequested,
  ACTION.approvalGiven,
  ACTION.silenceStarted,
  ACTION.silenceEnded,
  ACTION.brakeSet,
  ACTION.brakeReleased,
  ACTION.watchStarted,
  ACTION.configLoaded,
  ACTION.configRefused,
  ACTION.watchEnded,
  ACTION.logRotated,
]);

/** Those that {@link ACTION.stillStands} may say once more. */
export const LASTING_ACTIONS: ReadonlySet<string> = new Set([
  ACTION.brakeSet,
  ACTION.silenceStarted,
  ACTION.remedyClaimed,
  ACTION.remedyEnded,
  ACTION.learningArms,
  ACTION.configUpdate,
  ACTION.changeProposed,
  ACTION.changeApproved,
  ACTION.changeRejected,
  ACTION.changeWithdrawn,
]);
