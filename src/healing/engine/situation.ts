import { ACTION } from '../../core/records/audit-actions.js';
import type { Claim, ProcessIdentity } from '../../core/records/claim.js';
import type { Origin } from '../../core/records/incident.js';
import type { Moment, Now } from '../../core/records/moment.js';
import type { RailId } from '../../core/records/rails.js';
import type {
  ControlEntry,
  ControlView,
  KnownIncident,
  OpeningMoment,
  PlacedClaim,
} from '../../core/registry/queries/control.js';
import type { AuditGap } from '../../core/registry/queries/health.js';
import type { ProbeStatus } from '../check.js';
import type { Playbook, Risk } from '../playbook.js';
import type { Watched } from '../watched.js';
import type { Failure } from './soft-state.js';

export type Autonomy = 'auto' | 'approve' | 'never';

/** What holds for all checks. */
export interface Policy {
  readonly autonomy: Readonly<Record<Risk, Autonomy>>;
  readonly brake: { readonly incidents: number; readonly within_s: number };
  readonly approval_expires_s: number;
  /** After all remedies have failed: wait `first_s`, twice that, and so on up to `most_s`. */
  readonly rearm: { readonly first_s: number; readonly most_s: number };
}

/** In which order the remedies of a check are tried in one episode, and where that comes from. */
export interface ChosenOrder {
  readonly playbooks: readonly Playbook[];
  /** Which arm of an experiment this is; `author` where there is none. */
  readonly arm: string;
  /** With which probability this arm was drawn. */
  readonly propensity: number;
  /** The probability that the frozen first order was to be served, by whichever arm, and whether it is. */
  readonly holdout_share: number;
  readonly frozen: boolean;
  /** The chance that is predicted for the first of them. */
  readonly predicted: number | null;
  /** Of what was learned; `null`: nothing. */
  readonly version: number | null;
}

/** What the order of an episode rests on, besides the check. */
export interface OrderFacts {
  /** The newest entry on the arms of this check. */
  readonly standing: ControlEntry | undefined;
  /** `begins`: nothing of it is in the logs; `goes_on`: as it began; `changed`: it began under another configuration. */
  readonly episode:
    | { readonly kind: 'begins'; readonly onset: Moment }
    | { readonly kind: 'goes_on'; readonly opening: ControlEntry }
    | { readonly kind: 'changed' };
}

/** In the order of grace.yaml, where nothing was learned or nothing may be. */
export function authorsOrder(playbooks: readonly Playbook[]): ChosenOrder {
  return { playbooks, arm: 'author', propensity: 1, holdout_share: 1, frozen: true, predicted: null, version: null };
}

/** What is known outside the logs at the moment of a decision. */
export interface Surroundings {
  readonly now: Now;
  readonly origin: Origin;
  readonly config_version: string | null;
  readonly policy: Policy;
  readonly dependencies: readonly { readonly name: string; readonly status: ProbeStatus }[];
  readonly flapping: boolean;
  /** Why now lies in a maintenance window of this check. */
  readonly maintenance: string | undefined;
  /** Whether the account under which grace acts may heal, and the rule that says so. */
  readonly account: { readonly name: string; readonly allowed: boolean; readonly rule: string };
  /** Rails that a person passes over in this run, and says so. */
  readonly passOver: readonly RailId[];
  readonly order: (watched: Watched, facts: OrderFacts) => ChosenOrder;
  readonly isAlive: (owner: ProcessIdentity) => boolean;
}

