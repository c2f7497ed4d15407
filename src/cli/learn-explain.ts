import { EXIT } from '../core/errors.js';
import { isOrder, objectOf } from '../learning/governance/change.js';
import type { Chronicle, ProposalStory, VersionStory } from '../learning/governance/chronicle.js';
import { evidenceBefore, sinceVersion } from '../learning/governance/evidence-of.js';
import { numbersBehind } from '../learning/governance/numbers-behind.js';
import type { Context } from './context.js';
import { lookedUp, unknownId } from './learn-chronicle.js';
import { evidenceJson, showEvidence } from './learn-evidence.js';
import { fateText, versionJson } from './learn-history.js';
import { showNumbers } from './learn-numbers.js';
import { proposalJson } from './learn-proposals.js';
import { sinceSentences } from './learn-since.js';
import { changeSentence, figure, say, settingText, subjectText } from './learn-words.js';
import { nextCommand } from './next-command.js';
import { escapeText } from './output/escape.js';
import { writeFields } from './output/fields.js';
import { formatUtc } from './output/time.js';
import type { WhereOptions } from './where.js';

export type ExplainOptions = WhereOptions & { readonly json?: boolean };

/** Incidents that are listed. */
const MOST_EVIDENCE = 10;

/** What was changed, or is to be, and everything that speaks for and against it. */
export async function runLearnExplain(ctx: Context, id: string, options: ExplainOptions): Promise<number> {
  const chronicle = await lookedUp(ctx, options);
  const version = chronicle.versions.find((one) => one.id === id);
  const proposal = chronicle.proposals.find((one) => one.id === id);
  const found = version ?? proposal;
  if (found === undefined) throw unknownTo(chronicle, id, options);
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    const evidence = evidenceBefore(chronicle, found.check, found.entry.line, MOST_EVIDENCE);
    writeJson(ctx.out, {
      schema: 'grace.learn_explain/1',
      version: version === undefined ? null : versionJson(chronicle, version),
      proposal: proposal === undefined ? null : proposalJson(proposal),
      ...{ numbers: found.entry.metadata.numbers ?? null, playbooks: found.entry.metadata.playbooks ?? null },
      ...{ outcomes: found.entry.metadata.outcomes ?? null, state: found.entry.metadata.state ?? null },
      evidence: evidence.map(evidenceJson),
    });
    return EXIT.done;
  }
  if (version !== undefined) await explainVersion(ctx, chronicle, version, options);
  else if (proposal !== undefined) await explainProposal(ctx, chronicle, proposal, options);
  return EXIT.done;
}

function unknownTo({ versions, proposals }: Chronicle, id: string, options: ExplainOptions) {
  // Whoever types a p means a proposal.
  const what = id.startsWith('p') ? 'proposal' : 'version';
  const alike = (what === 'proposal' ? proposals : versions).map((one) => one.id);
  return unknownId(id, { known: alike, what }, options);
}

async function explainVersion(
  ctx: Context,
  chronicle: Chronicle,
  version: VersionStory,
  options: ExplainOptions,
): Promise<void> {
  const { id, account, rule, proposal, rolls_back, entry, fate, from, to } = version;
  const style = await ctx.style();
  ctx.out.write(`${style.bold(escapeText(`${id}: ${changeSentence(version)}`))}\n`);
  writeFields(ctx.out, {
    ...{ changed: subjectText(version), from: settingText(from), to: settingText(to) },
    ...{ when: formatUtc(entry.at), by: account, 'allowed by': rule, proposal },
    why: whyRolledBack(version),
    note: typeof entry.metadata.note === 'string' ? entry.metadata.note : null,
    held: version.hold ? 'learning applies nothing here by itself until a person has approved an order' : null,
    now: fateText(fate),
  });
  const behind = numbersBehind(entry.metadata);
  const isSeen = behind.kind === 'other' && rolls_back !== null;
  await showNumbers(ctx, behind, isSeen ? `What was seen of ${escapeText(rolls_back)}` : 'The numbers behind it');
  await showEvidence(ctx, evidenceBefore(chronicle, version.check, entry.line, MOST_EVIDENCE));
  ctx.out.write(`\n${style.bold('What happened since')}\n`);
  const since = sinceVersion(chronicle, version);
  for (const sentence of sinceSentences(version, since, behind)) say(ctx.out, sentence, '  ');
  if (fate.now !== 'in_force') return;
  ctx.out.write(`\n${style.bold('To undo it')}\n`);
  ctx.out.write(`  ${escapeText(nextCommand(['learn', 'rollback', id], options))} --reason '…'\n`);
}

function whyRolledBack({ reason, rolls_back, entry }: VersionStory): string | null {
  if (reason === null && rolls_back === null) return null;
  const undone = `${rolls_back ?? 'what was learned'} is undone`;
  if (reason === 'person') return `${undone}: a person wanted it so`;
  if (reason === 'surprises') {
    return `${undone}: 3 times in a row its first playbook failed, where more than 70 % had been predicted`;
  }
  if (reason !== 'harm') return `${undone}: ${reason ?? 'why is not on record'}`;
  const { incidents, e_slower, e_worse } = objectOf(entry.metadata.harm);
  const harm = 'harm was shown: what is handled as learned does worse than what is handled in the first order';
  if (typeof e_slower !== 'number' || typeof e_worse !== 'number') return harm;
  return `${harm} (E ${figure(e_slower)} for slower, ${figure(e_worse)} for more relapses and escalations, of ${incidents} incidents; 20 decides)`;
}

async function explainProposal(
  ctx: Context,
  chronicle: Chronicle,
  proposal: ProposalStory,
  options: ExplainOptions,
): Promise<void> {
  const { id, kind, needs, why, entry, fate, from, to, check } = proposal;
  const style = await ctx.style();
  ctx.out.write(`${style.bold(escapeText(`${id}: ${changeSentence(proposal)}`))}\n`);
  const ended = fate.now === 'open' ? undefined : fate;
  const { reason, rule } = ended?.entry.decision ?? {};
  writeFields(ctx.out, {
    ...{ proposed: subjectText(proposal), kind, from: settingText(from), to: settingText(to) },
    ...{ when: formatUtc(entry.at), 'needs a person': why, grant: needs },
    now: ended === undefined ? 'waits for a person' : fate.now,
    ...{ by: ended?.entry.actor ?? null, at: ended === undefined ? null : formatUtc(ended.entry.at) },
    ...{ 'allowed by': rule ?? null, reason: reason ?? null, version: ended?.version ?? null },
  });
  await showNumbers(ctx, numbersBehind(entry.metadata), 'The numbers behind it');
  await showEvidence(ctx, evidenceBefore(chronicle, check, entry.line, MOST_EVIDENCE));
  if (ended !== undefined) return;
  ctx.out.write(`\n${style.bold('To decide')}\n`);
  if (!isOrder(to) && typeof to === 'string') say(ctx.out, 'approving it tells what to write into grace.yaml', '  ');
  ctx.out.write(`  ${escapeText(nextCommand(['learn', 'approve', id], options))}\n`);
  ctx.out.write(`  ${escapeText(nextCommand(['learn', 'reject', id], options))} --reason '…'\n`);
}
