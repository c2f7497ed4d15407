import type { NumbersBehind, OrderBehind, WaitBehind } from '../learning/governance/numbers-behind.js';
import type { Context } from './context.js';
import { figure, many, say, share } from './learn-words.js';
import { writeFields } from './output/fields.js';
import { renderTable, type TableColumn } from './output/table.js';
import { formatSeconds } from './output/time.js';

const COLUMNS: TableColumn[] = [
  { header: 'playbook' },
  ...['n', 'worked', 'p', '90 %', 'if it works', 'if not', 'costs', 'p/cost'].map(
    (header): TableColumn => ({ header, align: 'right', grow: 0 }),
  ),
];

/** The numbers by which something was, or would be, changed. */
export async function showNumbers(ctx: Context, behind: NumbersBehind, title: string): Promise<void> {
  const style = await ctx.style();
  ctx.out.write(`\n${style.bold(title)}\n`);
  if (behind.kind === 'order') return showOrder(ctx, behind);
  if (behind.kind === 'wait') return showWait(ctx, behind);
  if (behind.figures.length === 0) return say(ctx.out, 'none are on record', '  ');
  writeFields(
    ctx.out,
    Object.fromEntries(
      behind.figures.map(([name, value]) => [name, typeof value === 'number' ? figure(value) : value]),
    ),
  );
}

async function showOrder(ctx: Context, behind: OrderBehind): Promise<void> {
  const rows = behind.playbooks.map(({ id, n, s, p, p_low, p_high, a_s, b_s, cost_s, index }) => [
    ...[id, figure(n), figure(s), share(p), `${share(p_low)} – ${share(p_high)}`],
    ...[formatSeconds(a_s), formatSeconds(b_s), formatSeconds(cost_s), index === null ? null : `${figure(index)} /s`],
  ]);
  if (rows.length > 0) ctx.out.write(await renderTable(COLUMNS, rows, ctx.out, await ctx.style()));
  const { candidate_s, incumbent_s, better, incidents, person_s } = behind;
  say(
    ctx.out,
    'Each at its place in the new order, those before it having failed. n: how often it was tried, older incidents counting less; p: the chance that it works.',
  );
  const surely = better === null ? '' : `; sooner in ${share(better)} of the draws`;
  say(
    ctx.out,
    `Expected time to recover: ${formatSeconds(incumbent_s)} before, ${formatSeconds(candidate_s)} after${surely}.`,
  );
  if (incidents !== null) say(ctx.out, `${many(incidents, 'incident')} since the order last changed.`);
  if (person_s !== null) say(ctx.out, `A person, who comes last, is taken to need ${formatSeconds(person_s)}.`);
}

function showWait(ctx: Context, behind: WaitBehind): void {
  const { observed, given_up, best_s, best_cost_s, next_step_s, wait_s } = behind;
  say(
    ctx.out,
    `It was waited ${many(observed ?? 0, 'time')}, and in ${given_up ?? 0} of them given up; giving up costs ${formatSeconds(next_step_s)}, which is what comes next.`,
  );
  if (best_s === null) {
    say(
      ctx.out,
      'By the curve no wait is best: what recovers later than anybody has waited is not known, so it is widened.',
    );
  } else {
    say(
      ctx.out,
      `By the curve of times to health ${formatSeconds(best_s)} is best, with ${formatSeconds(best_cost_s)} expected for the wait and what follows it.`,
    );
  }
  if (wait_s !== null) {
    say(
      ctx.out,
      `The new wait is ${formatSeconds(wait_s)}: ${best_s === null ? 'wider' : 'the best and a quarter of it'}, at most a quarter away from the one before, and inside what its author allows.`,
    );
  }
}