/** Everything a decision about one confirmed failure rests on. Data only. */
export interface Situation extends Surroundings {
  readonly watched: Watched;
  readonly failure: Failure;
  /** The last incident of the same failure, if there is one. */
  readonly last: KnownIncident | undefined;
  /** When it ended, as the audit log has it. */
  readonly ended: ControlEntry | PlacedClaim | undefined;
  /** The entry that began the present episode of {@link last}. */
  readonly opening: ControlEntry | undefined;
  /** When a person was last asked for in this episode; its metadata say after how many rounds. */
  readonly escalation: ControlEntry | undefined;
  /** Claims of this episode, newest first. */
  readonly claims: readonly PlacedClaim[];
  /** Newest first, of the target, as many as the caps can count. */
  readonly targetClaims: readonly PlacedClaim[];
  /** Claims that have no end: on the incident, its target, or of a remedy for it that is run alone. */
  readonly openClaims: readonly { readonly alive: boolean; readonly claim_id: string; readonly playbook_id: string }[];
  readonly brake: ControlEntry | undefined;
  /** Openings since the brake was last released, as young as it counts, newest first, a few times as many as it counts. */
  readonly openings: readonly OpeningMoment[];
  readonly silences: readonly ControlEntry[];
  /** Lines of the audit log that are not there: nobody knows what they forbid. */
  readonly missing: readonly AuditGap[];
  readonly approval: ControlEntry | undefined;
  /** What was last written in this episode about what is held back, and about an approval that is needed. */
  readonly withheld: ControlEntry | undefined;
  readonly requested: ControlEntry | undefined;
  /** The newest entry on the arms of the check. */
  readonly standing: ControlEntry | undefined;
}

/** The brake counts incidents, and one that fails again and again is one. */
const EPISODES = 4;
const MOST_CLAIMS = 200;

/** Asks the logs for what a decision about this failure rests on: a bounded number of rows, however long the logs are. */
export function situationOf(view: ControlView, watched: Watched, failure: Failure, around: Surroundings): Situation {
  const { target, failure_mode } = watched.check;
  const last = view.lastIncidentOf(target, failure_mode, around.origin);
  const id = last?.record.incident_id ?? '';
  const opening = last && view.lastControl(ACTION.incidentOpened, id);
  const since = opening?.line ?? 0;
  const claims = last ? view.claimsOf(id, MOST_CLAIMS).filter(({ line }) => line > since) : [];
  const recovery = last && view.lastControl(ACTION.incidentRecovered, id);
  const released = view.lastControl(ACTION.brakeReleased, BRAKE);
  const set = view.lastControl(ACTION.brakeSet, BRAKE);
  const ofEpisode = (action: string) => {
    const entry = last && view.lastControl(action, id);
    return entry && entry.line > since ? entry : undefined;
  };
  return {
    ...around,
    watched,
    failure,
    last,
    ended: latest(
      claims.find(({ ended }) => ended !== null),
      recovery,
    ),
    opening,
    escalation: ofEpisode(ACTION.incidentEscalated),
    claims,
    targetClaims: view.recentClaims(target, Math.max(1, ...watched.limits.caps.map(({ most }) => most))),
    openClaims: [...view.openClaims(id, target), ...claimsOfSame(view, watched, around)].map((claim) => ({
      claim_id: claim.claim_id,
      playbook_id: claim.playbook_id,
      alive: around.isAlive(claim.owner),
    })),
    brake: set && set.line > (released?.line ?? 0) ? set : undefined,
    openings: view.recentOpenings(around.origin, released?.line ?? 0, {
      now: around.now,
      within_s: around.policy.brake.within_s,
      limit: around.policy.brake.incidents * EPISODES,
    }),
    silences: view.silences(around.now),
    missing: view.missingLines(),
    approval: ofEpisode(ACTION.approvalGiven),
    withheld: ofEpisode(ACTION.remedyWithheld),
    requested: ofEpisode(ACTION.approvalRequested),
    standing: view.lastControl(ACTION.learningArms, watched.check.name),
  };
}

/** Claims of other checks on a remedy that would do the very same for this one. */
function claimsOfSame(view: ControlView, { playbooks }: Watched, { origin }: Surroundings): Claim[] {
  if (origin !== 'real') return [];
  const alone = new Set(playbooks.filter((playbook) => playbook.alone).map(({ id }) => id));
  return view.allOpenClaims().filter(({ playbook_id }) => alone.has(playbook_id));
}

/** The subject of the entries about the brake. */
export const BRAKE = 'brake';

function latest(a: PlacedClaim | undefined, b: ControlEntry | undefined): PlacedClaim | ControlEntry | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.line > b.line ? a : b;
}
