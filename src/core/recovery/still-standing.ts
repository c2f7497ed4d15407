import { ACTION } from '../records/audit-actions.js';
import { type AuditDraft, type AuditEntry, MAX_AUDIT_LINE_BYTES } from '../records/audit-entry.js';
import type { JsonObject } from '../records/json.js';
import { clockOf, type Moment, type Now } from '../records/moment.js';
import type { ControlEntry, ControlView, PlacedClaim } from '../registry/queries/control.js';
import { standingLearning } from './standing-learning.js';

/** Acts that are younger count for cooldowns and caps whatever becomes of the files before; of these the newest. */
const CLAIMS = { within_s: 86_400, limit: 200 };
/** What an entry takes besides the one that it holds, at most. */
const AROUND_BYTES = 1024;

/**
 * What holds at this moment and must not be forgotten when the older files are gone: the brake, silences that run, remedies under way
 * and those of the last day, oldest first; and what was learned. Said again at the beginning of a new file.
 */
export function stillStanding(view: ControlView, now: Now): AuditDraft[] {
  const [set] = view.recentControls(ACTION.brakeSet, 1);
  const [released] = view.recentControls(ACTION.brakeReleased, 1);
  const brake = set !== undefined && set.line > (released?.line ?? 0) ? [set] : [];
  const controls = [...brake, ...view.silences(now)];
  const claims = view.youngClaims({ now, ...CLAIMS });
  const said = [
    ...controls.map((one) => ({ line: one.line, entries: [asWritten(one)] })),
    ...claims.map((one) => ({ line: one.line, entries: [granted(one), ...over(one)] })),
  ];
  const learned = standingLearning(view).map(asWritten);
  return [...said.sort((a, b) => a.line - b.line).flatMap(({ entries }) => entries), ...learned].map((entry) => ({
    actor: 'grace',
    action: ACTION.stillStands,
    resource: entry.entry_id,
    decision: {},
    metadata: { entry: { ...entry } },
  }));
}

function asWritten({ entry_id, at, actor, action, subject, decision, metadata }: ControlEntry): AuditEntry {
  const entry = { entry_id, timestamp: at, actor, action, resource: subject, decision, metadata };
  if (Buffer.byteLength(JSON.stringify(entry)) <= MAX_AUDIT_LINE_BYTES - AROUND_BYTES) return entry;
  // Rather more is kept still than too little.
  const { account = actor, clock = {}, lasts_s = 0 } = metadata;
  return { ...entry, decision: {}, metadata: { account, clock, lasts_s, checks: ['*'], reason: '' } };
}

function granted(claim: PlacedClaim): AuditEntry {
  const { claim_id, incident_id, target, playbook_id, owner } = claim;
  return {
    ...{ entry_id: claim_id, timestamp: claim.claimed_at, actor: 'healer', action: ACTION.remedyClaimed },
    resource: incident_id,
    decision: { granted: true, playbook_id },
    metadata: {
      ...{ incident_id, target, playbook_id, owner: { ...owner }, config_version: claim.config_version },
      ...clocked(claim.granted),
    },
  };
}

/** Nobody asks for its own name: it is the end of that claim. */
function over({ claim_id, incident_id, ended, outcome, ...claim }: PlacedClaim): AuditEntry[] {
  const { act_s, verify_s, within_s, relapse_s } = claim;
  if (ended === null) return [];
  return [
    {
      ...{ entry_id: claim_id, timestamp: ended.at, actor: 'healer', action: ACTION.remedyEnded },
      resource: incident_id,
      decision: { outcome },
      metadata: { claim: claim_id, incident_id, act_s, verify_s, within_s, relapse_s, ...clocked(ended) },
    },
  ];
}

function clocked({ boot_id, elapsed_s }: Moment): JsonObject {
  return boot_id === null || elapsed_s === null ? {} : clockOf({ boot_id, elapsed_s });
}
