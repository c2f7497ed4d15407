import { closest } from '../core/config/closest.js';
import { EXIT, type ExitCode, OperatorError } from '../core/errors.js';
import { RAIL_IDS, type RailId } from '../core/records/rails.js';
import type { Looked, Monitor } from '../healing/engine/monitor.js';
import { isPassable } from '../healing/engine/rails.js';
import type { HealEvent } from '../healing/events.js';
import type { Context } from './context.js';
import { HealSession } from './heal-session.js';
import { eventWords, staysOpenWords } from './heal-words.js';
import { accountOf, chosenChecks, loadForHealing } from './healing.js';
import { interruptible } from './interrupts.js';
import { escapeText } from './output/escape.js';
import { warner } from './warner.js';
import type { WritingOptions } from './where.js';

export type HealRunOptions = WritingOptions & {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly passOver?: string;
};

/** In a pass nobody follows up, a failure is confirmed within it: at the pace of the check, at most this. */
const MOST_PACE_S = 1;

/** One pass over all checks. 0: all is well or was healed; 3: something is not; 4: only because it was held back. */
export function runHealRun(ctx: Context, names: readonly string[], options: HealRunOptions): Promise<number> {
  return interruptible(async ({ stop, exit }) => {
    const passOver = railsOf(options.passOver);
    const loaded = await loadForHealing(ctx, options, true);
    const said = new Set<string>();
    const emit = (event: HealEvent) => {
      const words = options.json ? undefined : eventWords(event, options.verbose === true || ctx.out.isTTY);
      if (words !== undefined && event.kind === 'withheld') said.add(event.check);
      if (words !== undefined) ctx.out.write(`${escapeText(`${event.check}: ${words}`)}\n`);
    };
    const session = await HealSession.open(ctx, loaded, {
      ...{ where: options, stop, emit, passOver },
      trouble: warner(ctx),
      // Who passes over a rail does so in their own name.
      ...(passOver.length > 0 ? { account: `operator:${accountOf()}`, trigger: 'cli' } : {}),
    });
    try {
      await session.tidy(loaded);
      session.notifier.catchUp();
      const { monitors, plan } = await session.monitors(loaded);
      const chosen = new Set(chosenChecks(plan.watched, names, loaded.config));
      const wanted = monitors.filter(({ watched }) => chosen.has(watched));
      // All of them: one that cannot be dealt with must not leave the remedies of others in the middle.
      if (wanted.length === 0) ctx.err.write('grace: note: grace.yaml names no check: nothing was looked at\n');
      const passes = await Promise.allSettled(
        wanted.map((monitor) =>
          pass(monitor, stop, () => session.settle(loaded)).catch((error: unknown) => {
            session.cannotRecord(monitor.watched, error);
            throw named(monitor.watched.check.name, error);
          }),
        ),
      );
      const looked = passes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      const [failure, ...others] = passes.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
      if (options.json) await showJson(ctx, looked);
      else if (options.verbose) {
        for (const { monitor, result } of looked) {
          ctx.out.write(
            `${escapeText(`${monitor.watched.check.name}: ${result.probe.status}: ${result.probe.summary}`)}\n`,
          );
        }
      }
      for (const { monitor, result } of options.json ? [] : looked) {
        const { name } = monitor.watched.check;
        const words = staysOpenWords(result, said.has(name));
        if (words !== undefined) ctx.out.write(`${escapeText(`${name}: ${words}`)}\n`);
      }
      for (const other of others) warner(ctx)(other);
      if (failure !== undefined) throw failure;
      return exit() ?? exitOf(looked.map(({ result }) => result));
    } finally {
      await session.close();
    }
  });
}

function named(check: string, error: unknown): unknown {
  if (!(error instanceof OperatorError)) return error;
  const { code, exit, message, hint, cause } = error;
  return new OperatorError(code, exit, `${check}: ${message}`, { ...(hint === undefined ? {} : { hint }), cause });
}

async function pass(monitor: Monitor, stop: AbortSignal, settle: () => Promise<unknown>) {
  const pace_s = Math.min(monitor.watched.every_s, MOST_PACE_S);
  let result = await monitor.lookUntilClear(pace_s, stop);
  if (result.kind === 'handled' && result.handled.kind === 'left_alone' && result.handled.reason === 'abandoned') {
    await settle();
    result = await monitor.lookUntilClear(pace_s, stop);
  }
  return { monitor, result };
}

function exitOf(results: readonly Looked[]): ExitCode {
  const handled = results.flatMap((looked) => (looked.kind === 'handled' ? [looked.handled] : []));
  const bad = handled.filter(({ kind }) => kind !== 'resolved' && kind !== 'left_alone');
  if (results.some(({ kind }) => kind === 'could_not_tell')) return EXIT.badAnswer;
  if (bad.length === 0) return handled.some(({ kind }) => kind === 'left_alone') ? EXIT.locked : EXIT.done;
  return bad.every(({ kind }) => kind === 'withheld') ? EXIT.refused : EXIT.badAnswer;
}

/** What to do about a rail that nobody passes over, where one command says it. */
const MENDED_BY: Partial<Record<RailId, string>> = {
  brake: 'grace heal brake off',
  log_gap: 'grace doctor   # says which records are missing',
};

function railsOf(text: string | undefined): RailId[] {
  if (text === undefined) return [];
  return text.split(',').map((word) => {
    const rail = RAIL_IDS.find((id) => id === word.trim());
    if (rail !== undefined && isPassable(rail)) return rail;
    const passable = RAIL_IDS.filter(isPassable);
    const message =
      rail === undefined ? `--pass-over ${word}: there is no rail of that name` : `nobody passes over the rail ${rail}`;
    const hint = rail !== undefined && MENDED_BY[rail] ? MENDED_BY[rail] : `--pass-over ${closest(word, passable)}`;
    throw new OperatorError('GRACE_USAGE', EXIT.usage, message, { hint });
  });
}

async function showJson(ctx: Context, looked: readonly { monitor: Monitor; result: Looked }[]): Promise<void> {
  const { writeJson } = await import('./output/json.js');
  writeJson(ctx.out, {
    schema: 'grace.pass/1',
    checks: looked.map(({ monitor, result }) => ({
      check: monitor.watched.check.name,
      status: result.probe.status,
      summary: result.probe.summary,
      result: result.kind === 'handled' ? result.handled.kind : result.kind,
      incident_id: incidentOf(result),
    })),
  });
}

function incidentOf(looked: Looked): string | null {
  if (looked.kind === 'recovered') return looked.incident.incident_id;
  if (looked.kind !== 'handled' || !('incident' in looked.handled)) return null;
  return looked.handled.incident?.incident_id ?? null;
}
