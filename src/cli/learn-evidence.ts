import { inMillis } from '../core/records/time.js';
import type { LearnedOutcome } from '../learning/governance/chronicle.js';
import type { Context } from './context.js';
import { say } from './learn-words.js';
import { formatSeconds } from './output/time.js';

/** The incidents it was learned from, newest first; one line each where there is no terminal. */
export async function showEvidence(ctx: Context, evidence: readonly LearnedOutcome[]): Promise<void> {
  const style = await ctx.style();
  ctx.out.write(`\n${style.bold('Learned from, newest first')}\n`);
  if (evidence.length === 0) say(ctx.out, 'no incident of this check', '  ');
  for (const { incident_id, outcome } of evidence) {
    const arm = outcome.arm === null ? '' : ` (${outcome.arm})`;
    say(ctx.out, `${incident_id}${arm}: ${triedText(outcome)}; ${recoveredText(outcome)}`, '  ');
  }
}

export function evidenceJson({ incident_id, at, entry_id, outcome }: LearnedOutcome) {
  return { incident_id, learned_at: inMillis(at), entry_id, ...outcome };
}

function triedText({ tried, unknown }: LearnedOutcome['outcome']): string {
  const words = tried.map(
    ({ playbook, worked, seconds }) => `${playbook} ${worked ? 'worked' : 'failed'} (${formatSeconds(seconds)})`,
  );
  const all = [...words, ...(unknown === 0 ? [] : [`${unknown} of unknown end`])];
  return all.length === 0 ? 'nothing was tried' : all.join(', ');
}

function recoveredText({ recovered_s, relapsed, escalated, counts }: LearnedOutcome['outcome']): string {
  return [
    recovered_s === null ? 'did not recover by itself' : `recovered in ${formatSeconds(recovered_s)}`,
    ...(relapsed ? ['relapsed'] : []),
    ...(escalated ? ['a person was asked for'] : []),
    ...(counts.order ? [] : ['does not count for the order']),
  ].join('; ');
}
