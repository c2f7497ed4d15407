import type { Liveness } from '../core/host/process-identity.js';
import { ACTION } from '../core/records/audit-actions.js';
import type { Claim, ProcessIdentity } from '../core/records/claim.js';
import type { Incident } from '../core/records/incident.js';
import { ageOf, type Moment, type Now } from '../core/records/moment.js';
import type { ControlEntry, ControlView, KnownIncident } from '../core/registry/queries/control.js';
import type { AuditGap } from '../core/registry/queries/health.js';
import { isLive } from './engine/decide.js';
import { isSilencing } from './engine/rails.js';
import { BRAKE } from './engine/situation.js';

/** What an operator reads first: from the logs alone, nothing is probed. */
export interface HealStatus {
  /** The most severe first; at most 200. */
  readonly wrong: readonly Trouble[];
  /** How many more there are. */
  readonly more: number;
  readonly doing: readonly Doing[];
  /** The brake, if it is on. */
  readonly brake: { readonly since: string; readonly by: string; readonly reason: string } | null;
  readonly silences: readonly {
    readonly silence: string;
    readonly checks: readonly string[];
    readonly left_s: number;
  }[];
  /** Lines of the audit log that are not there: nothing acts until that is mended. */
  readonly missing: readonly AuditGap[];
  readonly watch: WatchState;
}

export interface WatchState {
  readonly running: boolean;
  readonly since: string | null;
  readonly pid: number | null;
  /** One was started and has not ended by itself: it was killed, or the host went down. */
  readonly died: boolean;
  /** Why the configuration that is there now is not the one that holds. */
  readonly refused: string | null;
}

/** An incident that has neither recovered nor been closed, or that a remedy has made bearable and nobody has seen. */
export interface Trouble {
  readonly incident_id: string;
  readonly check: string | null;
  readonly target: string | null;
  readonly failure_mode: string;
  readonly severity: Incident['severity'];
  readonly status: Incident['status'];
  readonly since: string;
  readonly age_s: number;
  readonly relapses: number;
  /** What has been tried, oldest first. */
  readonly tried: readonly { readonly playbook: string; readonly outcome: string }[];
  /** In which arm of learning's experiment it is handled; `null` where nothing was drawn or learned. */
  readonly arm: {
    readonly name: string;
    readonly propensity: number;
    readonly version: number | null;
    readonly order: readonly string[];
  } | null;
  /** What grace would do and does not. */
  readonly withheld: { readonly playbook: string; readonly reasons: readonly string[]; readonly at: string } | null;
  /** Why a person is needed, if one is, and whether one was told and has said that they have seen it. */
  readonly needs_person: {
    readonly reason: string;
    readonly told: boolean;
    readonly acknowledged_by: string | null;
  } | null;
  readonly approval: { readonly playbook: string; readonly given: boolean } | null;
}

export interface Doing {
  readonly incident_id: string;
  readonly playbook: string;
  readonly target: string;
  readonly for_s: number;
  readonly pid: number;
  /** False: its process is gone, and nobody has settled it. */
  readonly alive: boolean;
  /** Of its process: `unknown` cannot be judged from here and counts as alive until a person says otherwise. */
  readonly owner: Liveness;
}

const MOST_LIVE = 200;
const MOST_CLAIMS = 20;
const MOST_BEARABLE = 200;
const SEVERITIES: readonly Incident['severity'][] = ['critical', 'high', 'medium', 'low'];

export function healStatus(
  view: ControlView,
  now: Now,
  livenessOf: (owner: ProcessIdentity) => Liveness,
  host: string,
): HealStatus {
  const set = view.lastControl(ACTION.brakeSet, BRAKE);
  const isOn = set !== undefined && set.line > (view.lastControl(ACTION.brakeReleased, BRAKE)?.line ?? 0);
  return {
    wrong: needingCare(view).map((record) => troubleOf(view, record, now)),
    more: Math.max(0, view.liveCount() - MOST_LIVE),
    doing: view.allOpenClaims().map((claim) => ({
      incident_id: claim.incident_id,
      playbook: claim.playbook_id,
      target: claim.target,
      for_s: ageOf(grantOf(view, claim), now),
      pid: claim.owner.pid,
      alive: livenessOf(claim.owner) !== 'gone',
      owner: livenessOf(claim.owner),
    })),
    brake: isOn ? { since: set.at, by: set.actor, reason: String(set.decision.reason ?? '') } : null,
    silences: view.silences(now).flatMap((one) => {
      const checks = Array.isArray(one.metadata.checks) ? one.metadata.checks.map(String) : [];
      if (!checks.some((pattern) => isSilencing(one, pattern, now))) return [];
      return [{ silence: one.subject, checks, left_s: Number(one.metadata.lasts_s) - ageOf(one, now) }];
    }),
    missing: view.missingLines(),
    watch: watchOf(view, (owner) => livenessOf(owner) !== 'gone', host),
  };
}

/**
 * Recovered after a remedy that has mended nothing: a person is needed as before, whatever has happened since, until one
 * says that they have seen it, or a remedy that mends it is verified. Newest first.
 */
