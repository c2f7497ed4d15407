import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { closest } from '../core/config/closest.js';
import { EXIT, OperatorError } from '../core/errors.js';
import { shellQuoted } from '../core/shell-quoted.js';
import { settle } from '../healing/settle.js';
import type { Drill } from '../trigger/drill.js';
import { type DrillDirectory, openDrillDirectory } from '../trigger/drill-directory.js';
import type { Context } from './context.js';
import { drillCatalogue } from './drill-catalogue.js';
import type { DrillEnd } from './drill-end.js';
import { type DrillProps, drillProgram, openStage, runDrillOnStage } from './drill-run.js';
import { conclusion, openDrillScreen, SILENT_SCREEN } from './drill-screen.js';
import { type DrillResult, tallyDrills } from './drill-tally.js';
import { interruptible } from './interrupts.js';
import { noteRecovered } from './notes.js';
import { countOption } from './options.js';
import { escapeText } from './output/escape.js';
import { renderTable } from './output/table.js';
import { formatSeconds } from './output/time.js';
import type { WhereOptions } from './where.js';
import { openForWriting } from './writing.js';

export interface DrillOptions extends WhereOptions {
  readonly json?: boolean;
  /** 0: one that is free. */
  readonly port: number;
}

export async function runDrillCommand(
  ctx: Context,
  id: string | undefined,
  options: Omit<DrillOptions, 'port'> & { readonly port?: string; readonly all?: boolean; readonly show?: boolean },
): Promise<number> {
  if (options.all) {
    if (id === undefined && options.port === undefined && !options.show) return runAllDrills(ctx, options);
    throw new OperatorError('GRACE_USAGE', EXIT.usage, '--all goes without a drill, --port and --show', {
      hint: 'grace trigger drill --all',
    });
  }
  const all = drillCatalogue(ctx);
  const known = all.map((one) => one.id);
  if (id === undefined && options.show) {
    throw new OperatorError('GRACE_USAGE', EXIT.usage, '--show needs the drill that it is to show', {
      hint: `grace trigger drill ${all[0].id} --show   # or ${known.slice(1).join(', ')}`,
    });
  }
  if (id === undefined && options.port !== undefined) {
    throw new OperatorError('GRACE_USAGE', EXIT.usage, '--port needs the drill it is for', {
      hint: `grace trigger drill ${all[0].id} --port ${shellQuoted(options.port)}`,
    });
  }
  if (id === undefined) return listDrills(ctx, all, options.json === true);
  const drill = all.find((one) => one.id === id);
  if (!drill) {
    throw new OperatorError('GRACE_UNKNOWN_DRILL', EXIT.usage, `there is no drill ${id}`, {
      hint: `grace trigger drill ${closest(id, known)}`,
    });
  }
  if (options.show) return showDrill(ctx, drill, options.json === true);
  const port = countOption('--port', options.port, { least: 1, most: 65_535 }) ?? 0;
  return runDrill(ctx, drill, { ...options, port });
}

async function listDrills(ctx: Context, all: readonly Drill[], json: boolean): Promise<number> {
  if (json) {
    const { writeJson } = await import('./output/json.js');
    const drills = all.map(({ id, failure_mode, summary }) => ({ id, failure_mode, summary }));
    writeJson(ctx.out, { schema: 'grace.drills/1', drills });
    return EXIT.done;
  }
  const columns = [{ header: 'drill' }, { header: 'failure mode' }, { header: 'what happens' }];
  const rows = all.map(({ id, failure_mode, summary }) => [id, failure_mode, summary]);
  ctx.out.write(await renderTable(columns, rows, ctx.out, await ctx.style()));
  ctx.out.write('Run one: grace trigger drill port-in-use   All of them: grace trigger drill --all\n');
  return EXIT.done;
}

/** What heals this failure mode, to copy from: it is what the drill runs, with the places of a stage that is cleared again. */
async function showDrill(ctx: Context, drill: Drill, json: boolean): Promise<number> {
  requirePossible(drill);
  let directory: DrillDirectory | undefined;
  try {
    const stage = await openStage(ctx, drill, {
      port: 0,
      dir: async () => {
        directory ??= await directoryOf(ctx);
        return directory.path;
      },
    });
    try {
      const { checks, playbooks } = stage.config;
      const config = { version: 1, mode: 'observe', checks, playbooks };
      if (json) {
        const { writeJson } = await import('./output/json.js');
        const { id, failure_mode } = drill;
        writeJson(ctx.out, { schema: 'grace.drill_config/1', drill: id, failure_mode, config });
        return EXIT.done;
      }
      const { stringify } = await import('yaml');
      ctx.out.write(`# ${drill.id}: what heals ${drill.failure_mode} in this drill\n`);
      const lines = stringify(config).trimEnd().split('\n');
      for (const line of lines) ctx.out.write(`${escapeText(line)}\n`);
      return EXIT.done;
    } finally {
      await stage.end();
    }
  } finally {
    await directory?.end();
  }
}

