import type { Liveness } from '../core/host/process-identity.js';
import { ACTION } from '../core/records/audit-actions.js';
import type { AuditDraft } from '../core/records/audit-entry.js';
import type { Claim, ProcessIdentity } from '../core/records/claim.js';
import type { JsonObject } from '../core/records/json.js';

export type Release =
  | { readonly kind: 'released'; readonly claims: readonly Claim[]; readonly entries: readonly AuditDraft[] }
  /** A claim that is not a person's to end: its process lives, or is gone and will be settled. */
  | { readonly kind: 'held'; readonly claim: Claim; readonly owner: Exclude<Liveness, 'unknown'> }
  /** It can be released, with the incident that it was granted for. */
  | { readonly kind: 'of another'; readonly claim: Claim };

export interface Releasing {
  readonly incident_id: string;
  readonly livenessOf: (owner: ProcessIdentity) => Liveness;
  /** Who says that the process is gone, by which rule and why. */
  readonly actor: string;
  readonly rule: string;
  readonly facts: JsonObject;
  readonly reason: string;
}

/**
 * Ends claims of processes that cannot be judged from here, on a person's word that they are gone. Whether the remedy ran
 * stays unknown.
 */
export function releaseClaims(open: readonly Claim[], releasing: Releasing): Release {
  const { incident_id, livenessOf, actor, rule, facts, reason } = releasing;
  for (const claim of open) {
    const owner = livenessOf(claim.owner);
    if (owner !== 'unknown') return { kind: 'held', claim, owner };
  }
  const other = open.find((claim) => claim.incident_id !== incident_id);
  if (other) return { kind: 'of another', claim: other };
  const entries = open.map((claim) => ({
    actor,
    action: ACTION.remedyEnded,
    resource: incident_id,
    decision: { outcome: 'unknown', verified: false, rule },
    metadata: { ...facts, claim: claim.claim_id, incident_id, reason },
  }));
  return { kind: 'released', claims: open, entries };
}
