import type { TickSummary } from '../learning/tick/facts.js';
import type { Context } from './context.js';
import { many } from './learn-words.js';
import { nextCommand } from './next-command.js';
import { escapeText } from './output/escape.js';
import type { WhereOptions, WritingOptions } from './where.js';

export type LearnTickOptions = WritingOptions & { readonly json?: boolean; readonly verbose?: boolean };

/** What a tick has done, in all its rounds. */
export interface Ticked {
  readonly summary: TickSummary;
  /** What allowed each version, by its id. */
  readonly rules: ReadonlyMap<string, string>;
  /** Hash of the state after it; `null`: learning is off. */
  readonly state: string | null;
  /** Entry id of the last `learning_tick` that was written; `null`: there was nothing to do. */
  readonly tick: string | null;
}

const NO_SUMMARY: TickSummary = {
  ...{ more: false, outcomes: 0, left_out: 0 },
  ...{ applied: [], proposed: [], rolled_back: [], withdrawn: [] },
};

export const NOTHING_DONE: Ticked = { summary: NO_SUMMARY, rules: new Map(), state: null, tick: null };

export function together(one: TickSummary, other: TickSummary): TickSummary {
  return {
    more: other.more,
    outcomes: one.outcomes + other.outcomes,
    left_out: one.left_out + other.left_out,
    applied: [...one.applied, ...other.applied],
    proposed: [...one.proposed, ...other.proposed],
    rolled_back: [...one.rolled_back, ...other.rolled_back],
    withdrawn: [...one.withdrawn, ...other.withdrawn],
  };
}

/** One line of each thing that was done; `otherwise` where nothing was, and only if it is asked for. */
export function tellTick(
  ctx: Pick<Context, 'out'>,
  options: WhereOptions & { readonly verbose?: boolean },
  { summary, rules, tick }: Pick<Ticked, 'summary' | 'rules' | 'tick'>,
  otherwise: string,
): void {
  const { outcomes, left_out, applied, proposed, rolled_back, withdrawn } = summary;
  const lines = [
    ...(outcomes === 0 ? [] : [`learned from ${many(outcomes, 'incident')}${notCounted(left_out)}`]),
    ...rolled_back,
    ...applied.map((text) => `${text}${allowed(text, rules)}`),
    ...proposed.map((text) => `${text.replace(/^(p\d+):/, '$1 proposed:')}${explain(text, options)}`),
    ...withdrawn.map((text) => text.replace(/^(p\d+):/, '$1 withdrawn:')),
  ];
  // It changes what is served, and nobody has asked learning for it.
  if (lines.length === 0 && tick !== null) lines.push('took in what grace.yaml says now: grace learn status shows it');
  if (lines.length === 0 && options.verbose) lines.push(otherwise);
  for (const line of lines) ctx.out.write(`${escapeText(line)}\n`);
}

function notCounted(n: number): string {
  return n === 0 ? '' : `, of which ${n === 1 ? '1 counts' : `${n} count`} for nothing`;
}

function allowed(text: string, rules: Ticked['rules']): string {
  const rule = rules.get(/^v\d+/.exec(text)?.[0] ?? '');
  return rule === undefined ? '' : ` (auto-approved: ${rule})`;
}

/** The command that shows the numbers behind a proposal. */
function explain(text: string, where: WhereOptions): string {
  const id = /^p\d+/.exec(text)?.[0];
  return id === undefined ? '' : `: ${nextCommand(['learn', 'explain', id], where)}`;
}

export async function tellTickJson(ctx: Pick<Context, 'out'>, { summary, state, tick }: Ticked): Promise<void> {
  const { writeJson } = await import('./output/json.js');
  const { more: _, ...rest } = summary;
  writeJson(ctx.out, { schema: 'grace.learn_tick/1', ...rest, state, tick });
}
