import { ACTION } from '../../core/records/audit-actions.js';
import type { ControlEntry } from '../../core/registry/queries/control.js';
import { changeAsWritten, NEEDS } from '../governance/change.js';
import { readProposal } from '../governance/proposal.js';
import { stateHash } from '../state/state-hash.js';
import { playbooksAsWritten, type TickDraft } from './draft.js';
import { versionTask } from './tick-tasks.js';
import { isRejected, UNWANTED, type Wanted, type Wish } from './wish.js';
import { proposedWords, withdrawnWords } from './words.js';

/** Withdraws what is no longer wanted, and proposes what is wanted and not proposed yet. */
export function settleProposals(draft: TickDraft, wishes: readonly Wish[]): void {
  const answered = new Set<Wish>();
  for (const entry of draft.facts.open) {
    const open = readProposal(entry);
    const wish = wishes.find(
      ({ kind, check, playbook }) => open?.kind === kind && open.check === check && open.playbook === playbook,
    );
    const reason =
      open === undefined || wish === undefined
        ? 'there is nothing of the kind to change any more'
        : answered.has(wish)
          ? 'another proposal about it is open'
          : wish.whyNot(open);
    if (reason === undefined && wish !== undefined) answered.add(wish);
    else withdraw(draft, entry, reason ?? UNWANTED);
  }
  for (const wish of wishes) {
    const { kind, wanted } = wish;
    if (wanted === undefined || answered.has(wish) || isRejected(draft.facts.rejected, kind, wanted)) continue;
    propose(draft, wanted);
  }
}

function propose(draft: TickDraft, wanted: Wanted): void {
  const { kind, check, why, numbers, seed, more } = wanted;
  const { state, facts } = draft;
  const number = draft.nextProposal();
  const id = `p${number}`;
  const words = proposedWords(id, wanted);
  const playbooks = facts.checks.find(({ name }) => name === check)?.playbooks ?? [];
  draft.write(
    ACTION.changeProposed,
    id,
    { proposal: number, kind, ...changeAsWritten(wanted), needs: NEEDS[kind], why },
    {
      ...{ numbers, outcomes: state.outcomes, seed, playbooks: playbooksAsWritten(playbooks) },
      ...{ state: stateHash(state), ...more },
    },
  );
  draft.add(versionTask('task_registered', id, facts.now, words));
  draft.said.proposed.push(words);
}

function withdraw(draft: TickDraft, { subject: id, decision }: ControlEntry, reason: string): void {
  const { proposal = null, kind = null, check = null, playbook, from = null, to = null } = decision;
  draft.write(
    ACTION.changeWithdrawn,
    id,
    {
      ...{ proposal, kind, check, ...(playbook === undefined ? {} : { playbook }), from, to, reason },
      rule: 'whoever has proposed a change may withdraw it',
    },
    {},
  );
  const task = draft.facts.tasks.find(({ task_id }) => task_id === `config_update_${id}`);
  // One that was cut off before it was registered is registered first thing in this tick.
  if (task?.ended !== true) draft.add(versionTask('task_cancelled', id, draft.facts.now));
  draft.said.withdrawn.push(withdrawnWords(id, readProposal({ subject: id, decision } as ControlEntry), reason));
}
