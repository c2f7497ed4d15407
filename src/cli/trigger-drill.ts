import { join } from 'node:path';
import { EXIT, OperatorError } from '../core/errors.js';
import { ownIdentity } from '../core/host/process-identity.js';
import { ACTION } from '../core/records/audit-actions.js';
import type { JsonObject } from '../core/records/json.js';
import { shellQuoted } from '../core/shell-quoted.js';
import { type HealResult, heal } from '../healing/heal.js';
import { httpCheck } from '../healing/http-check.js';
import { killPortHolder } from '../healing/kill-port-holder.js';
import type { Playbook } from '../healing/playbook.js';
import { findPortHolders } from '../healing/port-holder.js';
import { settle } from '../healing/settle.js';
import type { Drill, Stage } from '../trigger/drill.js';
import { DRILLS } from '../trigger/drills.js';
import type { Context } from './context.js';
import { type DrillScreen, openDrillScreen } from './drill-screen.js';
import { type Interrupts, interruptible } from './interrupts.js';
import { noteRecovered } from './notes.js';
import { closest, countOption } from './options.js';
import { renderTable } from './output/table.js';
import type { WhereOptions } from './where.js';
import { openForWriting, type Writing } from './writing.js';

export interface DrillOptions extends WhereOptions {
  readonly json?: boolean;
  /** 0: one that is free. */
  readonly port: number;
}

export async function runDrillCommand(
  ctx: Context,
  id: string | undefined,
  options: Omit<DrillOptions, 'port'> & { readonly port?: string },
): Promise<number> {
  if (id === undefined && options.port !== undefined) {
    throw new OperatorError('GRACE_USAGE', EXIT.usage, '--port needs the drill it is for', {
      hint: `grace trigger drill ${DRILLS[0].id} --port ${shellQuoted(options.port)}`,
    });
  }
  if (id === undefined) return listDrills(ctx, options.json === true);
  const drill = DRILLS.find((one) => one.id === id);
  if (!drill) {
    const known = DRILLS.map((one) => one.id);
    throw new OperatorError('GRACE_UNKNOWN_DRILL', EXIT.usage, `there is no drill ${id}`, {
      hint: `grace trigger drill ${closest(id, known)}`,
    });
  }
  const port = countOption('--port', options.port, { least: 1, most: 65_535 }) ?? 0;
  return runDrill(ctx, drill, { ...options, port });
}

async function listDrills(ctx: Context, json: boolean): Promise<number> {
  if (json) {
    const { writeJson } = await import('./output/json.js');
    const drills = DRILLS.map(({ id, failure_mode, summary }) => ({ id, failure_mode, summary }));
    writeJson(ctx.out, { schema: 'grace.drills/1', drills });
    return EXIT.done;
  }
  const columns = [{ header: 'drill' }, { header: 'failure mode' }, { header: 'what happens' }];
  const rows = DRILLS.map(({ id, failure_mode, summary }) => [id, failure_mode, summary]);
  ctx.out.write(await renderTable(columns, rows, ctx.out, await ctx.style()));
  ctx.out.write('Run one: grace trigger drill port-in-use\n');
  return EXIT.done;
}

/** Causes the fault, lets the engine heal it, and leaves nothing running, whatever happens. */
export async function runDrill(ctx: Context, drill: Drill, options: DrillOptions): Promise<number> {
  return interruptible(async (interrupts) => {
    const screen = await openDrillScreen(ctx, drill, options);
    const writing = await openForWriting(ctx, options);
    try {
      screen.settled(await settle(writing.ledger));
      const result = await runOnStage(ctx, drill, options.port, { writing, screen, interrupts });
      await screen.finish(result, writing.dir);
      noteRecovered(ctx, writing);
      if (result?.kind === 'resolved') return EXIT.done;
      return interrupts.exit() ?? EXIT.badAnswer;
    } finally {
      writing.ledger.close();
    }
  });
}

interface Props {
  readonly writing: Writing;
  readonly screen: DrillScreen;
  readonly interrupts: Interrupts;
}

