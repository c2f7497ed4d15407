import type { Claim } from '../core/records/claim.js';
import type { Attempt, Incident, NewIncident, Timings, Verification } from '../core/records/incident.js';
import type { JsonObject } from '../core/records/json.js';
import { newIncident } from '../core/records/new-incident.js';
import type { Check } from './check.js';
import type { Playbook } from './playbook.js';

/** The snapshots of one incident, each made from the one before. Pure: times and ids are given. */

export interface Opening {
  readonly incident_id: string;
  readonly check: Pick<Check, 'name' | 'target' | 'failure_mode' | 'severity'>;
  readonly origin: NewIncident['origin'];
  readonly host: string;
  readonly boot_id: string;
  readonly onset_at: string;
  readonly detected_at: string;
  readonly confirm_s: number;
  readonly trigger: NewIncident['trigger'];
  readonly metadata: JsonObject;
}

const LAST_ATTEMPTS = 20;

export function opened(o: Opening): NewIncident {
  const { name, target, failure_mode, severity } = o.check;
  const blank = newIncident({ ...o, failure_mode, severity });
  return {
    ...blank,
    check: name,
    target,
    onset_at: o.onset_at,
    timings: { ...blank.timings, confirm_s: rounded(o.confirm_s) },
  };
}

/** An incident that is taken on as it stands: one of the old system, or of another program, has no attempts. */
export function takenOn(incident: Incident): NewIncident {
  return { attempts: [], attempts_dropped: 0, ...incident } as unknown as NewIncident;
}

export interface Beginning {
  readonly playbook: Pick<Playbook, 'id' | 'name'>;
  /** The arm of learning's experiment, and with which probability it was drawn. */
  readonly arm: string;
  readonly propensity: number;
  readonly config_version: string | null;
}

export function remediating(before: NewIncident, b: Beginning): NewIncident {
  const { playbook, arm, propensity, config_version } = b;
  return {
    ...before,
    status: 'remediating',
    playbook_id: playbook.id,
    playbook_name: playbook.name,
    ...{ arm, propensity, config_version },
  };
}

export interface Relapse {
  readonly onset_at: string;
  readonly confirm_s: number;
}

/** The same failure once more: a new episode of the same incident, with a time to recover of its own. */
export function reopened(before: NewIncident, { onset_at, confirm_s }: Relapse): NewIncident {
  return {
    ...before,
    status: 'detected',
    resolved_at: null,
    mttr_seconds: null,
    success: false,
    error: null,
    onset_at,
    timings: { confirm_s: rounded(confirm_s), decide_s: null, act_s: null, verify_s: null },
    verification: { status: 'unverified', by: null, passes: 0, at: null },
    resolution: 'none',
    relapses: before.relapses + 1,
  };
}

export interface PassedAgain {
  readonly at: string;
  readonly mttr_s: number;
  readonly resolution: 'self_recovered' | 'unattributed';
  readonly by: string;
  readonly passes: number;
}

/** The check passes again, and no remedy that was verified is why. */
export function recovered(before: NewIncident, { at, mttr_s, resolution, by, passes }: PassedAgain): NewIncident {
  return {
    ...before,
    status: 'resolved',
    resolved_at: at,
    mttr_seconds: rounded(mttr_s),
    success: true,
    error: null,
    verification: { status: 'verified', by, passes, at },
    resolution,
  };
}

/** A person says that it is over. Nobody has verified it; one that had failed has failed. */
export function closed(before: NewIncident, at: string): NewIncident {
  const hadFailed = before.status === 'failed';
  return {
    ...before,
    status: hadFailed ? 'failed' : 'resolved',
    resolved_at: hadFailed ? null : at,
    success: false,
    verification: { status: 'unverified', by: null, passes: 0, at: null },
    resolution: 'manual',
  };
}

/** A remedy did not help, and the incident goes on. */
export function stillFailing(before: NewIncident, d: Defeat): NewIncident {
  return { ...failed(before, d), status: 'detected' };
}

export interface Recovery {
  readonly at: string;
  readonly mttr_s: number;
  readonly timings: Partial<Timings>;
  readonly attempt: Attempt;
  readonly verification: Verification;
}

export function resolved(before: NewIncident, r: Recovery): NewIncident {
  return {
    ...withAttempt(before, r.attempt),
    status: 'resolved',
    resolved_at: r.at,
    mttr_seconds: rounded(r.mttr_s),
    success: true,
    error: null,
    timings: { ...before.timings, ...roundedAll(r.timings) },
    verification: r.verification,
    resolution: 'remediated',
  };
}

export interface Defeat {
  readonly error: string;
  readonly timings?: Partial<Timings>;
  readonly attempt?: Attempt;
  readonly verification?: Verification;
}

export function failed(before: NewIncident, d: Defeat): NewIncident {
  return {
    ...(d.attempt ? withAttempt(before, d.attempt) : before),
    status: 'failed',
    success: false,
    error: d.error,
    timings: { ...before.timings, ...roundedAll(d.timings ?? {}) },
    verification: d.verification ?? before.verification,
    resolution: 'none',
  };
}

/** A remedy of which nobody knows how it went. */
export function withUnknown(before: NewIncident, claim: Claim): NewIncident {
  return withAttempt(before, unknownAttempt(claim));
}

export function unknownAttempt({ playbook_id, claim_id, claimed_at }: Claim): Attempt {
  return {
    ...{ playbook_id, claim: claim_id, steps: [], started_at: claimed_at },
    ...{ duration_s: null, outcome: 'unknown', verified: false },
  };
}

/** One claim is one attempt: what is said of it later takes the place of what was said before. */
export function withAttempt(before: NewIncident, attempt: Attempt): NewIncident {
  const at = before.attempts.findIndex(({ claim }) => claim === attempt.claim);
  const attempts = at < 0 ? [...before.attempts, attempt] : before.attempts.with(at, attempt);
  const news = attempt.steps.slice(before.attempts[at]?.steps.length ?? 0);
  return {
    ...before,
    actions_taken: [...before.actions_taken, ...news.map((step) => step.name)],
    attempts: attempts.slice(-LAST_ATTEMPTS),
    attempts_dropped: before.attempts_dropped + Math.max(0, attempts.length - LAST_ATTEMPTS),
  };
}

/** Microseconds are what the clock can tell. */
export function rounded(seconds: number): number {
  return Math.max(0, Math.round(seconds * 1e6) / 1e6);
}

function roundedAll(timings: Partial<Timings>): Partial<Timings> {
  return Object.fromEntries(
    Object.entries(timings).map(([name, s]) => [name, typeof s === 'number' ? rounded(s) : s]),
  ) as Partial<Timings>;
}