export function madeBearable(view: ControlView): KnownIncident[] {
  return view.bearable(MOST_BEARABLE).flatMap(({ subject }) => {
    const known = view.incident(subject);
    return known === undefined || isLive(known.record) ? [] : [known];
  });
}

/** The most severe first; of these, those that are live, and the newest. */
function needingCare(view: ControlView): Incident[] {
  return [...view.liveIncidents(MOST_LIVE), ...madeBearable(view)]
    .map(({ record }) => record)
    .filter(({ origin = 'real' }) => origin === 'real')
    .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function grantOf(view: ControlView, { incident_id, claim_id, claimed_at }: Claim): Moment {
  const placed = view.claimsOf(incident_id, MOST_CLAIMS).find((one) => one.claim_id === claim_id);
  return placed?.granted ?? { boot_id: null, elapsed_s: null, at: claimed_at };
}

function troubleOf(view: ControlView, record: Incident, now: Now): Trouble {
  const id = record.incident_id;
  const opening = view.lastControl(ACTION.incidentOpened, id);
  const since = opening?.line ?? 0;
  const ofEpisode = (action: string): ControlEntry | undefined => {
    const entry = view.lastControl(action, id);
    return entry && entry.line > since ? entry : undefined;
  };
  const claims = view.claimsOf(id, MOST_CLAIMS).filter(({ line }) => line > since);
  const withheld = ofEpisode(ACTION.remedyWithheld);
  // What a remedy has only made bearable outlasts the episode in which it did; nothing else outlasts a recovery.
  const escalated = (isLive(record) ? ofEpisode(ACTION.incidentEscalated) : undefined) ?? view.bearable(1, id)[0];
  const requested = ofEpisode(ACTION.approvalRequested);
  const given = ofEpisode(ACTION.approvalGiven);
  const acknowledged = ofEpisode(ACTION.incidentAcknowledged);
  const isHeld = withheld !== undefined && withheld.line > (claims[0]?.line ?? 0);
  return {
    incident_id: id,
    check: record.check ?? null,
    target: record.target ?? null,
    failure_mode: record.failure_mode,
    severity: record.severity,
    status: record.status,
    since: record.onset_at ?? record.detected_at,
    age_s: opening ? ageOf(opening, now) : ageOf({ boot_id: null, elapsed_s: null, at: record.detected_at }, now),
    relapses: record.relapses ?? 0,
    tried: claims.map((claim) => ({ playbook: claim.playbook_id, outcome: claim.outcome ?? 'under way' })).reverse(),
    arm: armOf(opening),
    withheld: isHeld
      ? { playbook: String(withheld.decision.playbook_id), reasons: reasonsOf(withheld), at: withheld.at }
      : null,
    needs_person: escalated
      ? {
          reason: String(escalated.decision.reason ?? ''),
          told: view.taken({ subject: id, event: 'escalated', about: escalated }) !== undefined,
          acknowledged_by: acknowledged && acknowledged.line > escalated.line ? acknowledged.actor : null,
        }
      : null,
    approval: requested
      ? {
          playbook: String(requested.decision.playbook_id),
          given: given !== undefined && given.decision.playbook_id === requested.decision.playbook_id,
        }
      : null,
  };
}

/** Nothing to tell of where the author's order is served, as without learning. */
function armOf(opening: ControlEntry | undefined): Trouble['arm'] {
  const { arm, propensity, version, order } = opening?.decision ?? {};
  if (typeof arm !== 'string' || arm === 'author' || typeof propensity !== 'number' || !Array.isArray(order))
    return null;
  return { name: arm, propensity, version: typeof version === 'number' ? version : null, order: order.map(String) };
}

function reasonsOf({ metadata, decision }: ControlEntry): string[] {
  if (Array.isArray(metadata.reasons)) return metadata.reasons.map(String);
  return Array.isArray(decision.rails) ? decision.rails.map(String) : [];
}

function watchOf(view: ControlView, isAlive: (owner: ProcessIdentity) => boolean, host: string): HealStatus['watch'] {
  const started = view.lastControl(ACTION.watchStarted, `watch@${host}`);
  const ended = view.lastControl(ACTION.watchEnded, `watch@${host}`);
  const owner = started?.metadata.owner as ProcessIdentity | undefined;
  if (started === undefined || owner === undefined || started.line < (ended?.line ?? 0)) {
    return { running: false, since: null, pid: null, died: false, refused: null };
  }
  const running = isAlive(owner);
  const refused = view.lastControl(ACTION.configRefused, `watch@${host}`);
  const loaded = view.lastControl(ACTION.configLoaded, `watch@${host}`);
  const isOlder = refused !== undefined && refused.line > Math.max(started.line, loaded?.line ?? 0);
  return {
    running,
    since: running ? started.at : null,
    pid: running ? owner.pid : null,
    died: !running,
    refused: running && isOlder ? String(refused.decision.reason ?? '') : null,
  };
}