/** Causes the fault, lets the engine heal it, and leaves nothing running, whatever happens. */
export async function runDrill(ctx: Context, drill: Drill, options: DrillOptions): Promise<number> {
  return interruptible(async (interrupts) => {
    requirePossible(drill);
    const screen = await openDrillScreen(ctx, drill, options);
    const writing = await openForWriting(ctx, options);
    try {
      screen.settled(await settle(writing.ledger, ctx.clock));
      const end = await drillOnce(ctx, drill, { writing, screen, interrupts, port: options.port });
      await screen.finish(end, writing.dir);
      noteRecovered(ctx, writing);
      if (end.kind === 'resolved') return EXIT.done;
      return interrupts.exit() ?? EXIT.badAnswer;
    } finally {
      writing.ledger.close();
    }
  });
}

/** The acceptance test of a host: every drill that can run here, one after another. */
export async function runAllDrills(ctx: Context, options: Omit<DrillOptions, 'port'>): Promise<number> {
  return interruptible(async (interrupts) => {
    const writing = await openForWriting(ctx, options);
    const runs: DrillRun[] = [];
    const catalogue = drillCatalogue(ctx);
    try {
      await settle(writing.ledger, ctx.clock);
      for (const drill of catalogue) {
        if (interrupts.stop.aborted) break;
        const run = await runOfAll(ctx, drill, { writing, interrupts, port: 0 });
        runs.push(run);
        if (!options.json) await tellRun(ctx, run);
      }
      noteRecovered(ctx, writing);
    } finally {
      writing.ledger.close();
    }
    const { healed, possible, impossible, isShown } = tallyDrills(
      runs.map(({ result }) => result),
      catalogue.length,
    );
    if (options.json) {
      const { writeJson } = await import('./output/json.js');
      writeJson(ctx.out, { schema: 'grace.drills_run/1', healed: isShown, drills: runs });
    } else {
      const not = impossible > 0 ? `; ${impossible} cannot run here` : '';
      ctx.out.write(`${healed} of ${possible} drills healed and verified${not}\n`);
    }
    return interrupts.exit() ?? (isShown ? EXIT.done : EXIT.badAnswer);
  });
}

/** How one drill of all went. */
interface DrillRun {
  readonly drill: string;
  readonly failure_mode: string;
  readonly result: DrillResult;
  readonly incident_id: string | null;
  readonly mttr_seconds: number | null;
  /** Why it was not healed, or could not run. */
  readonly reason: string | null;
}

async function runOfAll(ctx: Context, drill: Drill, props: Omit<DrillProps, 'dir' | 'screen'>): Promise<DrillRun> {
  const about = { drill: drill.id, failure_mode: drill.failure_mode, incident_id: null, mttr_seconds: null };
  const impossible = drill.impossible?.();
  if (impossible !== undefined) return { ...about, result: 'impossible', reason: impossible };
  try {
    const end = await drillOnce(ctx, drill, { ...props, screen: SILENT_SCREEN });
    const incident = 'incident' in end ? end.incident : undefined;
    return {
      ...about,
      result: end.kind,
      incident_id: incident?.incident_id ?? null,
      mttr_seconds: incident?.mttr_seconds ?? null,
      reason: end.kind === 'resolved' ? null : conclusion(end).detail,
    };
  } catch (error) {
    // One that could not be staged says nothing about the others.
    if (!(error instanceof OperatorError)) throw error;
    return { ...about, result: 'error', reason: `${error.message} [${error.code}]` };
  }
}

async function tellRun(ctx: Context, run: DrillRun): Promise<void> {
  const style = await ctx.style();
  const [word, paint] =
    run.result === 'resolved'
      ? (['HEALED', style.green] as const)
      : run.result === 'impossible'
        ? (['SKIPPED', style.yellow] as const)
        : (['NOT HEALED', style.red] as const);
  const detail = run.reason ?? `in ${formatSeconds(run.mttr_seconds)}: ${run.incident_id}`;
  ctx.out.write(`${paint(word.padEnd(10))}  ${run.drill.padEnd(22)}  ${escapeText(detail)}\n`);
}

/** One drill on its stage; its directory goes with it. */
async function drillOnce(ctx: Context, drill: Drill, props: Omit<DrillProps, 'dir'>): Promise<DrillEnd> {
  let directory: DrillDirectory | undefined;
  const dir = async () => {
    directory ??= await directoryOf(ctx);
    return directory.path;
  };
  try {
    return await runDrillOnStage(ctx, drill, { ...props, dir });
  } finally {
    await directory?.end();
  }
}

function directoryOf(ctx: Context): Promise<DrillDirectory> {
  const program = drillProgram(ctx, 'drill-keeper');
  return openDrillDirectory({ parent: realpathSync(tmpdir()), program, nodePath: ctx.nodePath });
}

function requirePossible(drill: Drill): void {
  const why = drill.impossible?.();
  if (why === undefined) return;
  throw new OperatorError('GRACE_DRILL_IMPOSSIBLE', EXIT.refused, `${drill.id} cannot run here: ${why}`, {
    hint: 'grace trigger drill   # lists the drills',
  });
}
