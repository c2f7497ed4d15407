import type { LoadedConfig } from '../core/config/load-config.js';
import { EXIT } from '../core/errors.js';
import { ACTION } from '../core/records/audit-actions.js';
import { ageOf, type Now } from '../core/records/moment.js';
import { formatInstant, inMillis, parseInstant } from '../core/records/time.js';
import type { ControlEntry, ControlView } from '../core/registry/queries/control.js';
import { watchedOf } from '../healing/from-config.js';
import { foldOn, readCached, startOf } from '../learning/state/state-cache.js';
import type { Governance, LearnableCheck, LearningMode } from '../learning/tick/facts.js';
import type { Context } from './context.js';
import { accountOf, loadForHealing, presentOf } from './healing.js';
import { dueOf, overdueFor } from './learn-due.js';
import { governanceOf, learnableChecks } from './learn-facts.js';
import { standingOf } from './learn-standing.js';
import type { LearnStatus } from './learn-status-text.js';
import { nextCommand } from './next-command.js';
import { noteTrouble } from './notes.js';
import { openForLooking } from './reading.js';
import type { WhereOptions } from './where.js';

export type LearnStatusOptions = WhereOptions & { readonly json?: boolean };

/** Outcomes of which it is told how late they were learned. */
const MOST_OUTCOMES = 50;
const MOST_TICKS = 1000;
/** Episodes that are over and not learned from yet, as far as they are counted. */
const MOST_READY = 1000;

/** How learning stands. Looks only. */
export async function runLearnStatus(ctx: Context, options: LearnStatusOptions): Promise<number> {
  const reading = await openForLooking(ctx, options);
  try {
    const { dir, registry } = reading;
    const loaded = await loadForHealing(ctx, options, false).catch(() => undefined);
    const said = loaded && saidBy(ctx, loaded);
    const now = presentOf(ctx);
    const cached = readCached(dir);
    const known = registry.control((view) => {
      const { state, first_at } = {
        ...foldOn(view, startOf(view, cached)),
        first_at: view.learnerEntries(0, 1)[0]?.at,
      };
      return {
        mode: said?.governance.mode ?? null,
        mode_since: modeSince(view, said?.governance.mode),
        learning_since: inMillis(first_at ?? null),
        holdout: said?.governance.holdout ?? null,
        outcomes: state.outcomes,
        checks: said === undefined ? [] : standingOf(view, state, said.checks, said.governance),
        proposals: { open: view.openProposals().length },
        waiting: waiting(view, now),
        last_tick: lastTick(view, now),
        lateness: lateness(view),
        missing: view.missingLines(),
      };
    });
    const status: LearnStatus = { ...known, next: nextWords(known, options) };
    if (options.json) {
      const { writeJson } = await import('./output/json.js');
      writeJson(ctx.out, { schema: 'grace.learn_status/1', ...status });
    } else {
      const { showLearnStatus } = await import('./learn-status-text.js');
      showLearnStatus(ctx.out, status, await ctx.style());
    }
    noteTrouble(ctx, reading);
    return EXIT.done;
  } finally {
    reading.registry.close();
  }
}

function saidBy(ctx: Context, { config, version }: LoadedConfig): { governance: Governance; checks: LearnableCheck[] } {
  return {
    governance: governanceOf(config, version, accountOf()),
    checks: learnableChecks(config, watchedOf(config, { clock: ctx.clock, store: undefined })),
  };
}

/** The oldest of the newest ticks that all found this mode. */
function modeSince(view: ControlView, mode: LearningMode | undefined): string | null {
  let since: ControlEntry | undefined;
  for (const tick of view.recentControls(ACTION.learningTick, MOST_TICKS)) {
    if (tick.metadata.mode !== mode) break;
    since = tick;
  }
  return inMillis(since?.at ?? null);
}

function waiting(view: ControlView, now: Now): LearnStatus['waiting'] {
  const { closed, settling, open, next_s } = dueOf(view, now, MOST_READY);
  const overdue = closed.flatMap((episode) => overdueFor(episode, now) ?? []);
  return {
    ready: closed.length,
    overdue_s: overdue.length === 0 ? null : Math.max(...overdue),
    ...{ settling, open, settles_in_s: next_s },
    settles_at: next_s === null ? null : formatInstant(now.ms + next_s * 1000),
  };
}

function lastTick(view: ControlView, now: Now): LearnStatus['last_tick'] {
  const [tick] = view.recentControls(ACTION.learningTick, 1);
  return tick === undefined ? null : { at: inMillis(tick.at), ago_s: ageOf(tick, now), entry_id: tick.entry_id };
}

function lateness(view: ControlView): LearnStatus['lateness'] {
  const late = view.recentControls(ACTION.outcomeLearned, MOST_OUTCOMES).flatMap((entry) => {
    const { opening } = entry.metadata;
    const ms = parseInstant(entry.at);
    const episode = typeof opening === 'string' ? view.episodeAt(opening, entry.line) : undefined;
    if (episode === undefined || ms === undefined) return [];
    return overdueFor(episode, { boot_id: entry.boot_id ?? '', elapsed_s: entry.elapsed_s ?? 0, ms }) ?? [];
  });
  late.sort((a, b) => a - b);
  const [median_s, most_s] = [late[Math.floor((late.length - 1) / 2)], late.at(-1)];
  return median_s === undefined || most_s === undefined ? null : { n: late.length, median_s, most_s };
}

/** One thing, the most urgent. */
function nextWords(status: Omit<LearnStatus, 'next'>, where: WhereOptions): string | null {
  const {
    mode,
    missing,
    waiting: { ready },
    proposals,
  } = status;
  const type = (...words: string[]) => nextCommand(words, where);
  if (missing.length > 0) return type('doctor');
  if (mode === null) return type('config', 'check');
  if (mode === 'off') return null;
  if (ready > 0) return type('learn', 'tick');
  return proposals.open > 0 ? type('learn', 'proposals') : null;
}
