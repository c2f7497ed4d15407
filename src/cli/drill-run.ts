import { join } from 'node:path';
import { EXIT, OperatorError } from '../core/errors.js';
import { bootId, ownIdentity } from '../core/host/process-identity.js';
import { ACTION } from '../core/records/audit-actions.js';
import type { JsonObject } from '../core/records/json.js';
import { clockOf } from '../core/records/moment.js';
import { dependencyStates } from '../healing/dependencies.js';
import { drillWatched } from '../healing/drill-setting.js';
import { HealEngine } from '../healing/engine/engine.js';
import { Monitor } from '../healing/engine/monitor.js';
import { authorsOrder } from '../healing/engine/situation.js';
import { findPortHolders } from '../healing/port-holder.js';
import { giveUpDrill } from '../healing/settle.js';
import type { Watched } from '../healing/watched.js';
import type { Drill, Stage } from '../trigger/drill.js';
import type { Context } from './context.js';
import type { DrillEnd } from './drill-end.js';
import type { DrillScreen } from './drill-screen.js';
import type { Interrupts } from './interrupts.js';
import type { Writing } from './writing.js';

export interface DrillProps {
  readonly writing: Writing;
  readonly screen: DrillScreen;
  readonly interrupts: Interrupts;
  readonly port: number;
  readonly dir: () => Promise<string>;
}

/** A built program that drills start. */
export function drillProgram(ctx: Context, name: string): string {
  return join(ctx.home, 'dist', 'trigger', `${name}.js`);
}

/** Sets the stage, causes the fault, has the engine heal it, and leaves nothing, whatever happens. */
export async function runDrillOnStage(ctx: Context, drill: Drill, props: DrillProps): Promise<DrillEnd> {
  const stage = await openStage(ctx, drill, props);
  try {
    if (props.port !== 0 && stage.port === undefined) {
      throw new OperatorError('GRACE_USAGE', EXIT.usage, `the drill ${drill.id} is not about a port`, {
        hint: `grace trigger drill ${drill.id}`,
      });
    }
    const all = drillWatched(stage.config, stage.ownSteps ?? {}, { clock: ctx.clock, stage: ctx.newSuffix() });
    const watched = all.get(stage.about);
    if (watched === undefined) throw new Error(`the drill ${drill.id} has no check ${stage.about}`);
    await requireHealthy(watched, stage, props.screen);
    if (props.interrupts.stop.aborted) return { kind: 'interrupted', incident: undefined };

    const facts: JsonObject = {
      drill: drill.id,
      ...(stage.port === undefined ? {} : { port: stage.port }),
      staged_by: { ...ownIdentity() },
    };
    await tell(ctx, props, ACTION.drillStarted, drill, {}, facts);
    props.screen.broken(await stage.causeFault());
    const end = await finished(await heal(ctx, watched, all, stage, facts, props), props);
    const incident = 'incident' in end ? end.incident : undefined;
    await tell(
      ctx,
      props,
      ACTION.drillEnded,
      drill,
      { result: end.kind, incident_id: incident?.incident_id ?? null },
      facts,
    );
    return end;
  } finally {
    await stage.end();
  }
}

/** What the engine leaves to whoever comes next ends with a drill: nobody comes. */
async function finished(end: DrillEnd, { writing }: DrillProps): Promise<DrillEnd> {
  if (end.kind === 'resolved' || !('incident' in end) || end.incident === undefined) return end;
  const incident = await giveUpDrill(writing.ledger, end.incident.incident_id);
  return incident === undefined ? end : { ...end, incident };
}

async function heal(
  ctx: Context,
  watched: Watched,
  all: ReadonlyMap<string, Watched>,
  stage: Stage,
  facts: JsonObject,
  { writing, screen, interrupts }: DrillProps,
): Promise<DrillEnd> {
  const { stop } = interrupts;
  const emit = screen.event;
  const engine = new HealEngine(
    {
      ...{ ledger: writing.ledger, clock: ctx.clock, host: writing.host, newSuffix: ctx.newSuffix, emit, stop },
      keep: () => undefined,
      notify: () => undefined,
    },
    {
      origin: 'drill',
      config_version: null,
      policy: DRILL_POLICY,
      account: { name: 'healer', allowed: true, rule: 'a drill, on its own stage' },
      passOver: [],
      order: ({ playbooks }) => authorsOrder(playbooks),
      trigger: { source: 'drill', ref: null },
      metadata: facts,
      dependencies: (one) => dependencyStates(one, all),
      maintenance: () => undefined,
    },
  );
  const looked = await new Monitor(watched, { engine, store: undefined, emit }).lookUntilClear(stage.pace_s, stop);
  if (looked.kind !== 'handled')
    return stop.aborted ? { kind: 'interrupted', incident: undefined } : { kind: 'not_found', looked };
  const { handled } = looked;
  switch (handled.kind) {
    case 'resolved':
      return { kind: 'resolved', incident: handled.incident };
    case 'interrupted':
      return { kind: 'interrupted', incident: handled.incident };
    case 'left_alone':
      return { kind: 'not_found', looked };
    default:
      return { kind: 'failed', incident: handled.incident };
  }
}

/** A person waits for it and has said which fault: nothing is to be approved. */
const DRILL_POLICY = {
  autonomy: { low: 'auto', medium: 'auto', high: 'auto' },
  brake: { incidents: 10_000, within_s: 1 },
  approval_expires_s: 1800,
  // The stage is another one each time, also where a port is the same by chance.
  rearm: { first_s: 0, most_s: 0 },
} as const;

async function requireHealthy(watched: Watched, stage: Stage, screen: DrillScreen): Promise<void> {
  const before = await watched.check.probe();
  screen.staged(stage, before);
  if (before.status === 'ok') return;
  const message = `the drill's service is not well before anything was broken: ${before.summary}`;
  throw new OperatorError('GRACE_DRILL_NOT_STAGED', EXIT.badAnswer, message, {
    hint: 'grace trigger incident   # once more',
  });
}

async function tell(
  ctx: Context,
  { writing }: DrillProps,
  action: string,
  drill: Drill,
  decision: JsonObject,
  facts: JsonObject,
): Promise<void> {
  const metadata = { ...facts, ...clockOf({ boot_id: bootId(), elapsed_s: ctx.clock.elapsed() }) };
  await writing.ledger.transact(() => ({
    entries: [{ actor: 'trigger', action, resource: drill.id, decision, metadata }],
    value: undefined,
  }));
}

export async function openStage(
  ctx: Context,
  drill: Drill,
  { port, dir }: Pick<DrillProps, 'port' | 'dir'>,
): Promise<Stage> {
  try {
    return await drill.stage({
      ...{ port, dir },
      nonce: `${ctx.newSuffix()}${ctx.newSuffix()}`,
      program: (name) => drillProgram(ctx, name),
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
