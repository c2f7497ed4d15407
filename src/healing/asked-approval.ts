import { ACTION } from '../core/records/audit-actions.js';
import type { ControlEntry, ControlView } from '../core/registry/queries/control.js';

/** The remedy of an incident that waits for a person's approval. */
export interface AskedApproval {
  readonly playbook_id: string;
  /** Rails besides the approval that held it back when that was last written down. */
  readonly others: readonly string[];
  /** Something has been run, or everything been given up, since it was asked for: whoever acts next asks anew. */
  readonly is_past: boolean;
}

/** What is asked for in the present episode of an incident; `undefined`: nothing is. */
export function askedApproval(view: ControlView, incident_id: string): AskedApproval | undefined {
  const opened = view.lastControl(ACTION.incidentOpened, incident_id)?.line ?? 0;
  const ofEpisode = (action: string): ControlEntry | undefined => {
    const entry = view.lastControl(action, incident_id);
    return entry && entry.line > opened ? entry : undefined;
  };
  const withheld = ofEpisode(ACTION.remedyWithheld);
  const rails = withheld && Array.isArray(withheld.decision.rails) ? withheld.decision.rails.map(String) : [];
  const isHeldForIt = rails.includes('approval');
  // A request is written only where nothing but the approval is missing.
  const asked = isHeldForIt ? withheld : ofEpisode(ACTION.approvalRequested);
  if (asked === undefined) return undefined;
  const escalation = ofEpisode(ACTION.incidentEscalated);
  const given_up = escalation?.decision.gave_up === true ? escalation.line : 0;
  const [claim] = view.claimsOf(incident_id, 1);
  return {
    playbook_id: String(asked.decision.playbook_id),
    others: isHeldForIt ? rails.filter((rail) => rail !== 'approval') : [],
    is_past: asked.line < Math.max(given_up, claim?.line ?? 0),
  };
}
