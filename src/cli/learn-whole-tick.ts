import { EXIT, OperatorError } from '../core/errors.js';
import { inspectDirectory } from '../core/journal/directory.js';
import { LOG_FILE } from '../core/journal/log-files.js';
import type { Ledger, Receipt } from '../core/ledger.js';
import { ACTION, LEARNER_ACTIONS } from '../core/records/audit-actions.js';
import type { AuditEntry } from '../core/records/audit-entry.js';
import type { Now } from '../core/records/moment.js';
import type { AuditGap } from '../core/registry/queries/health.js';
import { learnerTasks } from '../core/registry/queries/learning-tasks.js';
import { watchedOf } from '../healing/from-config.js';
import {
  type Advised,
  type Cached,
  type Checkpoint,
  checkpointOf,
  type Folded,
  foldOn,
  readCached,
  type Seen,
  startOf,
  writeCached,
} from '../learning/state/state-cache.js';
import { stateHash } from '../learning/state/state-hash.js';
import type { DetectionAdvice, Governance, LearnableCheck, TickPlan } from '../learning/tick/facts.js';
import { planTick } from '../learning/tick/plan-tick.js';
import type { Context } from './context.js';
import { accountOf, loadForHealing, presentOf } from './healing.js';
import { requireIntact } from './intact-log.js';
import { ADVISED_FOR_MS, adviceOn } from './learn-advice.js';
import { type Due, dueOf } from './learn-due.js';
import { governanceOf, learnableChecks } from './learn-facts.js';
import { tickFacts } from './learn-tick-facts.js';
import {
  type LearnTickOptions,
  NOTHING_DONE,
  type Ticked,
  tellTick,
  tellTickJson,
  together,
} from './learn-tick-words.js';
import type { TickInputs } from './learn-unchanged.js';
import { nextCommand } from './next-command.js';
import { noteRecovered } from './notes.js';
import { findLogs, requireLogs } from './reading.js';
import type { WhereOptions } from './where.js';
import { openForWriting } from './writing.js';

/** Episodes that are learned from in one go, under the lock: others wait for it. */
const MOST_AT_ONCE = 200;

/** What all rounds of one tick have in common. */
interface Round {
  readonly ctx: Context;
  readonly where: WhereOptions;
  readonly ledger: Ledger;
  readonly checks: readonly LearnableCheck[];
  readonly governance: Governance;
  readonly advice: readonly DetectionAdvice[] | undefined;
}

interface Decided {
  readonly plan: TickPlan;
  readonly folded: Folded;
  readonly due: Due;
  readonly now: Now;
}

export async function runWholeTick(
  ctx: Context,
  options: LearnTickOptions,
  inputs: TickInputs | undefined,
): Promise<number> {
  const { config, version } = await loadForHealing(ctx, options, true);
  const governance = governanceOf(config, version, accountOf());
  if (governance.mode === 'off') {
    await tell(ctx, options, NOTHING_DONE, 'learning is off in grace.yaml');
    return EXIT.done;
  }
  const watched = watchedOf(config, { clock: ctx.clock, store: undefined });
  const logs = await findLogs(ctx, options);
  // Whoever mistypes it in a crontab is told so; a host on which nothing has happened yet has nothing to learn.
  if (!inspectDirectory(logs).exists) requireLogs(logs, options);
  const { dir, ledger } = await openForWriting(ctx, options);
  try {
    const cached = readCached(dir);
    // Most of the folding is done before others have to wait for it.
    ledger.registry.sync();
    const { missing, isDue } = ledger.registry.control((view) => ({
      missing: view.missingLines(),
      isDue: dueOf(view, presentOf(ctx), 1).closed.length > 0,
    }));
    requireWhole(missing.filter(isBetween), options);
    // What is learned from was sealed just so; and where the log seems to lack its beginning the seal knows better.
    if (isDue || missing.length > 0) {
      await requireIntact(ctx, dir, options, { consequence: 'nothing was learned', quick: true });
    }
    requireWhole(missing, options);
    const before = ledger.registry.control((view) => foldOn(view, startOf(view, cached)));
    const isAdvised = stillAdvised(cached.advised, version, ctx.clock.now());
    const advice = isAdvised ? undefined : ledger.registry.control((view) => adviceOn(dir, view, config, watched));
    const advised = isAdvised ? cached.advised : { ms: ctx.clock.now(), config_version: version };
    const checks = learnableChecks(config, watched);
    const round: Round = { ctx, where: options, ledger, checks, governance, advice };
    const { last, ...ticked } = await allRounds(round, before, (checkpoint) =>
      writeCached(dir, { checkpoint, advised, seen: undefined }, ctx.unique),
    );
    noteRecovered(ctx, { ledger });
    if (ticked.tick === null) {
      const seen = inputs?.dir === dir ? seenBy(inputs, advised, last) : undefined;
      keep(dir, cached, { checkpoint: checkpointOf(last.folded), advised, seen }, ctx.unique);
    }
    await tell(ctx, options, ticked, 'there is nothing to do');
    return EXIT.done;
  } finally {
    ledger.close();
  }
}

