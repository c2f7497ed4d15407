import { EXIT, OperatorError } from '../core/errors.js';
import { NEEDS } from '../learning/governance/change.js';
import type { Chronicle, ProposalStory } from '../learning/governance/chronicle.js';
import { approveProposal, rejectProposal } from '../learning/governance/decide-proposal.js';
import type { Context } from './context.js';
import { noteOption } from './heal-person.js';
import { unknownId } from './learn-chronicle.js';
import { linesToWrite } from './learn-edit.js';
import { type DecidingOptions, decideAsPerson } from './learn-person.js';
import { changeSentence } from './learn-words.js';
import { nextCommand } from './next-command.js';

/** A person allows what was proposed. What stands in grace.yaml is for them to write there. */
export function runLearnApprove(ctx: Context, id: string, options: DecidingOptions): Promise<number> {
  return decideAsPerson(ctx, options, {
    ...{ id, words: ['learn', 'approve'], reason: noteOption('--reason', options.reason) ?? null },
    find: (chronicle) => proposalNamed(chronicle, id, options),
    grant: ({ kind }) => NEEDS[kind],
    decide: (facts) => approveProposal(id, facts),
    tell: (proposal, version, { detection }) =>
      version === null
        ? {
            said: `${id} is approved. grace never edits grace.yaml: it takes effect once this stands there`,
            lines: linesToWrite(proposal, detection),
          }
        : { said: `${id} is approved, and in force as ${version}: ${changeSentence(proposal)}`, lines: [] },
  });
}

/** A person refuses it. */
export async function runLearnReject(ctx: Context, id: string, options: DecidingOptions): Promise<number> {
  const reason = requiredReason(['learn', 'reject', id], options, "'the cache must stay warm'");
  return decideAsPerson(ctx, options, {
    ...{ id, words: ['learn', 'reject'], reason },
    find: (chronicle) => proposalNamed(chronicle, id, options),
    grant: ({ kind }) => NEEDS[kind],
    decide: (facts) => rejectProposal(id, facts),
    tell: ({ check }) => ({
      said: `${id} is rejected; the same is not proposed again while nothing else changes for ${check}`,
      lines: [],
    }),
  });
}

/** Why it was decided so has to be said: it is what the next person reads. */
export function requiredReason(words: readonly string[], options: DecidingOptions, example: string): string {
  const reason = noteOption('--reason', options.reason) ?? '';
  if (reason.trim() !== '') return reason;
  throw new OperatorError('GRACE_USAGE', EXIT.usage, '--reason is required: why has to be said', {
    hint: `${nextCommand(words, options)} --reason ${example}`,
  });
}

function proposalNamed(chronicle: Chronicle, id: string, options: DecidingOptions) {
  const found = chronicle.proposals.find((one): one is ProposalStory => one.id === id);
  if (found) return found;
  // Those that can still be decided, if there are any.
  const open = chronicle.proposals.filter(({ fate }) => fate.now === 'open');
  const known = (open.length > 0 ? open : chronicle.proposals).map((one) => one.id);
  throw unknownId(id, { known, what: 'proposal' }, options);
}
