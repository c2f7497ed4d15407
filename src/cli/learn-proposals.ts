import { EXIT } from '../core/errors.js';
import { inMillis } from '../core/records/time.js';
import { asJson } from '../learning/governance/change.js';
import type { ProposalStory } from '../learning/governance/chronicle.js';
import { type NumbersBehind, numbersBehind } from '../learning/governance/numbers-behind.js';
import type { Context } from './context.js';
import { lookedUp } from './learn-chronicle.js';
import { many, say, settingText, share, subjectText } from './learn-words.js';
import { nextCommand } from './next-command.js';
import { escapeText } from './output/escape.js';
import { renderTable, type TableColumn } from './output/table.js';
import { formatSeconds } from './output/time.js';
import type { WhereOptions } from './where.js';

export type ProposalsOptions = WhereOptions & { readonly json?: boolean };

const COLUMNS: TableColumn[] = [
  { header: 'id', grow: 0 },
  { header: 'check' },
  { header: 'kind', grow: 0 },
  { header: 'from', grow: 2 },
  { header: 'to', grow: 2 },
  { header: 'expected' },
  { header: 'better' },
  { header: 'n', align: 'right', grow: 0 },
];

/** The changes that wait for a person. */
export async function runLearnProposals(ctx: Context, options: ProposalsOptions): Promise<number> {
  const { proposals } = await lookedUp(ctx, options, false);
  const open = proposals.filter(({ fate }) => fate.now === 'open');
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, { schema: 'grace.learn_proposals/1', proposals: open.map(proposalJson) });
    return EXIT.done;
  }
  if (open.length === 0) {
    ctx.err.write('no change waits for a person\n');
    return EXIT.done;
  }
  const style = await ctx.style();
  const rows = open.map((one) => {
    const behind = numbersBehind(one.entry.metadata);
    const { before_s, after_s } = expectedOf(behind);
    const { from, to } = one;
    return [
      ...[one.id, subjectText(one), one.kind, settingText(from), settingText(to)],
      before_s === null || after_s === null ? null : `${formatSeconds(before_s)} → ${formatSeconds(after_s)}`,
      behind.kind === 'order' && behind.better !== null ? share(behind.better) : null,
      countOf(behind),
    ];
  });
  ctx.out.write(await renderTable(COLUMNS, rows, ctx.out, style));
  ctx.out.write('\n');
  for (const { id, why } of open) say(ctx.out, `${id}: ${why === '' ? 'why it needs a person is not on record' : why}`);
  const [{ id } = { id: 'p1' }] = open;
  ctx.out.write(`\n${style.bold('To look closer, and to decide')}\n`);
  for (const words of [
    ['explain', id],
    ['approve', id],
  ]) {
    ctx.out.write(`  ${escapeText(nextCommand(['learn', ...words], options))}\n`);
  }
  ctx.out.write(`  ${escapeText(nextCommand(['learn', 'reject', id], options))} --reason '…'\n`);
  ctx.err.write(`${many(open.length, 'change waits', 'changes wait')} for a person\n`);
  return EXIT.done;
}

/** Expected seconds: to recovery, of an order; for the wait and what follows it, of a wait. */
export function expectedOf(behind: NumbersBehind): {
  readonly before_s: number | null;
  readonly after_s: number | null;
} {
  if (behind.kind === 'order') return { before_s: behind.incumbent_s, after_s: behind.candidate_s };
  return { before_s: null, after_s: behind.kind === 'wait' ? behind.best_cost_s : null };
}

/** Of how many incidents, waits or probes the numbers speak. */
function countOf(behind: NumbersBehind): number | null {
  if (behind.kind === 'order') return behind.incidents;
  if (behind.kind === 'wait') return behind.observed;
  const probes = behind.figures.find(([name]) => name === 'probes')?.[1];
  return typeof probes === 'number' ? probes : null;
}

export function proposalJson({ id, kind, check, playbook, from, to, needs, why, entry, fate }: ProposalStory) {
  const behind = numbersBehind(entry.metadata);
  const ended = fate.now === 'open' ? undefined : fate;
  return {
    ...{ id, kind, check, playbook, from: asJson(from), to: asJson(to), needs, why, proposed_at: inMillis(entry.at) },
    ...{ state: fate.now, ended_at: ended === undefined ? null : inMillis(ended.entry.at) },
    ...{ ended_by: ended?.entry.actor ?? null, reason: ended?.entry.decision.reason ?? null },
    version: ended?.version ?? null,
    expected: {
      ...expectedOf(behind),
      better: behind.kind === 'order' ? behind.better : null,
    },
    numbers: entry.metadata.numbers ?? null,
  };
}
