import { ACTION } from '../../core/records/audit-actions.js';
import type { AuditDraft } from '../../core/records/audit-entry.js';
import { changeAsWritten } from './change.js';
import { type ProposalStory, reasonOf } from './chronicle.js';
import { type By, type Decision, type DecisionFacts, refused } from './decision.js';
import { detectionEdit } from './detection-edit.js';
import { taskEntry } from './version-task.js';
import { whyMoved, whyNotServed, whyOutOfBounds, whyUnsettled } from './why-stale.js';
import { writeVersion } from './write-version.js';

/**
 * A person's yes. It makes a version of what is served; what stands in grace.yaml alone is never changed here, and only
 * the yes is written down.
 */
export function approveProposal(id: string, facts: DecisionFacts): Decision {
  const proposal = facts.chronicle.proposals.find((one) => one.id === id);
  if (proposal === undefined) return refused(`no proposal is named ${id}`);
  const { kind, check } = proposal;
  const { today, state, by } = facts;
  const why = whyNotOpen(proposal) ?? whyMissing(proposal, facts) ?? whyMoved(proposal, today, state);
  if (why !== undefined) return refused(why);
  const approved = decided(ACTION.changeApproved, proposal, by);
  const done = taskEntry('task_completed', id, by);
  if (kind === 'confirm' || kind === 'threshold') {
    if (detectionEdit(proposal, today.detection) === undefined) {
      return refused(
        `grace.yaml does not say ${kind === 'confirm' ? 'confirm: ' : ''}${proposal.from} for ${check} any more`,
      );
    }
    return { ok: true, entries: [approved, done], version: null };
  }
  const { numbers = null, seed = null } = proposal.entry.metadata;
  const version = writeVersion({ ...proposal, kind, proposal: id, numbers, seed }, facts);
  return { ok: true, entries: [approved, ...version, done], version: `v${facts.chronicle.next.version}` };
}

/** A person's no. The same is not proposed again while nothing else has changed. */
export function rejectProposal(id: string, { chronicle, by }: Pick<DecisionFacts, 'chronicle' | 'by'>): Decision {
  const proposal = chronicle.proposals.find((one) => one.id === id);
  if (proposal === undefined) return refused(`no proposal is named ${id}`);
  const why = whyNotOpen(proposal);
  if (why !== undefined) return refused(why);
  const entries = [decided(ACTION.changeRejected, proposal, by), taskEntry('task_cancelled', id, by)];
  return { ok: true, entries, version: null };
}

function whyNotOpen({ id, fate }: ProposalStory): string | undefined {
  if (fate.now === 'open') return undefined;
  const made = fate.version === null ? '' : `, as ${fate.version}`;
  const reason = reasonOf(fate);
  return `${id} was ${fate.now} by ${fate.entry.actor}${made}${reason === null ? '' : `: ${reason}`}`;
}

function whyMissing(proposal: ProposalStory, { today, state, arms }: DecisionFacts): string | undefined {
  const { kind, check } = proposal;
  if (kind !== 'confirm' && kind !== 'threshold')
    return whyNotServed(proposal, today, state) ?? whyUnsettled(today, state, arms) ?? whyOutOfBounds(proposal, today);
  return today.check === undefined ? `grace.yaml has no check ${check} any more` : undefined;
}

function decided(action: string, proposal: ProposalStory, by: By): AuditDraft {
  const { id, number, kind } = proposal;
  return {
    ...{ actor: by.account, action, resource: id },
    decision: {
      ...{ proposal: number, kind, ...changeAsWritten(proposal) },
      ...(by.reason === null ? {} : { reason: by.reason }),
      rule: by.rule,
    },
    metadata: by.facts,
  };
}