/** Until nothing is left that is over. `acknowledged` is told what stands on the disk. */
async function allRounds(
  round: Round,
  start: Folded,
  acknowledged: (checkpoint: Checkpoint) => void,
): Promise<Ticked & { readonly last: Decided }> {
  let [before, { summary, tick }] = [start, NOTHING_DONE];
  const rules = new Map<string, string>();
  for (;;) {
    const receipt = await oneRound(round, before);
    const { plan, due, folded } = receipt.value;
    summary = together(summary, plan.summary);
    for (const { action, resource, decision } of plan.entries) {
      if (action === ACTION.configUpdate) rules.set(resource, String(decision.rule));
    }
    const written = checkpointIn(receipt);
    if (written !== undefined) tick = written.entry_id;
    if (written?.checkpoint !== undefined) acknowledged(written.checkpoint);
    // What writes nothing would be followed by the same again.
    if (!(due.more || plan.summary.more) || plan.entries.length === 0) {
      return { summary, rules, tick, state: stateHash(plan.state), last: receipt.value };
    }
    before = folded;
  }
}

function oneRound({ ctx, where, ledger, checks, governance, advice }: Round, before: Folded) {
  const tick_id = ctx.newSuffix();
  return ledger.transact((view) => {
    requireWhole(view.missingLines(), where);
    const now = presentOf(ctx);
    const folded = foldOn(view, before);
    const due = dueOf(view, now, MOST_AT_ONCE);
    const plan = planTick(
      tickFacts({
        ...{ view, now, state: folded.state, episodes: due.closed, checks, governance, advice, tick_id },
        tasks: (ids) => ledger.registry.read((db) => learnerTasks(db, ids)),
      }),
    );
    return { entries: plan.entries, value: { plan, folded, due, now } satisfies Decided };
  });
}

/** The tick that was written, and the state behind it, if that is what it says. */
function checkpointIn({ entries, value }: Receipt<Decided>) {
  const entry = entries.findLast(({ action }) => action === ACTION.learningTick);
  if (entry === undefined) return undefined;
  const { plan, folded } = value;
  const { entry_id } = entry;
  const sha256 = stateHash(plan.state);
  const line = lineOf(entry);
  const first = folded.first ?? entries.find(({ action }) => LEARNER_ACTIONS.includes(action))?.entry_id;
  const isProven = line !== undefined && first !== undefined && entry.metadata.state === sha256;
  return { entry_id, checkpoint: isProven ? { line, sha256, state: plan.state, first } : undefined };
}

/** Its id says where it stands. */
function lineOf({ entry_id }: AuditEntry): number | undefined {
  const line = Number(/^log_(\d+)_/.exec(entry_id)?.[1]);
  return Number.isSafeInteger(line) ? line : undefined;
}

function stillAdvised(advised: Advised | undefined, config_version: string, now_ms: number): boolean {
  if (advised?.config_version !== config_version) return false;
  return advised.ms <= now_ms && now_ms < advised.ms + ADVISED_FOR_MS;
}

/**
 * Nothing was to be done, and nothing is until something of `inputs` changes, a relapse window closes, or it is time to look at
 * the probes again.
 */
function seenBy(inputs: TickInputs, advised: Advised | undefined, { due, now, plan }: Decided): Seen | undefined {
  if (due.more || plan.summary.more || plan.entries.length > 0 || advised === undefined) return undefined;
  const advice_s = (advised.ms + ADVISED_FOR_MS - now.ms) / 1000;
  const next_s = Math.min(due.next_s ?? advice_s, advice_s);
  const until = { elapsed_s: now.elapsed_s + next_s, ms: now.ms + next_s * 1000 };
  return { inputs: inputs.sha256, boot_id: now.boot_id, from_ms: now.ms, until };
}

function keep(dir: string, before: Cached, after: Cached, unique: string): void {
  const isSame = JSON.stringify([before.seen, before.advised]) === JSON.stringify([after.seen, after.advised]);
  if (isSame && before.checkpoint?.sha256 === after.checkpoint?.sha256) return;
  writeCached(dir, after, unique);
}

function isBetween({ from }: AuditGap): boolean {
  return from > 1;
}

/** A log with holes says less than was known when decisions were made: nothing is learned from what is left of it. */
function requireWhole(missing: readonly AuditGap[], where: WhereOptions): void {
  if (missing.length === 0) return;
  const lines = missing.map(({ from, to }) => (from === to ? `line ${from}` : `lines ${from} to ${to}`)).join(', ');
  throw new OperatorError(
    'GRACE_LOG_GAP',
    EXIT.auditBroken,
    `records are missing, ${lines} of ${LOG_FILE.audit}: nothing was learned, and nothing was changed`,
    { hint: `${nextCommand(['doctor'], where)}   # says how to put them back` },
  );
}

async function tell(ctx: Context, options: LearnTickOptions, ticked: Ticked, otherwise: string): Promise<void> {
  if (options.json) await tellTickJson(ctx, ticked);
  else tellTick(ctx, options, ticked, otherwise);
}