async function runOnStage(ctx: Context, drill: Drill, port: number, props: Props): Promise<HealResult | undefined> {
  const { writing, screen, interrupts } = props;
  const stage = await openStage(ctx, drill, port);
  try {
    const check = httpCheck({
      name: `drill:${drill.id}`,
      url: stage.url,
      expectStatus: 200,
      expectHeader: stage.expectHeader,
      timeout_ms: 1000,
      failure_mode: drill.failure_mode,
      severity: 'high',
      clock: ctx.clock,
    });
    const before = await check.probe();
    screen.staged(stage, before);
    if (before.status !== 'ok') {
      throw new OperatorError(
        'GRACE_DRILL_NOT_STAGED',
        EXIT.badAnswer,
        `the drill's service does not answer: ${before.summary}`,
        {
          hint: 'grace trigger incident   # once more',
        },
      );
    }
    if (interrupts.stop.aborted) return undefined;

    const facts: JsonObject = { drill: drill.id, port: stage.port, staged_by: { ...ownIdentity() } };
    await writing.ledger.transact(() => ({
      entries: [drillEntry(ACTION.drillStarted, drill, {}, facts)],
      value: undefined,
    }));
    const culprit = await stage.causeFault();
    screen.broken(culprit);
    const result = await heal(
      {
        check,
        playbook: freeThePort(ctx, stage),
        confirm: { need: 2, of: 3, every_s: 0.002 },
        origin: 'drill',
        trigger: { source: 'drill', ref: null },
        metadata: facts,
      },
      {
        ledger: writing.ledger,
        clock: ctx.clock,
        host: writing.host,
        newSuffix: ctx.newSuffix,
        emit: (event) => screen.event(event),
        stop: interrupts.stop,
      },
    );
    const outcome = {
      result: result.kind,
      incident_id: 'incident' in result ? (result.incident?.incident_id ?? null) : null,
    };
    await writing.ledger.transact(() => ({
      entries: [drillEntry(ACTION.drillEnded, drill, outcome, facts)],
      value: undefined,
    }));
    return result;
  } finally {
    await stage.end();
  }
}

async function openStage(ctx: Context, drill: Drill, port: number): Promise<Stage> {
  try {
    return await drill.stage({
      port,
      nonce: `${ctx.newSuffix()}${ctx.newSuffix()}`,
      thiefProgram: join(ctx.home, 'dist', 'trigger', 'port-thief.js'),
      nodePath: ctx.nodePath,
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
    const held = code === 'EADDRINUSE' ? findPortHolders(port) : { kind: 'free' as const };
    const by =
      held.kind === 'held'
        ? held.holders.map((holder) => `process ${holder.identity.pid} (${holder.command})`).join(', ')
        : 'somebody else';
    const message =
      code === 'EACCES'
        ? `this account may not listen on port ${port}`
        : `port ${port} belongs to ${by}, not to this drill`;
    throw new OperatorError('GRACE_PORT_NOT_OURS', EXIT.refused, `${message}: nothing was done`, {
      hint: `grace trigger drill ${drill.id}   # takes a port that is free`,
    });
  }
}

/** The remedy: end the process that has the port, if it is the one that took it, and start the service again. */
function freeThePort(ctx: Context, stage: Stage): Playbook {
  return {
    id: 'free-port',
    name: 'Free the port and start the service',
    steps: [
      {
        name: 'kill_port_holder',
        async run() {
          const { port } = stage;
          const mayKill = (holder: { identity: Parameters<Stage['isCulprit']>[0] }) =>
            stage.isCulprit(holder.identity) || 'it is not the process that this drill started';
          const result = await killPortHolder({ port, mayKill, clock: ctx.clock, within_ms: 2000 });
          switch (result.outcome) {
            case 'killed':
              return {
                outcome: 'worked',
                exit: `killed ${result.holders.map((h) => `pid ${h.identity.pid}`).join(', ')}`,
              };
            case 'free':
              return { outcome: 'worked', exit: 'nobody held it any more' };
            case 'refused':
              return { outcome: 'failed', exit: result.reason };
            case 'timed_out':
              return { outcome: 'timed_out', exit: result.reason };
          }
        },
      },
      {
        name: 'start_service',
        async run() {
          try {
            await stage.startService();
            return { outcome: 'worked', exit: `listening on ${stage.port}` };
          } catch (error) {
            return { outcome: 'failed', exit: (error as Error).message };
          }
        },
      },
    ],
    verify: { passes: 2, within_s: 5, every_s: 0.001 },
  };
}

function drillEntry(action: string, drill: Drill, decision: JsonObject, facts: JsonObject) {
  return { actor: 'trigger', action, resource: drill.id, decision, metadata: facts };
}
