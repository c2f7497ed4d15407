import { EXIT } from '../core/errors.js';
import { inMillis } from '../core/records/time.js';
import { asJson } from '../learning/governance/change.js';
import {
  type Chronicle,
  type ProposalStory,
  reasonOf,
  type VersionFate,
  type VersionStory,
} from '../learning/governance/chronicle.js';
import { sinceVersion } from '../learning/governance/evidence-of.js';
import type { Context } from './context.js';
import { lookedUp } from './learn-chronicle.js';
import { proposalJson } from './learn-proposals.js';
import { many, settingText, subjectText } from './learn-words.js';
import { countOption } from './options.js';
import { renderTable, type TableColumn } from './output/table.js';
import { formatUtc } from './output/time.js';
import type { WhereOptions } from './where.js';

export type HistoryOptions = WhereOptions & {
  readonly json?: boolean;
  readonly check?: string;
  readonly limit?: string;
  /** Decided and withdrawn proposals, too. */
  readonly all?: boolean;
};

const DEFAULT_LIMIT = 20;

const COLUMNS: TableColumn[] = [
  { header: 'id', grow: 0 },
  { header: 'when', grow: 0 },
  { header: 'check' },
  { header: 'change', grow: 2 },
  { header: 'by', grow: 2 },
  { header: 'now' },
  { header: 'since', align: 'right', grow: 0 },
];

/** What was changed, newest first, and what became of it. */
export async function runLearnHistory(ctx: Context, options: HistoryOptions): Promise<number> {
  const limit = countOption('--limit', options.limit, { least: 1, most: 1_000_000 }) ?? DEFAULT_LIMIT;
  const chronicle = await lookedUp(ctx, options, true, options.check);
  const isWanted = ({ check }: { check: string }) => options.check === undefined || check === options.check;
  const decided = options.all ? chronicle.proposals.filter(({ fate }) => fate.now !== 'open') : [];
  const lines = [...chronicle.versions, ...decided].filter(isWanted).toSorted((a, b) => lineOf(b) - lineOf(a));
  const shown = lines.slice(0, limit);
  if (options.json) {
    const { writeJson } = await import('./output/json.js');
    writeJson(ctx.out, {
      ...{ schema: 'grace.learn_history/1', matching: lines.length, limit },
      versions: shown.flatMap((one) => (isVersion(one) ? [versionJson(chronicle, one)] : [])),
      proposals: shown.flatMap((one) => (isVersion(one) ? [] : [proposalJson(one)])),
    });
    return EXIT.done;
  }
  const rows = shown.map((one) => (isVersion(one) ? versionRow(chronicle, one) : proposalRow(one)));
  if (rows.length > 0) ctx.out.write(await renderTable(COLUMNS, rows, ctx.out, await ctx.style()));
  ctx.err.write(counted(shown.length, lines.length, options));
  return EXIT.done;
}

type Line = VersionStory | ProposalStory;

function isVersion(one: Line): one is VersionStory {
  return 'hold' in one;
}

/** A version stands where it was made, a proposal where it was decided. */
function lineOf(one: Line): number {
  if (isVersion(one) || one.fate.now === 'open') return one.entry.line;
  return one.fate.entry.line;
}

function versionRow(chronicle: Chronicle, one: VersionStory) {
  const { id, entry, account, rule, fate, from, to } = one;
  return [
    ...[id, formatUtc(entry.at), subjectText(one), `${settingText(from)} → ${settingText(to)}`],
    ...[`${account} (${rule})`, `${madeText(one)}${fateText(fate)}`, sinceVersion(chronicle, one).incidents],
  ];
}

function proposalRow(one: ProposalStory) {
  const { id, entry, fate, from, to, kind } = one;
  const ended = fate.now === 'open' ? undefined : fate.entry;
  const reason = reasonOf(fate);
  const rule = ended?.decision.rule;
  return [
    ...[id, formatUtc((ended ?? entry).at), subjectText(one), `${kind}: ${settingText(from)} → ${settingText(to)}`],
    `${ended?.actor ?? ''}${typeof rule === 'string' ? ` (${rule})` : ''}`,
    `${fate.now}${reason === null ? '' : `: ${reason}`}${fate.now === 'approved' && fate.version !== null ? ` as ${fate.version}` : ''}`,
    null,
  ];
}

/** Of a rollback, what it undoes; of the others nothing. */
function madeText({ rolls_back, reason }: VersionStory): string {
  if (rolls_back === null && reason === null) return '';
  return `undoes ${rolls_back ?? 'what was learned'} (${reason ?? 'no reason on record'}); `;
}

export function fateText(fate: VersionFate): string {
  switch (fate.now) {
    case 'in_force':
      return 'in force';
    case 'replaced':
      return `replaced by ${fate.by}`;
    case 'rolled_back':
      return `rolled back by ${fate.by}`;
    case 'grace_yaml':
      return 'ended by a change to grace.yaml';
  }
}

function counted(n: number, matching: number, { check }: HistoryOptions): string {
  const about = check === undefined ? '' : ' of that check';
  if (matching === 0) return `nothing was changed by learning${about} yet\n`;
  if (n === matching) return `${many(n, 'change')}\n`;
  return `${n} of ${many(matching, 'change')}; all of them: --limit ${matching}\n`;
}

export function versionJson(chronicle: Chronicle, one: VersionStory) {
  const { id, number, kind, check, playbook, from, to, rule, account, proposal, reason, rolls_back, hold, entry } = one;
  const { fate } = one;
  return {
    ...{ id, version: number, kind, check, playbook, from: asJson(from), to: asJson(to) },
    ...{ at: inMillis(entry.at), account, rule, proposal, reason, rolls_back, hold },
    ...{ note: entry.metadata.note ?? null, state: fate.now, ended_by: 'by' in fate ? fate.by : null },
    since: sinceVersion(chronicle, one),
  };
}
